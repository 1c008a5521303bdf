-- Who looked at or changed what, for which purpose. Written in the transaction of the act; chained a moment later, per bucket and batch.
-- Shard key: scope, the driver or person an entry is about (else the subject, else the entry itself), so that an act on a driver
-- and its entry are one statement on one shard. The bucket, the last six bits of the scope, names the chain.

CREATE TABLE audit_entry (
    scope        uuid        NOT NULL,
    id           uuid        NOT NULL,             -- UUIDv7
    bucket       smallint    NOT NULL CHECK (bucket BETWEEN 0 AND 63),
    at           timestamptz NOT NULL,
    act          text        NOT NULL CHECK (act ~ '^[a-z][a-z-]*\.[a-z][a-z-]*$'),
    actor_kind   text        NOT NULL,
    actor        uuid,                             -- null: the platform itself
    subject_kind text,                             -- prefix of the subject's id class: lic, app, ver …
    subject      uuid,
    purpose      text        NOT NULL CHECK (length(purpose) BETWEEN 1 AND 200),
    detail       jsonb       NOT NULL,             -- no personal data, no floating-point numbers
    batch_seq    bigint,                           -- null: not yet sealed
    PRIMARY KEY (scope, id),
    CHECK ((subject_kind IS NULL) = (subject IS NULL))
);

-- Serves the sealer (batch_seq IS NULL) and the check (in chain order).
CREATE INDEX audit_entry_chain ON audit_entry (bucket, batch_seq);

-- One link of a bucket's chain: the entries it names, their hashes, and the hash of the link before.
CREATE TABLE audit_batch (
    bucket    smallint    NOT NULL CHECK (bucket BETWEEN 0 AND 63),
    seq       bigint      NOT NULL CHECK (seq >= 1),
    entries   uuid[]      NOT NULL CHECK (cardinality(entries) >= 1),
    leaves    bytea       NOT NULL,                -- SHA-256 of each entry, 32 octets each, in the order of entries
    prev_hash bytea       NOT NULL CHECK (length(prev_hash) = 32),
    hash      bytea       NOT NULL CHECK (length(hash) = 32),
    sealed_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, seq),
    CHECK (length(leaves) = 32 * cardinality(entries))
);

-- The end of each chain. A sealer holds its row while it adds a link, so two workers never add the same one.
CREATE TABLE audit_head (
    bucket smallint NOT NULL CHECK (bucket BETWEEN 0 AND 63),
    seq    bigint   NOT NULL CHECK (seq >= 0),
    hash   bytea    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (bucket)
);

INSERT INTO audit_head (bucket, seq, hash)
SELECT bucket, 0, decode(repeat('00', 32), 'hex') FROM generate_series(0, 63) AS bucket;
