// SPDX-License-Identifier: Apache-2.0
/** Increments over HTTP: a server for host applications, and the command line of the standalone jar. */
module io.everycount.http {
    requires transitive io.everycount.core;
    requires transitive io.everycount.jdbc;
    requires com.fasterxml.jackson.core;
    requires io.prometheus.metrics.core;
    requires io.prometheus.writer.text;
    requires io.prometheus.metrics.instrumentation.jvm;
    requires io.prometheus.metrics.model;
    requires org.eclipse.jetty.server;
    requires org.slf4j;
    requires static org.jspecify;

    // The command line's own, in the standalone jar.
    requires java.management;
    requires java.net.http;
    requires static HdrHistogram;
    requires static ch.qos.logback.classic;
    requires static ch.qos.logback.core;
    requires static info.picocli;

    exports io.everycount.http;

    opens io.everycount.cli to
            info.picocli;
}
