-- Police and staff: who they are, where they have which duty, how they log in; who looked a driver up by number; and what one
-- person proposes and another decides. Rows of a member of staff belong to staff_id, look-ups to the driver who was looked up,
-- proposals to a province.

CREATE TABLE staff (
    staff_id      uuid        NOT NULL,
    added_at      timestamptz NOT NULL,
    moved_at      timestamptz NOT NULL,
    move          integer     NOT NULL CHECK (move >= 1),
    state         text        NOT NULL CHECK (state IN ('active', 'suspended', 'ended')),
    number        text        NOT NULL CHECK (number ~ '^[0-9A-Z]{4,12}$'),
    name          text        NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    unit          text        NOT NULL CHECK (length(unit) BETWEEN 1 AND 100),  -- what a holder reads instead of the name
    password_hash text,                                                         -- argon2id; null before the first log-in
    PRIMARY KEY (staff_id)
);

-- A number is one person's for ever, also after they have left.
CREATE TABLE staff_number (
    number   text NOT NULL,
    staff_id uuid NOT NULL,
    PRIMARY KEY (number)
);

CREATE TABLE staff_duty (
    staff_id  uuid        NOT NULL,
    id        uuid        NOT NULL,
    given_at  timestamptz NOT NULL,
    ended_at  timestamptz,
    from_day  date        NOT NULL,
    until_day date,                                                              -- the last day; null: until it is taken away
    duty      text        NOT NULL,
    region    text        NOT NULL CHECK (region ~ '^([0-9]{2}){0,3}$'),         -- prefix of division codes; empty: everywhere
    PRIMARY KEY (staff_id, id),
    CHECK (until_day >= from_day)
);
CREATE UNIQUE INDEX staff_duty_once ON staff_duty (staff_id, duty, region) WHERE ended_at IS NULL;
-- System, security and audit administration are three people's (GB/T 22239-2019).
CREATE UNIQUE INDEX staff_one_administration ON staff_duty (staff_id)
    WHERE ended_at IS NULL AND duty IN ('system', 'keys', 'audit');

-- The code an administrator hands over on paper: good once, for making a password and a second factor.
CREATE TABLE staff_enrolment (
    staff_id   uuid        NOT NULL,
    made_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    code_hash  bytea       NOT NULL CHECK (octet_length(code_hash) = 32),        -- SHA-256 of 100 random bits
    PRIMARY KEY (staff_id)
);

CREATE TABLE staff_totp (
    staff_id    uuid        NOT NULL,
    made_at     timestamptz NOT NULL,
    enrolled_at timestamptz,                                                     -- null: shown, not yet confirmed
    last_step   bigint      NOT NULL,                                            -- a time step serves once
    sealed      bytea       NOT NULL,                                            -- the secret under a key derived from the index secret
    PRIMARY KEY (staff_id)
);

CREATE TABLE staff_attempt (
    number_hash   bytea       NOT NULL CHECK (octet_length(number_hash) = 16),
    failures      integer     NOT NULL CHECK (failures >= 1),
    last_at       timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL,
    PRIMARY KEY (number_hash)
) WITH (fillfactor = 85);

CREATE TABLE staff_session (
    staff_id   uuid        NOT NULL,
    id         uuid        NOT NULL,
    opened_at  timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    proved_at  timestamptz NOT NULL,                                             -- the second factor was last proved
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz,
    token_hash bytea       NOT NULL CHECK (octet_length(token_hash) = 32),
    PRIMARY KEY (staff_id, id),
    UNIQUE (staff_id, token_hash)
) WITH (fillfactor = 85);

CREATE TABLE look_up_count (
    staff_id uuid    NOT NULL,
    day      date    NOT NULL,
    duty     text    NOT NULL,
    used     integer NOT NULL CHECK (used >= 1),
    PRIMARY KEY (staff_id, day, duty)
) WITH (fillfactor = 85);

CREATE TABLE look_up (
    driver_id   uuid        NOT NULL,
    id          uuid        NOT NULL,
    at          timestamptz NOT NULL,
    staff_id    uuid        NOT NULL,
    unit        text        NOT NULL,                                            -- as it was called then
    duty        text        NOT NULL,
    purpose     text        NOT NULL,
    case_number text        NOT NULL,
    PRIMARY KEY (driver_id, id)
);

-- What needs four eyes. Kind `retain` has its effect at once and loses it unless it is confirmed.
CREATE TABLE proposal (
    province     text        NOT NULL CHECK (province ~ '^[0-9]{2}$'),            -- 00: the whole country
    id           uuid        NOT NULL,
    proposed_at  timestamptz NOT NULL,
    moved_at     timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    decided_at   timestamptz,
    driver_id    uuid,
    proposed_by  uuid        NOT NULL,
    decided_by   uuid,
    move         integer     NOT NULL CHECK (move >= 1),
    kind         text        NOT NULL CHECK (kind IN ('suspend', 'restore', 'correct', 'retain', 'rotate-key', 'retire-key')),
    state        text        NOT NULL CHECK (state IN ('proposed', 'approved', 'done', 'refused', 'withdrawn', 'expired')),
    division     text        NOT NULL CHECK (division ~ '^[0-9]{6}$'),            -- whose region decides
    duty         text        NOT NULL,                                           -- under which it was proposed
    reason       text        NOT NULL,
    case_number  text        NOT NULL,
    what         jsonb       NOT NULL,
    PRIMARY KEY (province, id),
    CONSTRAINT proposal_four_eyes CHECK (decided_by <> proposed_by),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CHECK (state NOT IN ('approved', 'done', 'refused') OR decided_by IS NOT NULL),
    CHECK ((driver_id IS NULL) = (kind IN ('rotate-key', 'retire-key')))
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX proposal_open_once ON proposal (province, driver_id, kind) WHERE state = 'proposed';
CREATE INDEX proposal_due ON proposal (province, expires_at) WHERE state IN ('proposed', 'approved');

CREATE TABLE proposal_event (
    province    text        NOT NULL,
    proposal_id uuid        NOT NULL,
    move        integer     NOT NULL CHECK (move >= 2),
    at          timestamptz NOT NULL,
    event       text        NOT NULL,
    staff_id    uuid,                                                            -- null: time, or the operator
    PRIMARY KEY (province, proposal_id, move)
);

-- ---- foreign keys (after the topology step where tables are sharded) ----
ALTER TABLE staff_duty ADD FOREIGN KEY (staff_id) REFERENCES staff (staff_id);
ALTER TABLE staff_enrolment ADD FOREIGN KEY (staff_id) REFERENCES staff (staff_id);
ALTER TABLE staff_totp ADD FOREIGN KEY (staff_id) REFERENCES staff (staff_id);
ALTER TABLE staff_session ADD FOREIGN KEY (staff_id) REFERENCES staff (staff_id);
ALTER TABLE look_up ADD FOREIGN KEY (driver_id) REFERENCES driver (driver_id);
ALTER TABLE proposal_event ADD FOREIGN KEY (province, proposal_id) REFERENCES proposal (province, id);
