-- Face checks that a person decides without a capture, and that a withdrawn agreement voids; the day a phone key was last
-- used; passkeys of staff. Shard keys: person_id, staff_id, or the challenge that is looked up.

ALTER TABLE face_check DROP CONSTRAINT face_check_state_check;
ALTER TABLE face_check ADD CONSTRAINT face_check_state_check
    CHECK (state IN ('challenged', 'submitted', 'passed', 'failed', 'retake', 'in_review', 'consumed', 'void'));
-- A check goes to the counter, or is void, also before anything was submitted.
ALTER TABLE face_check DROP CONSTRAINT face_check_check2;
ALTER TABLE face_check ADD CONSTRAINT face_check_submitted
    CHECK (state NOT IN ('submitted', 'retake') OR submission_hash IS NOT NULL);
ALTER TABLE face_check ADD CONSTRAINT face_check_not_submitted
    CHECK (state <> 'challenged' OR submission_hash IS NULL);

-- A civil day in China, not an instant: written at most once a day.
ALTER TABLE phone_key ADD COLUMN used_on date;

CREATE TABLE staff_passkey (
    staff_id      uuid        NOT NULL,
    id            uuid        NOT NULL,
    made_at       timestamptz NOT NULL,
    used_at       timestamptz,
    sign_count    bigint      NOT NULL CHECK (sign_count >= 0),
    backed_up     boolean     NOT NULL,
    label         text        NOT NULL CHECK (length(label) BETWEEN 1 AND 40),
    credential_id bytea       NOT NULL CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
    public_key    bytea       NOT NULL,                                         -- COSE_Key
    PRIMARY KEY (staff_id, id),
    CONSTRAINT staff_passkey_once UNIQUE (staff_id, credential_id)
);

-- A challenge serves one ceremony once. One to prove with is kept only when it is used: what was not used needs no row.
CREATE TABLE staff_passkey_challenge (
    challenge  bytea       NOT NULL CHECK (octet_length(challenge) = 32),
    staff_id   uuid        NOT NULL,
    ceremony   text        NOT NULL CHECK (ceremony IN ('add', 'prove')),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz CHECK (ceremony <> 'prove' OR used_at IS NOT NULL),
    PRIMARY KEY (challenge)
);

-- ---- foreign keys (after the topology step where tables are sharded) ----
ALTER TABLE staff_passkey ADD FOREIGN KEY (staff_id) REFERENCES staff (staff_id);
