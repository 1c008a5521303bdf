-- People with an account: who they are, how they log in, their face checks and phone keys. Shard key: person_id.
-- Global uniqueness: identity numbers and mobiles in key_index; one person for a driver in driver_person.

CREATE TABLE person (
    person_id            uuid        NOT NULL,
    created_at           timestamptz NOT NULL,
    driver_id            uuid,                          -- never changes once set
    real_name_checked_at timestamptz,
    face_checked_at      timestamptz,
    level                smallint    NOT NULL CHECK (level BETWEEN 0 AND 3),
    identity_kind        text        NOT NULL,
    identity_number      text        NOT NULL,
    name                 text        NOT NULL,
    PRIMARY KEY (person_id),
    CHECK ((driver_id IS NULL) = (level = 0)),
    CHECK ((driver_id IS NULL) = (real_name_checked_at IS NULL)),
    CHECK (level < 2 OR face_checked_at IS NOT NULL OR level = 3)
) WITH (fillfactor = 90);

-- One driver, one person. Keyed by the driver, because a driver can be bound from any person's shard.
CREATE TABLE driver_person (
    driver_id uuid        NOT NULL,
    person_id uuid        NOT NULL,
    bound_at  timestamptz NOT NULL,
    PRIMARY KEY (driver_id)
);

CREATE TABLE account (
    person_id     uuid        NOT NULL,
    created_at    timestamptz NOT NULL,
    mobile        text        NOT NULL,
    password_hash text        NOT NULL,                 -- argon2id, with its parameters
    PRIMARY KEY (person_id)
);

-- Attempts to log in, by keyed hash of the mobile: counted alike whether or not it has an account.
CREATE TABLE log_in_attempt (
    mobile_hash   bytea       NOT NULL CHECK (octet_length(mobile_hash) = 16),
    failures      integer     NOT NULL CHECK (failures >= 1),
    last_at       timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL,
    PRIMARY KEY (mobile_hash)
) WITH (fillfactor = 85);

CREATE TABLE session (
    person_id       uuid        NOT NULL,
    id              uuid        NOT NULL,
    opened_at       timestamptz NOT NULL,
    seen_at         timestamptz NOT NULL,               -- moved at most once a minute
    expires_at      timestamptz NOT NULL,
    ended_at        timestamptz,
    phone_offset_ms bigint,                             -- phone clock minus ours, as last measured
    token_hash      bytea       NOT NULL CHECK (octet_length(token_hash) = 32),
    PRIMARY KEY (person_id, id),
    UNIQUE (person_id, token_hash)
) WITH (fillfactor = 85);

CREATE TABLE phone_key_challenge (
    person_id  uuid        NOT NULL,
    nonce      bytea       NOT NULL CHECK (octet_length(nonce) = 32),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    PRIMARY KEY (person_id, nonce)
);

-- At most three live keys a person: three slots, each held by one live key.
CREATE TABLE phone_key (
    person_id   uuid        NOT NULL,
    id          uuid        NOT NULL,
    bound_at    timestamptz NOT NULL,
    ended_at    timestamptz,
    replaced_by uuid,
    slot        smallint    NOT NULL CHECK (slot BETWEEN 1 AND 3),
    label       text        NOT NULL CHECK (length(label) BETWEEN 1 AND 40),
    public_key  bytea       NOT NULL CHECK (octet_length(public_key) = 33),   -- P-256, compressed
    PRIMARY KEY (person_id, id),
    CONSTRAINT phone_key_once UNIQUE (person_id, public_key),                 -- an ended key never comes back
    CHECK (replaced_by IS NULL OR ended_at IS NOT NULL)
);
CREATE UNIQUE INDEX phone_key_slot ON phone_key (person_id, slot) WHERE ended_at IS NULL;

-- One live-person check. The captures themselves are kept nowhere.
CREATE TABLE face_check (
    person_id        uuid        NOT NULL,
    id               uuid        NOT NULL,
    begun_at         timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,              -- of the challenge
    judged_at        timestamptz,
    usable_until     timestamptz,                       -- of a pass
    move             integer     NOT NULL CHECK (move >= 1),
    state            text        NOT NULL
        CHECK (state IN ('challenged', 'submitted', 'passed', 'failed', 'retake', 'in_review', 'consumed')),
    purpose          text        NOT NULL CHECK (purpose IN ('apply', 'bind-phone-key')),
    engine           text        NOT NULL,
    engine_version   text        NOT NULL,
    calibrated       boolean     NOT NULL,
    simulated        boolean     NOT NULL,
    liveness         text        CHECK (liveness IN ('none', 'challenge', 'certified')),
    score            real,
    nonce            bytea       NOT NULL CHECK (octet_length(nonce) = 32),
    steps            jsonb       NOT NULL,
    reasons          jsonb       NOT NULL,
    submission_hash  bytea       CHECK (octet_length(submission_hash) = 32),
    decided_by_kind  text,                              -- who decided a review
    decided_by       uuid,
    consumed_kind    text,                              -- prefix of the id that used it up: app, pky
    consumed_by      uuid,
    PRIMARY KEY (person_id, id),
    CHECK ((state IN ('passed', 'consumed')) = (usable_until IS NOT NULL)),
    CHECK ((state = 'consumed') = (consumed_by IS NOT NULL)),
    CHECK ((state = 'challenged') = (submission_hash IS NULL))
) WITH (fillfactor = 85);

-- Hashes of captures a person has sent: the same picture never serves twice.
CREATE TABLE face_frame (
    person_id     uuid        NOT NULL,
    frame_hash    bytea       NOT NULL CHECK (octet_length(frame_hash) = 32),
    face_check_id uuid        NOT NULL,
    seen_at       timestamptz NOT NULL,
    PRIMARY KEY (person_id, frame_hash)
);

-- ---- foreign keys (after the topology step where tables are sharded) ----
ALTER TABLE account ADD FOREIGN KEY (person_id) REFERENCES person (person_id);
ALTER TABLE session ADD FOREIGN KEY (person_id) REFERENCES account (person_id);
ALTER TABLE phone_key_challenge ADD FOREIGN KEY (person_id) REFERENCES person (person_id);
ALTER TABLE phone_key ADD FOREIGN KEY (person_id) REFERENCES person (person_id);
ALTER TABLE face_check ADD FOREIGN KEY (person_id) REFERENCES person (person_id);
ALTER TABLE face_frame ADD FOREIGN KEY (person_id, face_check_id) REFERENCES face_check (person_id, id);
