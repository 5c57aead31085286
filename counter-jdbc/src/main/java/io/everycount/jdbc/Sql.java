// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import java.util.Objects;
import java.util.UUID;
import java.util.regex.Pattern;

/** Every statement there is, for one table prefix; the tables themselves are in {@code schema-2.sql}. */
final class Sql {
    /** The ledger row of this id holds the database id, and belongs to no instance. */
    static final UUID SENTINEL = new UUID(0, 0);

    private static final Pattern PREFIX = Pattern.compile("([a-z_][a-z0-9_]{0,62}\\.)?([a-z_][a-z0-9_]{0,39})");

    /**
     * Makes a transaction ours whatever the connection's defaults: read committed, because a flush must
     * see what others committed while it waited, and bounded waits. The statement,
     * lock and idle timeouts in milliseconds, and synchronous_commit, are formatted in.
     */
    private static final String OPENING = """
            SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
            SET LOCAL statement_timeout = %d;
            SET LOCAL lock_timeout = %d;
            SET LOCAL idle_in_transaction_session_timeout = %d;
            SELECT set_config('synchronous_commit', %s, true)""";

    /** A setting that was turned off for the role or the database is turned on again. */
    private static final String SYNCHRONOUS_AT_LEAST_ON =
            "CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'"
                    + " ELSE current_setting('synchronous_commit') END";

    /**
     * A whole flush. Parameters: lock timeout in ms; the new record, the new digest; the report: accepted, pending,
     * freshness; instance, owner, record and digest as they must be; keys, deltas. One row: 1 if the guard held, else 0; and the two
     * things without which it does not even look: the isolation level, and whether it is our turn.
     *
     * <p>The settings last until the end of the transaction, which is this statement's. Nothing that
     * reads the guard can run before the row of the ledger is locked, so a second copy of the same
     * flush waits here, and then finds the mark moved.
     */
    private static final String FLUSH = """
            WITH setting AS MATERIALIZED (
                SELECT set_config('lock_timeout', ?, true), set_config('synchronous_commit', {synchronous}, true)
            ), turn AS MATERIALIZED (
                SELECT {turn} AS ours FROM setting
            ), guard AS (
                UPDATE {p}instance
                SET last_record = ?, last_digest = ?, updated_at = now(), accepted = ?, pending = ?, freshness_ms = ?
                WHERE (SELECT ours FROM turn)
                  AND instance_id = ? AND owner = ? AND last_record = ? AND last_digest = ?
                  AND current_setting('transaction_isolation') = 'read committed'
                RETURNING 1
            ), applied AS (
                INSERT INTO {p}counter AS c (key, value, updated_at)
                SELECT e.key, e.delta, now()
                FROM unnest(?::text[], ?::bigint[]) AS e (key, delta)
                WHERE EXISTS (SELECT FROM guard)
                ON CONFLICT (key) DO UPDATE
                SET value = c.value + excluded.value, updated_at = excluded.updated_at
            )
            SELECT (SELECT count(*) FROM guard), current_setting('transaction_isolation'),
                   (SELECT ours FROM turn)""";

    /** The guard alone. Parameters: as the flush's, without lock timeout, keys and deltas. */
    private static final String MOVE = """
            WITH guard AS (
                UPDATE {p}instance
                SET last_record = ?, last_digest = ?, updated_at = now(), accepted = ?, pending = ?, freshness_ms = ?
                WHERE instance_id = ? AND owner = ? AND last_record = ? AND last_digest = ?
                RETURNING 1
            )
            SELECT count(*) FROM guard""";

    /**
     * A report without a batch: nothing that a guard looks at, nor when the instance last wrote. Parameters: accepted,
     * pending, freshness; instance, owner.
     */
    private static final String REPORT = """
            UPDATE {p}instance
            SET accepted = ?, pending = ?, freshness_ms = ?, seen_at = now()
            WHERE instance_id = ? AND owner = ?""";

    /** The totals alone. Parameters: keys, deltas. */
    private static final String APPLY = """
            INSERT INTO {p}counter AS c (key, value, updated_at)
            SELECT e.key, e.delta, now()
            FROM unnest(?::text[], ?::bigint[]) AS e (key, delta)
            ON CONFLICT (key) DO UPDATE
            SET value = c.value + excluded.value, updated_at = excluded.updated_at""";

    /** Parameters: instance, record; keys as bytes, deltas, reasons. */
    private static final String QUARANTINE = """
            INSERT INTO {p}quarantine (key, delta, reason, instance_id, record, quarantined_at)
            SELECT e.key, e.delta, e.reason, ?, ?, now()
            FROM unnest(?::bytea[], ?::bigint[], ?::text[]) AS e (key, delta, reason)""";

    /** Which of some keys have entries that nobody has resolved yet. Parameter: keys as bytes. */
    private static final String HELD_AMONG = """
            SELECT DISTINCT q.key
            FROM unnest(?::bytea[]) AS e (key)
            JOIN {p}quarantine AS q ON md5(q.key) = md5(e.key) AND q.key = e.key
            WHERE q.resolved_at IS NULL""";

    /** All keys with entries that nobody has resolved yet. Parameter: how many at most. */
    private static final String HELD_KEYS = "SELECT DISTINCT key FROM {p}quarantine WHERE resolved_at IS NULL LIMIT ?";

    /** Parameters: instance, after which record, up to which record. */
    private static final String QUARANTINED_BETWEEN = """
            SELECT key, delta, reason
            FROM {p}quarantine
            WHERE instance_id = ? AND record > ? AND record <= ?
            ORDER BY id""";

    /** Parameters: the library's version; instance, owner, description, version's name. Columns: {@link #STORE}, then the entry. */
    private static final String REGISTER = """
            WITH store AS MATERIALIZED (
                {store}
            ), registered AS (
                INSERT INTO {p}instance AS l
                    (instance_id, owner, last_record, last_digest, description, version, registered_at)
                SELECT ?, ?, 0, 0, ?, ?, now()
                FROM store
                WHERE database_id = sentinel AND compatible
                ON CONFLICT (instance_id) DO UPDATE
                SET owner = excluded.owner, description = excluded.description, version = excluded.version,
                    registered_at = now()
                RETURNING owner, last_record, last_digest
            )
            SELECT store.*, registered.* FROM store LEFT JOIN registered ON true""";

    /** Waits for whoever holds the row. Parameters: the library's version; instance. Columns as above. */
    private static final String LEDGER = """
            WITH store AS MATERIALIZED (
                {store}
            ), held AS MATERIALIZED (
                SELECT owner, last_record, last_digest FROM {p}instance WHERE instance_id = ? FOR UPDATE
            )
            SELECT store.*, held.* FROM store LEFT JOIN held ON true""";

    /** What tells one database from another, and whether we know its tables. Parameter: the library's version. */
    private static final String STORE = """
            SELECT s.version, s.version >= %d AND s.compatible_from <= ? AS compatible, s.database_id,
                       z.owner AS sentinel
                FROM {p}schema AS s
                LEFT JOIN {p}instance AS z ON z.instance_id = '00000000-0000-0000-0000-000000000000'""".formatted(CounterSchema.VERSION);

    /**
     * Parameters: as the guard's; then instance, owner, both marks' records and digests, the lost sum.
     */
    private static final String DECLARE_GAP = """
            WITH guard AS (
                UPDATE {p}instance
                SET last_record = ?, last_digest = ?, updated_at = now()
                WHERE instance_id = ? AND owner = ? AND last_record = ? AND last_digest = ?
                RETURNING 1
            ), declared AS (
                INSERT INTO {p}gap (instance_id, owner, from_record, from_digest, to_record, to_digest,
                                    delta_sum, declared_at)
                SELECT ?, ?, ?, ?, ?, ?, ?, now() FROM guard
            )
            SELECT count(*) FROM guard""";

    /** Around every read of totals, so that a read and its freshness come from one snapshot. */
    private static final String FRESH = """
            SELECT now(), (SELECT max(updated_at) FROM {p}instance), c.key, c.value, c.updated_at, %s
            FROM (SELECT) AS one LEFT JOIN (
                %s
            ) AS c ON true
            ORDER BY %s""";

    /** Up to which record of no instance, or of one, the totals are. */
    private static final String NO_MARK = "NULL::bigint";

    private static final String MARK = "(SELECT last_record FROM {p}instance WHERE instance_id = :instance)";

    private static final String BY_KEYS = "SELECT key, value, updated_at FROM {p}counter WHERE key = ANY (:keys)";

    private static final String BY_PREFIX = """
            SELECT key, value, updated_at FROM {p}counter
                WHERE key >= :from AND key > :after AND key < :below
                ORDER BY key LIMIT :limit""";

    private static final String TOP = """
            SELECT key, value, updated_at FROM {p}counter
                WHERE key >= :from AND key < :below
                ORDER BY value DESC, key LIMIT :limit""";

    private static final String TOP_AFTER = """
            SELECT key, value, updated_at FROM {p}counter
                WHERE key >= :from AND value <= :value AND (value < :value OR key > :after) AND key < :below
                ORDER BY value DESC, key LIMIT :limit""";

    private static final String BELOW = " AND key < :below";

    /** Those seen last, and how many there are. */
    private static final String INSTANCES = """
            SELECT now(), i.*
            FROM (SELECT) AS one LEFT JOIN (
                SELECT instance_id, description, version, registered_at, updated_at,
                       greatest(registered_at, updated_at, seen_at) AS seen_at, last_record,
                       accepted, pending, freshness_ms, count(*) OVER () AS instances
                FROM {p}instance
                WHERE instance_id <> '00000000-0000-0000-0000-000000000000'
                ORDER BY 6 DESC, instance_id LIMIT :limit
            ) AS i ON true
            ORDER BY i.seen_at DESC, i.instance_id""";

    private static final String HELD = """
            SELECT id, key, delta, reason, instance_id, record, quarantined_at
            FROM {p}quarantine
            WHERE resolved_at IS NULL AND id > :after
            ORDER BY id LIMIT :limit""";

    private static final String RELEASE = """
            WITH freed AS (
                UPDATE {p}quarantine SET resolution = 'released', resolved_at = now()
                WHERE md5(key) = md5(:bytes) AND key = :bytes AND resolved_at IS NULL
                RETURNING delta
            ), applied AS (
                INSERT INTO {p}counter AS c (key, value, updated_at)
                SELECT :key, sum(delta)::bigint, now() FROM freed HAVING count(*) > 0
                ON CONFLICT (key) DO UPDATE
                SET value = c.value + excluded.value, updated_at = excluded.updated_at
            )
            SELECT count(*) FROM freed""";

    private static final String DISCARD = """
            UPDATE {p}quarantine SET resolution = 'discarded', resolved_at = now()
            WHERE md5(key) = md5(:bytes) AND key = :bytes AND resolved_at IS NULL""";

    final String prefix;
    final String opening;
    final String flush;
    final String move;
    final String lock;
    final String apply;
    final String quarantine;
    final String heldAmong;
    final String heldKeys;
    final String quarantinedBetween;
    final String store;
    final String register;
    final String ledger;
    final String declareGap;
    final String report;
    final String instances;
    final String totalsByKeys;
    final String totalsByKeysAndMark;
    final String totalsByPrefix;
    final String totalsFrom;
    final String totalsTop;
    final String totalsTopFrom;
    final String totalsTopAfter;
    final String totalsTopFromAfter;
    final String held;
    final String release;
    final String discard;

    /**
     * @param synchronous whether a commit waits for the disk
     * @throws IllegalArgumentException if the prefix is not one
     */
    Sql(String prefix, Waits waits, boolean synchronous) {
        this.prefix = requirePrefix(prefix);
        String commit = synchronous ? SYNCHRONOUS_AT_LEAST_ON : "'off'";
        this.opening = OPENING.formatted(waits.statementMillis(), waits.lockMillis(), waits.socketMillis(), commit);
        this.lock = "SELECT pg_advisory_xact_lock" + lockKey();
        this.flush = filled(FLUSH.replace("{synchronous}", commit));
        this.move = filled(MOVE);
        this.apply = filled(APPLY);
        this.quarantine = filled(QUARANTINE);
        this.heldAmong = filled(HELD_AMONG);
        this.heldKeys = filled(HELD_KEYS);
        this.quarantinedBetween = filled(QUARANTINED_BETWEEN);
        this.store = filled(STORE);
        this.register = filled(REGISTER.replace("{store}", STORE));
        this.ledger = filled(LEDGER.replace("{store}", STORE));
        this.declareGap = filled(DECLARE_GAP);
        this.report = filled(REPORT);
        this.instances = filled(INSTANCES);
        this.totalsByKeys = filled(FRESH.formatted(NO_MARK, BY_KEYS, "c.key"));
        this.totalsByKeysAndMark = filled(FRESH.formatted(MARK, BY_KEYS, "c.key"));
        this.totalsByPrefix = filled(FRESH.formatted(NO_MARK, BY_PREFIX, "c.key"));
        this.totalsFrom = totalsByPrefix.replace(BELOW, "");
        this.totalsTop = filled(FRESH.formatted(NO_MARK, TOP, "c.value DESC, c.key"));
        this.totalsTopFrom = totalsTop.replace(BELOW, "");
        this.totalsTopAfter = filled(FRESH.formatted(NO_MARK, TOP_AFTER, "c.value DESC, c.key"));
        this.totalsTopFromAfter = totalsTopAfter.replace(BELOW, "");
        this.held = filled(HELD);
        this.release = filled(RELEASE);
        this.discard = filled(DISCARD);
    }

    static String requirePrefix(String prefix) {
        Objects.requireNonNull(prefix, "prefix");
        if (!PREFIX.matcher(prefix).matches()) {
            throw new IllegalArgumentException("table prefix '" + prefix + "' is not allowed: lower-case letters,"
                    + " digits and underscores, not starting with a digit, at most 40 of them, and before that"
                    + " perhaps a schema's name and a dot");
        }
        return prefix;
    }

    /** The flush that takes the advisory lock, or the one that does not. */
    String flush(Contention contention) {
        return flush.replace(
                "{turn}", contention == Contention.ADVISORY_LOCK ? "pg_try_advisory_xact_lock" + lockKey() : "true");
    }

    static String filled(String sql, String prefix) {
        return sql.replace("{p}", prefix).replace("{n}", prefix.substring(prefix.indexOf('.') + 1));
    }

    private String filled(String sql) {
        return filled(sql, prefix);
    }

    /** The key is the same for everybody with this prefix; the first number is "ever" in ASCII. */
    private String lockKey() {
        return "(1702258034, " + prefix.hashCode() + ")";
    }
}
