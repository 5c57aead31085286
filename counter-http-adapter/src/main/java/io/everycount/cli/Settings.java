// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.CounterCache;
import io.everycount.CounterCacheBuilder;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.sink.CounterSink;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The value of every {@link Setting}, and where it came from. Immutable. */
final class Settings {
    /**
     * A setting's value.
     *
     * @param value null if it has none
     * @param shown the same for people; of a secret only that it is set
     * @param origin a flag, a variable, a file and its key, or "default"
     */
    record Value(@Nullable Object value, String shown, String origin) {}

    private static final String NO_DATABASE = """
            no database is given. Counts are kept in Postgres only, never silently in memory. Give one:
              by a flag       --database-url jdbc:postgresql://localhost:5432/postgres --database-user postgres
              by environment  EVERYCOUNT_DATABASE_URL, EVERYCOUNT_DATABASE_USER, EVERYCOUNT_DATABASE_PASSWORD_FILE
              to try it       docker run --rm -e POSTGRES_HOST_AUTH_METHOD=trust -p 127.0.0.1:5432:5432 postgres:18
                              or examples/quickstart.sh, which brings its own Postgres""";

    private final Map<Setting<?>, Value> values;
    private final List<String> warnings;

    Settings(Map<Setting<?>, Value> values, List<String> warnings) {
        this.values = Map.copyOf(values);
        this.warnings = List.copyOf(warnings);
    }

    /** The value of a setting that has a default or is known to be set. */
    <T> T get(Setting<T> setting) {
        return Objects.requireNonNull(find(setting), setting::name);
    }

    /** The value of a setting; null if it is not set and has no default. */
    @SuppressWarnings("unchecked") // a value was read by its setting's kind
    <T> @Nullable T find(Setting<T> setting) {
        return (T) value(setting).value();
    }

    /** The value of a setting with its origin. */
    Value value(Setting<?> setting) {
        return Objects.requireNonNull(values.get(setting), setting::name);
    }

    /** What looks like a mistake but may be none: a line each. */
    List<String> warnings() {
        return warnings;
    }

    /** What keeps these settings from going together: a line each, with what to do. Empty if nothing does. */
    List<String> conflicts() {
        List<String> conflicts = new ArrayList<>();
        Path certificate = find(Setting.TLS_CERTIFICATE);
        Path key = find(Setting.TLS_KEY);
        if ((certificate == null) != (key == null)) {
            conflicts.add("tls-certificate and tls-key go together: " + (key == null ? "tls-key" : "tls-certificate")
                    + " is not set");
        }
        Address listen = get(Setting.LISTEN);
        if (find(Setting.KEYS_FILE) == null && !get(Setting.ALLOW_ANONYMOUS) && !listen.isLoopback()) {
            conflicts.add("listen is " + listen + ", which others can reach, and no API key is needed: set keys-file"
                    + " (the keys command makes one), or listen on 127.0.0.1, or set allow-anonymous if it is meant");
        }
        Address management = find(Setting.MANAGEMENT_LISTEN);
        if (management != null && management.equals(listen) && listen.port() != 0) {
            conflicts.add("listen and management-listen are both " + listen
                    + ": give management-listen another port, or leave it out");
        }
        int overflowBytes = get(Setting.ON_LIMIT).overflowKey().getBytes(StandardCharsets.UTF_8).length;
        if (overflowBytes > get(Setting.MAX_KEY_BYTES)) {
            conflicts.add("on-limit has an overflow key of " + overflowBytes + " bytes, and max-key-bytes is "
                    + get(Setting.MAX_KEY_BYTES));
        }
        return conflicts;
    }

    /** The sink that totals are written to; it connects when it is first used. */
    JdbcCounterSink sink() {
        String url = find(Setting.DATABASE_URL);
        if (url == null) {
            throw new UsageError(NO_DATABASE);
        }
        return JdbcCounterSink.builder(
                        url,
                        get(Setting.DATABASE_USER),
                        get(Setting.DATABASE_PASSWORD).value())
                .tablePrefix(get(Setting.TABLE_PREFIX))
                .createSchema(get(Setting.CREATE_SCHEMA))
                .pgBouncer(get(Setting.PGBOUNCER))
                .synchronousCommit(get(Setting.SYNCHRONOUS_COMMIT))
                .build();
    }

    /** The cache in front of a sink, with a journal if there is a directory for one; not started yet. */
    CounterCacheBuilder cache(CounterSink sink) {
        CounterCacheBuilder builder = CounterCache.builder(sink)
                .name(get(Setting.NAME))
                .flushInterval(get(Setting.FLUSH_INTERVAL))
                .maxKeys(get(Setting.MAX_KEYS))
                .maxKeyBytes(get(Setting.MAX_KEY_BYTES))
                .maxPendingBytes(get(Setting.MAX_PENDING))
                .retain(get(Setting.RETAIN_TIME), get(Setting.RETAIN_BYTES))
                .maxWaiters(get(Setting.MAX_WAITERS))
                .onLimit(get(Setting.ON_LIMIT).policy())
                .commitInterval(get(Setting.COMMIT_INTERVAL))
                .journalBytes(get(Setting.JOURNAL_BYTES));
        Path journal = find(Setting.JOURNAL_DIR);
        return journal == null ? builder : builder.journal(journal);
    }
}
