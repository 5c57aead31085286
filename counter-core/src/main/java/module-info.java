// SPDX-License-Identifier: Apache-2.0
/** The counter cache, its flush pipeline, and the interface of sinks. */
module io.everycount.core {
    requires org.slf4j;
    requires static org.jspecify;

    exports io.everycount;
    exports io.everycount.sink;
}
