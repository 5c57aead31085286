// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Ctrl-C, as a request to come to an end. A shutdown hook would not do: all hooks run at once, and the one
 * of the embedded Postgres would stop it while counts are on their way. Where the JVM does not have
 * {@code sun.misc.Signal}, Ctrl-C ends it as usual.
 */
final class Interrupts {
    private final Thread main = Thread.currentThread();
    private final AtomicInteger count = new AtomicInteger();
    private volatile Runnable first = main::interrupt;

    /** Says what the first Ctrl-C does; each further one interrupts the thread that made this object. */
    void onFirst(Runnable action) {
        first = action;
    }

    /** Whether there was one. */
    boolean happened() {
        return count.get() > 0;
    }

    /** What SIGINT and SIGTERM do. */
    void happen() {
        if (count.incrementAndGet() == 1) {
            first.run();
        } else {
            main.interrupt();
        }
    }

    /** Listens for SIGINT and SIGTERM from now on. */
    void listen() {
        try {
            // By reflection: the compiler's warning about this class cannot be turned off.
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler call = (proxy, method, arguments) -> switch (method.getName()) {
                case "handle" -> {
                    happen();
                    yield null;
                }
                case "equals" -> proxy == arguments[0];
                case "hashCode" -> System.identityHashCode(proxy);
                default -> "Interrupts";
            };
            Object proxy = Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, call);
            for (String name : new String[] {"INT", "TERM"}) {
                signal.getMethod("handle", signal, handler)
                        .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
            }
        } catch (ReflectiveOperationException | RuntimeException e) {
            // Then the JVM's own way: it ends, and what was not written yet was not confirmed either.
        }
    }
}
