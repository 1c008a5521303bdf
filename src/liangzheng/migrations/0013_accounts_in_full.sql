-- One-time codes, passkeys, acts with a holding time, agreements and requests about one's own data. Shard key: person_id,
-- or the hash of a mobile or challenge that is looked up.

-- The live code of a mobile for one purpose. Neither mobile nor code is here, only keyed hashes of them.
CREATE TABLE one_time_code (
    mobile_hash  bytea       NOT NULL CHECK (octet_length(mobile_hash) = 16),
    purpose      text        NOT NULL
        CHECK (purpose IN ('register', 'log-in', 'reset-password', 'change-mobile', 'stop-mobile-change')),
    made_at      timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    tries        smallint    NOT NULL CHECK (tries BETWEEN 0 AND 5),
    request_hash bytea       NOT NULL CHECK (octet_length(request_hash) = 32),  -- of what only who asked was given
    code_hash    bytea       NOT NULL CHECK (octet_length(code_hash) = 16),     -- keyed, over purpose and request too
    bound_to     uuid,                                                          -- the session that asked, where there is one
    proof_hash   bytea       CHECK (octet_length(proof_hash) = 32),             -- once the code was given back
    proof_until  timestamptz,
    used_at      timestamptz,
    PRIMARY KEY (mobile_hash, purpose),
    CHECK ((proof_hash IS NULL) = (proof_until IS NULL)),
    CHECK (used_at IS NULL OR proof_hash IS NOT NULL)
) WITH (fillfactor = 85);

-- How much was asked and guessed of one mobile, over all purposes: counted alike whether or not it has an account.
CREATE TABLE one_time_code_budget (
    mobile_hash bytea       NOT NULL CHECK (octet_length(mobile_hash) = 16),
    asked       integer     NOT NULL CHECK (asked >= 0),
    asked_since timestamptz NOT NULL,
    asked_at    timestamptz NOT NULL,
    wrong       integer     NOT NULL CHECK (wrong >= 0),
    wrong_at    timestamptz NOT NULL,
    PRIMARY KEY (mobile_hash)
) WITH (fillfactor = 85);

CREATE TABLE passkey (
    person_id     uuid        NOT NULL,
    id            uuid        NOT NULL,
    made_at       timestamptz NOT NULL,
    used_at       timestamptz,
    sign_count    bigint      NOT NULL CHECK (sign_count >= 0),
    backed_up     boolean     NOT NULL,
    label         text        NOT NULL CHECK (length(label) BETWEEN 1 AND 40),
    credential_id bytea       NOT NULL CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
    public_key    bytea       NOT NULL,                                         -- COSE_Key
    PRIMARY KEY (person_id, id),
    CONSTRAINT passkey_once UNIQUE (person_id, credential_id)
);

-- A challenge serves one ceremony once. Keyed by itself: who logs in is not known before.
CREATE TABLE passkey_challenge (
    challenge  bytea       NOT NULL CHECK (octet_length(challenge) = 32),
    person_id  uuid,                                                            -- none: to log in
    ceremony   text        NOT NULL CHECK (ceremony IN ('add', 'log-in', 'confirm')),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    PRIMARY KEY (challenge),
    CHECK ((ceremony = 'log-in') = (person_id IS NULL))
);

-- What is asked now and done after a holding time, so that its owner can stop it.
CREATE TABLE held_act (
    person_id  uuid        NOT NULL,
    id         uuid        NOT NULL,
    asked_at   timestamptz NOT NULL,
    due_at     timestamptz NOT NULL,
    ended_at   timestamptz,
    move       integer     NOT NULL CHECK (move >= 1),
    kind       text        NOT NULL CHECK (kind IN ('mobile', 'closing')),
    state      text        NOT NULL CHECK (state IN ('waiting', 'stopped', 'done', 'failed')),
    new_mobile text,                                                            -- while it waits only
    PRIMARY KEY (person_id, id),
    CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CHECK ((kind = 'mobile' AND state = 'waiting') = (new_mobile IS NOT NULL))
);
CREATE UNIQUE INDEX held_act_one ON held_act (person_id, kind) WHERE state = 'waiting';
CREATE INDEX held_act_due ON held_act (due_at) WHERE state = 'waiting';

-- What a person agreed to and took back: entries are added, never changed.
CREATE TABLE agreement (
    person_id uuid        NOT NULL,
    id        uuid        NOT NULL,
    at        timestamptz NOT NULL,
    version   integer     NOT NULL CHECK (version >= 1),
    given     boolean     NOT NULL,
    kind      text        NOT NULL CHECK (kind IN ('terms', 'privacy', 'face-data', 'notices')),
    text_hash bytea       NOT NULL CHECK (octet_length(text_hash) = 32),
    PRIMARY KEY (person_id, id)
);
CREATE INDEX agreement_latest ON agreement (person_id, kind, id);

-- What a person asks to have put right in what is kept about them.
CREATE TABLE correction_request (
    person_id   uuid        NOT NULL,
    id          uuid        NOT NULL,
    asked_at    timestamptz NOT NULL,
    answered_at timestamptz,
    move        integer     NOT NULL CHECK (move >= 1),
    state       text        NOT NULL CHECK (state IN ('open', 'corrected', 'declined', 'withdrawn')),
    wish        text        NOT NULL CHECK (length(wish) BETWEEN 1 AND 1000),
    answer      text        CHECK (length(answer) BETWEEN 1 AND 1000),
    PRIMARY KEY (person_id, id),
    CHECK ((state = 'open') = (answered_at IS NULL)),
    CHECK ((state IN ('corrected', 'declined')) = (answer IS NOT NULL))
);

ALTER TABLE account ADD COLUMN closed_at timestamptz;
ALTER TABLE account ADD COLUMN second_factor boolean NOT NULL DEFAULT false;
ALTER TABLE account ALTER COLUMN mobile DROP NOT NULL;
ALTER TABLE account ALTER COLUMN password_hash DROP NOT NULL;
ALTER TABLE account ADD CHECK ((closed_at IS NULL) = (mobile IS NOT NULL));
ALTER TABLE account ADD CHECK (closed_at IS NULL OR password_hash IS NULL);

ALTER TABLE face_check DROP CONSTRAINT face_check_purpose_check;
ALTER TABLE face_check ADD CONSTRAINT face_check_purpose_check
    CHECK (purpose IN ('apply', 'bind-phone-key', 'change-mobile'));
ALTER TABLE face_check DROP CONSTRAINT face_check_consumed_kind_check;
ALTER TABLE face_check ADD CONSTRAINT face_check_consumed_kind_check CHECK (consumed_kind IN ('app', 'pky', 'hld'));

-- ---- foreign keys (after the topology step where tables are sharded) ----
ALTER TABLE passkey ADD FOREIGN KEY (person_id) REFERENCES account (person_id);
ALTER TABLE held_act ADD FOREIGN KEY (person_id) REFERENCES account (person_id);
ALTER TABLE agreement ADD FOREIGN KEY (person_id) REFERENCES person (person_id);
ALTER TABLE correction_request ADD FOREIGN KEY (person_id) REFERENCES person (person_id);
