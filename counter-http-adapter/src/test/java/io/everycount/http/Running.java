// SPDX-License-Identifier: Apache-2.0
package io.everycount.http;

import io.everycount.CounterCache;
import io.everycount.CounterCacheBuilder;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TcpProxy;
import io.everycount.jdbc.testing.TestDatabase;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.function.Consumer;

/** A server on a database of its own, through a proxy that a test can break, and a client. */
final class Running implements AutoCloseable {
    static final String FORM = "application/x-www-form-urlencoded";
    static final String JSON = "application/json";
    static final String TEXT = "text/plain";
    static final String NDJSON = "application/x-ndjson";

    final TestDatabase database = PostgresServer.shared().newDatabase();
    final TcpProxy proxy = TcpProxy.to(database.server());
    final JdbcCounterSink sink;
    final CounterCache cache;
    final CounterServer server;
    final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private Running(Consumer<CounterCacheBuilder> cacheSettings, Consumer<CounterServerBuilder> serverSettings)
            throws IOException {
        sink = JdbcCounterSink.builder(
                        database.jdbcUrl(proxy),
                        database.server().user(),
                        database.server().password())
                .build();
        sink.schema().apply();
        CounterMetrics metrics = new CounterMetrics().pool(sink);
        CounterCacheBuilder cacheBuilder = CounterCache.builder(sink).listener(metrics.listener());
        cacheSettings.accept(cacheBuilder);
        cache = cacheBuilder.build();
        CounterServerBuilder builder = CounterServer.builder(cache)
                .listen("127.0.0.1", 0)
                .totals(sink.totals())
                .metrics(metrics);
        serverSettings.accept(builder);
        try {
            server = builder.start();
        } catch (IOException | RuntimeException e) {
            cache.close();
            sink.close();
            proxy.close();
            database.close();
            throw e;
        }
    }

    static Running start() throws IOException {
        return start(cache -> {}, server -> {});
    }

    static Running start(Consumer<CounterCacheBuilder> cacheSettings, Consumer<CounterServerBuilder> serverSettings)
            throws IOException {
        return new Running(cacheSettings, serverSettings);
    }

    HttpResponse<String> post(String path, String contentType, String body, String... headers) {
        return send(
                HttpRequest.newBuilder(uri(path))
                        .header("Content-Type", contentType)
                        .POST(HttpRequest.BodyPublishers.ofString(body)),
                headers);
    }

    HttpResponse<String> get(String path, String... headers) {
        return send(HttpRequest.newBuilder(uri(path)), headers);
    }

    HttpResponse<String> send(HttpRequest.Builder request, String... headers) {
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        try {
            HttpRequest built = request.timeout(Duration.ofSeconds(60)).build();
            HttpResponse<String> response = client.send(built, HttpResponse.BodyHandlers.ofString());
            OpenApiTest.checkDescribed(built.method(), built.uri().getRawPath(), response.statusCode());
            return response;
        } catch (IOException e) {
            throw new AssertionError("no answer", e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    void flush() throws InterruptedException {
        cache.flush(Duration.ofSeconds(60));
    }

    long stored(String key) {
        return sink.totals().get(key).value(key);
    }

    @Override
    public void close() throws InterruptedException {
        server.close();
        cache.close(Duration.ofSeconds(10));
        sink.close();
        proxy.close();
        database.close();
    }
}
