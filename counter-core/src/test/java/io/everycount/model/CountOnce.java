// SPDX-License-Identifier: Apache-2.0
package io.everycount.model;

import io.everycount.CounterCache;
import io.everycount.sink.InMemorySink;
import java.nio.file.Path;
import java.time.Duration;

/** A host application at its smallest, for tests that start one. In a package that no module has. */
public final class CountOnce {
    private CountOnce() {}

    /**
     * Counts once, and prints the total and how the library and the recorder are there.
     *
     * @param arguments a directory for a journal
     */
    public static void main(String[] arguments) throws InterruptedException {
        InMemorySink sink = new InMemorySink();
        try (CounterCache counters =
                CounterCache.builder(sink).journal(Path.of(arguments[0])).build()) {
            counters.increment("a");
            counters.flush(Duration.ofSeconds(60));
        }
        System.out.println("total " + sink.totals().get("a") + ", library "
                + (CounterCache.class.getModule().isNamed() ? "on the module path" : "on the class path")
                + ", recorder "
                + (ModuleLayer.boot().findModule("jdk.jfr").isPresent() ? "there" : "not there"));
    }
}
