-- Applications, licence versions, phone credentials and the status list. Shard key: driver_id, but for the queue (bucket),
-- the lists (list_id) and people the register does not know (person_id).
-- `move` counts the arrows a row has taken: every move is a compare-and-set on it, with its event in the same statement.

CREATE TABLE application (
    driver_id        uuid        NOT NULL,
    id               uuid        NOT NULL,
    state            text        NOT NULL CHECK (state IN ('accepted', 'drafted', 'issued', 'refused', 'withdrawn')),
    move             integer     NOT NULL CHECK (move >= 1),
    origin           text        NOT NULL CHECK (origin IN ('holder', 'reissue')),
    photo            text        NOT NULL CHECK (photo = 'archived'),
    person_id        uuid,                          -- null: the platform itself re-issues
    face_check_id    uuid,
    phone_key_id     uuid,                          -- the phone that gets the first credential; null: a licence without a phone
    phone_key        bytea       CHECK (length(phone_key) = 33),
    refusal          text,
    standing_version bigint      NOT NULL,          -- of the standing the decision was made on
    submitted_at     timestamptz NOT NULL,
    moved_at         timestamptz NOT NULL,
    PRIMARY KEY (driver_id, id),
    CHECK ((refusal IS NOT NULL) = (state = 'refused')),
    CHECK ((phone_key_id IS NULL) = (phone_key IS NULL)),
    CHECK (origin = 'reissue' OR (person_id IS NOT NULL AND face_check_id IS NOT NULL))
) WITH (fillfactor = 85);

-- One application under way for a driver, and a face check serves one application.
CREATE UNIQUE INDEX application_open ON application (driver_id) WHERE state IN ('accepted', 'drafted');
CREATE UNIQUE INDEX application_face_check ON application (driver_id, face_check_id) WHERE state <> 'refused';

CREATE TABLE application_event (
    driver_id      uuid        NOT NULL,
    application_id uuid        NOT NULL,
    move           integer     NOT NULL,
    event          text        NOT NULL,
    at             timestamptz NOT NULL,
    PRIMARY KEY (driver_id, application_id, move)
);

-- Refusals of people the register does not know: there is no driver to keep them with.
CREATE TABLE application_turned_away (
    person_id    uuid        NOT NULL,
    id           uuid        NOT NULL,
    refusal      text        NOT NULL,
    submitted_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, id)
);

-- What waits for an issuer: accepted applications and requests for a further phone. The row goes when the draft is kept.
CREATE TABLE issue_queue (
    bucket    smallint    NOT NULL CHECK (bucket BETWEEN 0 AND 63),
    due_at    timestamptz NOT NULL,
    subject   uuid        NOT NULL,                 -- application or credential
    kind      text        NOT NULL CHECK (kind IN ('application', 'credential')),
    driver_id uuid        NOT NULL,
    PRIMARY KEY (bucket, due_at, subject)
);

-- One row a version. The octets of the licence document are kept before a key is touched, its signature after it verified.
CREATE TABLE licence (
    driver_id        uuid        NOT NULL,
    id               uuid        NOT NULL,          -- shared by the versions
    version          integer     NOT NULL CHECK (version BETWEEN 1 AND 999),
    state            text        NOT NULL CHECK (state IN ('drafted', 'live', 'superseded', 'withdrawn', 'abandoned')),
    move             integer     NOT NULL CHECK (move >= 1),
    application_id   uuid        NOT NULL,
    standing_version bigint      NOT NULL,
    classes          text        NOT NULL,
    valid_from       date        NOT NULL,
    valid_until      date,                          -- null: long-term (长期)
    authority        text        NOT NULL,
    portrait_hash    bytea       NOT NULL CHECK (length(portrait_hash) = 32),
    kid              bytea       NOT NULL CHECK (length(kid) = 8),
    document         bytea       NOT NULL,          -- the octets to be signed, COSE Sig_structure
    signature        bytea       CHECK (length(signature) = 64),
    lease            uuid        NOT NULL,          -- the issuer's fencing token
    leased_until     timestamptz NOT NULL,
    drafted_at       timestamptz NOT NULL,
    issued_at        timestamptz,
    ended_at         timestamptz,
    PRIMARY KEY (driver_id, id, version),
    CHECK ((signature IS NULL) = (state IN ('drafted', 'abandoned'))),
    CHECK ((issued_at IS NULL) = (state IN ('drafted', 'abandoned'))),
    CHECK ((ended_at IS NOT NULL) = (state IN ('superseded', 'withdrawn', 'abandoned')))
) WITH (fillfactor = 85);

CREATE UNIQUE INDEX licence_live ON licence (driver_id) WHERE state = 'live';
CREATE UNIQUE INDEX licence_drafted ON licence (driver_id) WHERE state = 'drafted';
CREATE INDEX licence_found ON licence (leased_until) WHERE state = 'drafted';

CREATE TABLE licence_event (
    driver_id  uuid        NOT NULL,
    licence_id uuid        NOT NULL,
    version    integer     NOT NULL,
    move       integer     NOT NULL,
    event      text        NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (driver_id, licence_id, version, move)
);

-- A live licence on one phone: own key, own place in a status list; three phones at most.
CREATE TABLE credential (
    driver_id       uuid        NOT NULL,
    id              uuid        NOT NULL,
    licence_id      uuid        NOT NULL,
    licence_version integer,                        -- null while requested
    state           text        NOT NULL CHECK (state IN ('requested', 'drafted', 'live', 'superseded', 'ended', 'withdrawn', 'abandoned')),
    move            integer     NOT NULL CHECK (move >= 0),  -- 0: requested, no arrow taken yet
    asked           boolean     NOT NULL DEFAULT false, -- a phone asked for it; false: made with its licence's draft
    slot            smallint    NOT NULL CHECK (slot BETWEEN 1 AND 3),
    phone_key_id    uuid        NOT NULL,
    phone_key       bytea       NOT NULL CHECK (length(phone_key) = 33),
    standing_version bigint,
    list_id         integer,
    list_index      integer,
    kid             bytea       CHECK (length(kid) = 8),
    octets          bytea,                          -- to be signed
    signature       bytea       CHECK (length(signature) = 64),
    lease           uuid,
    leased_until    timestamptz,
    requested_at    timestamptz NOT NULL,
    issued_at       timestamptz,
    expires_at      timestamptz,
    ended_at        timestamptz,
    PRIMARY KEY (driver_id, id),
    CHECK (state NOT IN ('drafted', 'live') OR num_nulls(licence_version, list_id, list_index, kid, octets, expires_at) = 0),
    CHECK (state <> 'drafted' OR num_nulls(lease, leased_until) = 0),
    CHECK (state <> 'live' OR num_nulls(signature, issued_at) = 0),
    CHECK (state NOT IN ('requested', 'drafted', 'abandoned') OR signature IS NULL)
) WITH (fillfactor = 85);

CREATE UNIQUE INDEX credential_live_slot ON credential (driver_id, slot) WHERE state = 'live';
CREATE UNIQUE INDEX credential_coming_slot ON credential (driver_id, slot) WHERE state IN ('requested', 'drafted');
CREATE UNIQUE INDEX credential_live_phone ON credential (driver_id, phone_key_id) WHERE state = 'live';
CREATE INDEX credential_found ON credential (leased_until) WHERE state = 'drafted';

CREATE TABLE credential_event (
    driver_id     uuid        NOT NULL,
    credential_id uuid        NOT NULL,
    move          integer     NOT NULL,
    event         text        NOT NULL,
    at            timestamptz NOT NULL,
    PRIMARY KEY (driver_id, credential_id, move)
);

-- Phone keys that have ended: an issuer that drafted before it heard of it must not make their credentials live.
CREATE TABLE ended_phone_key (
    driver_id    uuid        NOT NULL,
    phone_key_id uuid        NOT NULL,
    ended_at     timestamptz NOT NULL,
    PRIMARY KEY (driver_id, phone_key_id)
);

-- Status lists of 2^20 places, filled by time of issue. A place is the permutation, keyed by the list, of a counter:
-- neighbours in time are no neighbours in the list.
CREATE TABLE status_list (
    list_id    integer     NOT NULL CHECK (list_id >= 1),
    taken      integer     NOT NULL CHECK (taken BETWEEN 0 AND 1048576),
    secret     bytea       NOT NULL CHECK (length(secret) = 16),
    version    bigint      NOT NULL CHECK (version >= 1),
    opened_at  timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (list_id)
);

-- One credential's place. value: 0 valid, 1 invalid (for good), 2 suspended (may come back).
CREATE TABLE status_entry (
    list_id       integer  NOT NULL,
    list_index    integer  NOT NULL CHECK (list_index BETWEEN 0 AND 1048575),
    driver_id     uuid     NOT NULL,
    credential_id uuid     NOT NULL,
    value         smallint NOT NULL CHECK (value IN (0, 1, 2)),
    PRIMARY KEY (list_id, list_index)
) WITH (fillfactor = 90);

CREATE INDEX status_entry_set ON status_entry (list_id) WHERE value <> 0;

-- Foreign keys (after the topology step where tables are sharded)
ALTER TABLE licence ADD FOREIGN KEY (driver_id, application_id) REFERENCES application (driver_id, id);
ALTER TABLE credential ADD FOREIGN KEY (driver_id, licence_id, licence_version) REFERENCES licence (driver_id, id, version);
