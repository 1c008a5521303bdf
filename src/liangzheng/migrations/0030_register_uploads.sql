-- Register files sent over HTTP in parts. Another person releases a whole one, a worker imports it; what a file held is
-- gone when its import ends, but for the lines that were rejected.

CREATE TABLE register_upload (
    upload_id    uuid        NOT NULL,
    state        text        NOT NULL CHECK (state IN ('sending', 'sent', 'released', 'finished', 'failed', 'refused')),
    file_name    text        NOT NULL CHECK (length(file_name) BETWEEN 1 AND 120),
    octets       bigint      NOT NULL CHECK (octets > 0),
    received     bigint      NOT NULL DEFAULT 0,
    drawn_at     timestamptz NOT NULL,               -- when the file was drawn from the register
    sent_by      uuid        NOT NULL,
    begun_at     timestamptz NOT NULL,
    decided_by   uuid,
    decided_at   timestamptz,
    worked_until timestamptz,                        -- a worker has it until then; after that another takes it
    octets_done  bigint      NOT NULL DEFAULT 0,
    lines_done   bigint      NOT NULL DEFAULT 0,
    counts       jsonb       NOT NULL DEFAULT '{}',
    fault        text,
    ended_at     timestamptz,
    PRIMARY KEY (upload_id),
    CHECK (received <= octets),
    CHECK (decided_by IS DISTINCT FROM sent_by OR decided_by IS NULL),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL))
);

-- Parts in the order they came: of the file, and of its rejected lines when the import has ended.
CREATE TABLE register_upload_part (
    upload_id uuid    NOT NULL,
    kind      text    NOT NULL CHECK (kind IN ('file', 'rejects')),
    start     bigint  NOT NULL CHECK (start >= 0),   -- its place in the file
    octets    bytea   NOT NULL,
    PRIMARY KEY (upload_id, kind, start)
);

-- Who registered a company over HTTP: another person approves it. Null: the operator did.
ALTER TABLE company ADD COLUMN registered_by uuid;

-- Foreign keys (after the topology step where tables are sharded)
ALTER TABLE register_upload_part ADD FOREIGN KEY (upload_id) REFERENCES register_upload (upload_id);
