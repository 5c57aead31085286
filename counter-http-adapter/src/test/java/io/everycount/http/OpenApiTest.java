// SPDX-License-Identifier: Apache-2.0
package io.everycount.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.CounterCache;
import io.everycount.http.auth.ApiKeys;
import io.everycount.http.auth.Gatekeeper;
import io.everycount.http.auth.KeyRing;
import io.everycount.http.auth.Scope;
import io.everycount.http.auth.Sessions;
import io.everycount.http.handler.Api;
import io.everycount.http.live.FlushTimes;
import io.everycount.http.metrics.Metrics;
import io.everycount.jdbc.CounterTotals;
import io.everycount.sink.InMemorySink;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * The description of the API has every route, and no other. Integration tests ask here whether what they were
 * answered is described, too.
 */
class OpenApiTest {
    @TempDir
    Path directory;

    private static final Map<String, Map<String, Object>> PATHS = paths();

    @SuppressWarnings("unchecked")
    private static Map<String, Map<String, Object>> paths() {
        try (InputStream in = CounterServer.class.getResourceAsStream("openapi.yaml")) {
            Map<String, Object> document =
                    (Map<String, Object>) new Load(LoadSettings.builder().build()).loadFromInputStream(in);
            return (Map<String, Map<String, Object>>) document.get("paths");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Fails if an operation that is described was answered with a status that is not. */
    @SuppressWarnings("unchecked")
    static void checkDescribed(String method, String path, int status) {
        String template =
                path.startsWith("/counters/") && path.length() > "/counters/".length() ? "/counters/{key}" : path;
        Map<String, Object> methods = PATHS.get(template);
        Object operation = methods == null ? null : methods.get(method.toLowerCase(Locale.ROOT));
        if (operation != null) {
            assertThat(((Map<String, Map<String, Object>>) operation).get("responses"))
                    .as("%s %s", method, path)
                    .containsKey(Integer.toString(status));
        }
    }

    @Test
    void every_route_is_described_and_nothing_else_is() throws Exception {
        Path file = directory.resolve("keys");
        new KeyRing(file, Clock.systemUTC()).create("a", EnumSet.of(Scope.READ), null, null);
        Set<String> described = new TreeSet<>();
        PATHS.forEach((path, methods) -> methods.keySet()
                .forEach(
                        method -> described.add(method.toUpperCase(Locale.ROOT) + " " + path.replaceAll("\\{.*", ""))));
        try (CounterCache cache = CounterCache.builder(new InMemorySink()).build();
                ApiKeys keys = ApiKeys.open(file, Clock.systemUTC(), 0)) {
            Sessions sessions = new Sessions(keys, Clock.systemUTC(), Duration.ofHours(1));
            try (Api api = new Api(new Api.Parts(
                    cache,
                    CounterTotals.of(new PGSimpleDataSource(), "everycount_"),
                    Gatekeeper.of(keys, sessions, System::nanoTime),
                    sessions,
                    new Metrics(),
                    new FlushTimes(),
                    "test",
                    Duration.ofSeconds(1),
                    1 << 20,
                    1_000,
                    false))) {
                assertThat(api.all()).isEqualTo(described);
            }
        }
    }
}
