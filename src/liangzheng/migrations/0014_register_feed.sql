-- The register change feed: who may speak for the register, what each has said, line by line, and the ledger of points.
-- Shard keys: source_id for what a source said, driver_id for points.

-- A register that tells of its changes. A source may be halted (it said two things under one number) and goes on when a person lets it.
CREATE TABLE register_source (
    source_id           uuid        NOT NULL,
    done_to             bigint      NOT NULL CHECK (done_to >= 0),  -- every number up to here is done: applied or refused
    halted_at_sequence  bigint,
    added_at            timestamptz NOT NULL,
    moved_at            timestamptz NOT NULL,
    state               text        NOT NULL CHECK (state IN ('active', 'halted', 'ended')),
    name                text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    provinces           text[]      NOT NULL CHECK (cardinality(provinces) >= 1),  -- two-digit prefixes of GB/T 2260
    PRIMARY KEY (source_id),
    CHECK ((state = 'halted') = (halted_at_sequence IS NOT NULL))
);

-- Public keys a source signs with. A key that ended opens nothing; what it signed before stays done.
CREATE TABLE register_source_key (
    source_id  uuid        NOT NULL,
    kid        bytea       NOT NULL CHECK (octet_length(kid) = 8),
    added_at   timestamptz NOT NULL,
    ended_at   timestamptz,
    spki       bytea       NOT NULL CHECK (octet_length(spki) = 91),
    PRIMARY KEY (source_id, kid)
);

-- Every number that is done, with the hash of what stood under it: the same octets again are a repeat, others are an alarm.
-- No line is kept here: it names a person. What was refused says where and by which rule.
CREATE TABLE register_line (
    source_id  uuid        NOT NULL,
    sequence   bigint      NOT NULL CHECK (sequence >= 1),
    done_at    timestamptz NOT NULL,
    line_hash  bytea       NOT NULL CHECK (octet_length(line_hash) = 16),  -- SHA-256, first half
    place      text,
    rule       text,
    PRIMARY KEY (source_id, sequence),
    CHECK ((place IS NULL) = (rule IS NULL))
);
CREATE INDEX register_line_refused ON register_line (source_id, sequence) WHERE rule IS NOT NULL;

-- Lines that came before the ones in front of them; gone once applied.
CREATE TABLE register_line_waiting (
    source_id    uuid        NOT NULL,
    sequence     bigint      NOT NULL CHECK (sequence >= 1),
    received_at  timestamptz NOT NULL,
    line         bytea       NOT NULL CHECK (octet_length(line) <= 4096),
    PRIMARY KEY (source_id, sequence)
);

-- The cycle a driver's points are counted in, from the first line of a feed about them on.
CREATE TABLE points_account (
    driver_id   uuid    NOT NULL,
    cycle_from  date    NOT NULL,
    resets_on   date    NOT NULL CHECK (resets_on > cycle_from),
    entries     integer NOT NULL CHECK (entries >= 0),
    is_full     boolean NOT NULL,  -- 12 or more: only study and test clear it, not the end of the cycle
    PRIMARY KEY (driver_id)
) WITH (fillfactor = 90);
CREATE INDEX points_account_due ON points_account (resets_on, driver_id) WHERE NOT is_full;

-- The ledger: rows are added and never changed. driver.points is the sum of the entries of the account's cycle.
CREATE TABLE points_entry (
    driver_id   uuid        NOT NULL,
    at          timestamptz NOT NULL,
    number      integer     NOT NULL CHECK (number >= 1),
    cycle_from  date        NOT NULL,
    on_day      date        NOT NULL,
    corrects    integer     CHECK (corrects < number),  -- the entry a correction corrects, or one that was carried over
    points      smallint    NOT NULL CHECK (points <> 0),
    kind        text        NOT NULL CHECK (kind IN ('opening', 'restated', 'violation', 'correction', 'earned-back', 'cleared', 'carried')),
    reference   text        CHECK (length(reference) BETWEEN 1 AND 64),  -- the source's own name of it
    source      text        NOT NULL CHECK (length(source) BETWEEN 1 AND 200),
    PRIMARY KEY (driver_id, number),
    CHECK ((kind IN ('correction', 'carried')) = (corrects IS NOT NULL))
);
CREATE UNIQUE INDEX points_entry_reference ON points_entry (driver_id, reference);

-- Foreign keys (after the topology step where tables are sharded)
ALTER TABLE register_source_key ADD FOREIGN KEY (source_id) REFERENCES register_source (source_id);
ALTER TABLE register_line ADD FOREIGN KEY (source_id) REFERENCES register_source (source_id);
ALTER TABLE register_line_waiting ADD FOREIGN KEY (source_id) REFERENCES register_source (source_id);
ALTER TABLE points_account ADD FOREIGN KEY (driver_id) REFERENCES driver (driver_id);
ALTER TABLE points_entry ADD FOREIGN KEY (driver_id) REFERENCES driver (driver_id);
