// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Ctrl-C and SIGTERM as a request to come to an end; the second one ends the process at once. Where the
 * JVM does not have {@code sun.misc.Signal}, they end it as usual. Thread-safe.
 */
final class CtrlC {
    private static final int EXIT_SECOND = 130;

    private final Runnable first;
    private final AtomicInteger count = new AtomicInteger();

    private CtrlC(Runnable first) {
        this.first = first;
    }

    /** Runs something on the first one, on a thread of the JVM's. */
    static void onFirst(Runnable action) {
        new CtrlC(action).listen();
    }

    private void listen() {
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
                default -> "CtrlC";
            };
            Object proxy = Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, call);
            for (String name : new String[] {"INT", "TERM"}) {
                signal.getMethod("handle", signal, handler)
                        .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
            }
        } catch (ReflectiveOperationException | RuntimeException e) {
            // Then the JVM's own way.
        }
    }

    private void happen() {
        if (count.incrementAndGet() == 1) {
            first.run();
        } else {
            Runtime.getRuntime().halt(EXIT_SECOND);
        }
    }
}
