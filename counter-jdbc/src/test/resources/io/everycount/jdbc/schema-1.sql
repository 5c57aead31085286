-- Everycount's tables, schema version 1. Run it as a role that may create tables; running it again
-- changes nothing. docs/postgres-tuning.md says where the storage parameters come from.

-- The totals. Keys compare byte by byte: writers lock rows in that order, and prefixes are index ranges.
CREATE TABLE IF NOT EXISTS {p}counter (
    key        text COLLATE "C" PRIMARY KEY,
    value      bigint NOT NULL,
    updated_at timestamptz NOT NULL
) WITH (
    fillfactor = 50,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_cost_delay = 0
);

-- The ledger: up to which record, of which history, each instance has been applied. Never delete a row
-- while its instance may come back with records that it has not written yet. The row of the nil UUID is
-- no instance: its owner is the database id, so that totals restored without their ledger are noticed.
CREATE TABLE IF NOT EXISTS {p}instance (
    instance_id   uuid PRIMARY KEY,
    owner         uuid NOT NULL,
    last_record   bigint NOT NULL,
    last_digest   bigint NOT NULL,
    description   text NOT NULL,
    registered_at timestamptz NOT NULL,
    updated_at    timestamptz
) WITH (
    fillfactor = 10,
    autovacuum_vacuum_threshold = 500,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_cost_delay = 0
);

-- Deltas that a total refused (it would overflow, say), until an operator releases or discards them.
CREATE TABLE IF NOT EXISTS {p}quarantine (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key            bytea NOT NULL,
    delta          bigint NOT NULL,
    reason         text NOT NULL,
    instance_id    uuid NOT NULL,
    record         bigint NOT NULL,
    quarantined_at timestamptz NOT NULL,
    resolution     text CHECK (resolution IN ('released', 'discarded')),
    resolved_at    timestamptz
);
CREATE INDEX IF NOT EXISTS {n}quarantine_held ON {p}quarantine (md5(key)) WHERE resolved_at IS NULL;
CREATE INDEX IF NOT EXISTS {n}quarantine_record ON {p}quarantine (instance_id, record);

-- Records that were lost for good: the database went back in time further than they were retained.
CREATE TABLE IF NOT EXISTS {p}gap (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id uuid NOT NULL,
    owner       uuid NOT NULL,
    from_record bigint NOT NULL,
    from_digest bigint NOT NULL,
    to_record   bigint NOT NULL,
    to_digest   bigint NOT NULL,
    delta_sum   bigint NOT NULL,
    declared_at timestamptz NOT NULL
);

-- One row: the version of these tables, the oldest library version's tables that they still are to it,
-- and an id drawn once that tells this database from every other.
CREATE TABLE IF NOT EXISTS {p}schema (
    only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version         integer NOT NULL,
    compatible_from integer NOT NULL,
    database_id     uuid NOT NULL,
    created_at      timestamptz NOT NULL
);

WITH created AS (
    INSERT INTO {p}schema (version, compatible_from, database_id, created_at)
    VALUES (1, 1, gen_random_uuid(), now())
    ON CONFLICT DO NOTHING
    RETURNING database_id
)
INSERT INTO {p}instance (instance_id, owner, last_record, last_digest, description, registered_at)
SELECT '00000000-0000-0000-0000-000000000000', database_id, 0, 0, 'the database id', now()
FROM created;
