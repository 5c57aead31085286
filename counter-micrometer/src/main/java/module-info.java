// SPDX-License-Identifier: Apache-2.0
/** A cache's metrics, by Micrometer. */
@SuppressWarnings("requires-transitive-automatic")
module io.everycount.micrometer {
    requires transitive io.everycount.core;
    requires transitive micrometer.core;
    requires static org.jspecify;

    exports io.everycount.micrometer;
}
