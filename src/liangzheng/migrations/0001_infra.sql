-- What every context stands on: the queue between contexts, the memory of answered requests, the global index
-- of look-up keys, and bytes kept by their own hash.

-- Events waiting for their handlers. An event's bucket is its subject's, so one subject's events stay in order.
CREATE TABLE outbox (
    bucket      smallint    NOT NULL CHECK (bucket BETWEEN 0 AND 63),
    id          uuid        NOT NULL,
    topic       text        NOT NULL CHECK (topic ~ '^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$'),
    subject     uuid        NOT NULL,
    body        jsonb       NOT NULL,
    created_at  timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,
    attempts    smallint    NOT NULL DEFAULT 0,
    last_error  text,
    PRIMARY KEY (bucket, id)
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- Events whose handler failed twelve times. A person looks; `./lz work --unpark` puts them back.
CREATE TABLE outbox_parked (
    bucket      smallint    NOT NULL CHECK (bucket BETWEEN 0 AND 63),
    id          uuid        NOT NULL,
    topic       text        NOT NULL,
    subject     uuid        NOT NULL,
    body        jsonb       NOT NULL,
    created_at  timestamptz NOT NULL,
    attempts    smallint    NOT NULL,
    last_error  text,
    parked_at   timestamptz NOT NULL,
    PRIMARY KEY (bucket, id)
);

-- What was answered to a request, by its key: the same request again gets the same answer.
CREATE TABLE idempotency (
    owner         uuid        NOT NULL,
    key           text        NOT NULL CHECK (length(key) BETWEEN 8 AND 64),
    act           text        NOT NULL,
    request_hash  bytea       NOT NULL CHECK (octet_length(request_hash) = 32),
    answer        jsonb,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (owner, key)
);

-- Global uniqueness and look-up of what is nobody's shard key: identity, mobile, file and licence numbers.
-- kind: 1 identity number, 2 mobile, 3 file number, 4 licence number. No foreign key leads from here.
CREATE TABLE key_index (
    key_hash  bytea    NOT NULL CHECK (octet_length(key_hash) = 16),
    kind      smallint NOT NULL CHECK (kind BETWEEN 1 AND 4),
    owner     uuid     NOT NULL,
    PRIMARY KEY (key_hash, kind)
);

-- Photographs and documents, named by the SHA-256 of their bytes.
CREATE TABLE blob (
    hash   bytea NOT NULL CHECK (octet_length(hash) = 32),
    bytes  bytea NOT NULL,
    PRIMARY KEY (hash)
);
-- JPEG does not compress: TOAST would only try.
ALTER TABLE blob ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- ---- foreign keys: none ----
