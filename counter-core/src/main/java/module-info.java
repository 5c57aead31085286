// SPDX-License-Identifier: Apache-2.0
/** The counter cache, its flush pipeline, and the interface of sinks. */
@SuppressWarnings("module")
module io.everycount.core {
    requires org.slf4j;
    requires static jdk.jfr;
    requires static org.jspecify;

    exports io.everycount;
    exports io.everycount.sink;
    // For the journal tools of the command line, a module that is built later.
    exports io.everycount.journal to
            io.everycount.http;
}
