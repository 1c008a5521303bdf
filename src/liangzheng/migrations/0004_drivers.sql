-- The driver register. Shard key of everything about a driver: driver_id. Global uniqueness of identity and file numbers lives in key_index.
-- Columns stand widest first, so that no row carries padding: there are hundreds of millions.

CREATE TABLE driver (
    driver_id               uuid        NOT NULL,
    standing_version        bigint      NOT NULL,  -- grows when status, points, classes, validity or authority change
    updated_at              timestamptz NOT NULL,  -- never indexed: updates stay HOT
    record_version          integer     NOT NULL,  -- grows at every change; the key of driver_change
    import_number           integer     NOT NULL,  -- the import that wrote the row last; 0: none
    import_line             integer     NOT NULL,  -- and its line there
    birth_date              date        NOT NULL,
    first_issue_date        date        NOT NULL,  -- points cycles count from here (Order 163 art. 3)
    valid_from              date        NOT NULL,
    valid_until             date,                  -- null: long-term (长期)
    extended_until          date,                  -- end of an extension: status N, P, T
    points_reset_on         date,                  -- qfrq
    points_exceeded_on      date,                  -- cfrq
    study_notice_on         date,                  -- xxtzrq
    review_due_on           date,                  -- syrq
    review_valid_until      date,                  -- syyxqz
    probation_until         date,
    points                  smallint    NOT NULL CHECK (points BETWEEN 0 AND 999),
    reissue_count           smallint    NOT NULL CHECK (reissue_count >= 0),
    sex                     smallint    NOT NULL CHECK (sex IN (1, 2)),
    probation               boolean     NOT NULL,
    hearing_aid             boolean     NOT NULL,  -- may drive only with a hearing aid
    identity_kind           text        NOT NULL,  -- sfzmmc
    document_number         text        NOT NULL,  -- the number of the identity document is the licence number (Order 162 art. 12)
    name                    text        NOT NULL,
    name_key                text        NOT NULL,  -- pinyin, to sort by: the collation is C.UTF-8
    nationality             text        NOT NULL,
    classes                 text        NOT NULL,  -- run together in the order of Order 162 art. 11: A1A2D
    class_history           text        NOT NULL,  -- C1@2012-03-04;A3@2015-01-02/2020-01-02
    validity_term           text        NOT NULL CHECK ((validity_term = 'L') = (valid_until IS NULL)),
    status                  text        NOT NULL CHECK (length(status) BETWEEN 1 AND 16),
    issuing_authority       text        NOT NULL,
    department              text,                  -- glbm
    first_issuing_authority text,                  -- ccfzjg
    address_division        text        NOT NULL,
    resident_address        text        NOT NULL,
    file_number             text        NOT NULL,
    former_file_number      text,
    card_core_number        text,
    school_bus_classes      text        NOT NULL,  -- empty: no school-bus approval
    notes                   text        NOT NULL,
    portrait_hash           bytea       CHECK (length(portrait_hash) = 32),  -- SHA-256 of the archived photo in blob
    row_hash                bytea       NOT NULL CHECK (length(row_hash) = 16), -- what the register file last said: "unchanged" at a glance
    PRIMARY KEY (driver_id),
    CHECK (valid_until > valid_from)
) WITH (fillfactor = 90);

-- What a record was and became, for every version after the first.
CREATE TABLE driver_change (
    driver_id        uuid        NOT NULL,
    version          integer     NOT NULL CHECK (version >= 2),  -- driver.record_version after the change
    at               timestamptz NOT NULL,
    source           text        NOT NULL CHECK (length(source) BETWEEN 1 AND 200),
    standing_version bigint      NOT NULL,                       -- after the change; the same as before when no standing changed
    before           jsonb       NOT NULL,                       -- changed columns only
    after            jsonb       NOT NULL,
    PRIMARY KEY (driver_id, version)
);

-- One run over one register file. Progress moves in the transaction of each chunk, so a crash resumes exactly there.
CREATE TABLE register_import (
    import_id     uuid        NOT NULL,
    number        integer     NOT NULL CHECK (number >= 1),
    state         text        NOT NULL CHECK (state IN ('running', 'finished', 'abandoned')),
    file_name     text        NOT NULL,              -- the last part of the path
    file_bytes    bigint      NOT NULL,
    encoding      text        NOT NULL,
    position      bigint      NOT NULL,              -- octets done of the text (of the unpacked text, for .gz)
    prefix_hash   bytea       NOT NULL CHECK (length(prefix_hash) = 32), -- SHA-256 of those octets: only the same file resumes
    lines_done    bigint      NOT NULL,
    rejects_bytes bigint      NOT NULL,              -- length of the rejects file at that point
    fresh         bigint      NOT NULL DEFAULT 0,
    changed       bigint      NOT NULL DEFAULT 0,
    unchanged     bigint      NOT NULL DEFAULT 0,
    rejected      bigint      NOT NULL DEFAULT 0,
    warnings      jsonb       NOT NULL DEFAULT '{}', -- rule: how many
    started_at    timestamptz NOT NULL,
    moved_at      timestamptz NOT NULL,
    PRIMARY KEY (import_id),
    CHECK (fresh + changed + unchanged + rejected <= lines_done)
);

-- Identities a running import has met unchanged. They are not stamped in driver (nothing is written), so a second line about
-- the same person is found here. Emptied when the import ends.
CREATE TABLE register_import_seen (
    import_id uuid    NOT NULL,
    key_hash  bytea   NOT NULL,
    line      integer NOT NULL,
    PRIMARY KEY (import_id, key_hash)
);

-- Foreign keys (after the topology step where tables are sharded)
ALTER TABLE driver_change ADD FOREIGN KEY (driver_id) REFERENCES driver (driver_id);
