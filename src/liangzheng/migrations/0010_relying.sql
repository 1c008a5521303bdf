-- Companies that ask about drivers: registration, requests a driver answers, standing consents, change notices.
-- Kept by company, but for what a driver gave or was looked at, which is kept by driver, and codes, kept by their hash.
-- No secret of ours is in these tables: pseudonyms and webhook keys are derived from the deployment's secret, a company's own
-- secrets and tokens are 256 random bits kept as SHA-256.

CREATE TABLE company (
    company_id    uuid        NOT NULL,
    name          text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    credit_code   text        NOT NULL CHECK (length(credit_code) = 18),
    state         text        NOT NULL CHECK (state IN ('registered', 'approved', 'suspended', 'ended')),
    move          integer     NOT NULL CHECK (move >= 0),
    per_minute    integer     NOT NULL CHECK (per_minute BETWEEN 1 AND 60000),
    per_day       integer     NOT NULL CHECK (per_day BETWEEN 1 AND 10000000),
    webhook_url   text        CHECK (length(webhook_url) BETWEEN 1 AND 500),
    webhook_key   integer     NOT NULL DEFAULT 0 CHECK (webhook_key >= 0),  -- generation of the key notices are signed with
    registered_at timestamptz NOT NULL,
    approved_at   timestamptz,                       -- the last time
    PRIMARY KEY (company_id),
    CHECK (state NOT IN ('approved', 'suspended') OR approved_at IS NOT NULL)
);

-- Who moved a company where, when and why.
CREATE TABLE company_event (
    company_id uuid        NOT NULL,
    move       integer     NOT NULL,
    event      text        NOT NULL,
    at         timestamptz NOT NULL,
    actor_kind text        NOT NULL,
    actor      uuid,
    reason     text        NOT NULL CHECK (length(reason) BETWEEN 1 AND 200),
    PRIMARY KEY (company_id, move)
);

CREATE TABLE company_purpose (
    company_id uuid    NOT NULL,
    purpose    text    NOT NULL,
    fields     text[]  NOT NULL CHECK (cardinality(fields) >= 1),
    bulk       boolean NOT NULL,
    notices    boolean NOT NULL,
    PRIMARY KEY (company_id, purpose)
);

CREATE TABLE company_secret (
    company_id  uuid        NOT NULL,
    secret_hash bytea       NOT NULL CHECK (length(secret_hash) = 32),
    made_at     timestamptz NOT NULL,
    ends_at     timestamptz,                         -- set when a newer one was made
    PRIMARY KEY (company_id, secret_hash)
);

CREATE TABLE company_token (
    company_id uuid        NOT NULL,
    token_hash bytea       NOT NULL CHECK (length(token_hash) = 32),
    purposes   text[]      NOT NULL,
    made_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, token_hash)
);

-- What was asked in a minute and in a day (of China); one row each, counted up in the statement that allows.
CREATE TABLE company_usage (
    company_id uuid        NOT NULL,
    span       text        NOT NULL CHECK (span IN ('minute', 'day')),
    starts_at  timestamptz NOT NULL,
    used       integer     NOT NULL CHECK (used >= 0),
    PRIMARY KEY (company_id, span, starts_at)
) WITH (fillfactor = 70);

-- One request. What was answered is not kept, only that it was and with which fields.
CREATE TABLE consent_request (
    company_id     uuid        NOT NULL,
    request_id     uuid        NOT NULL,
    state          text        NOT NULL CHECK (state IN ('asked', 'approved', 'refused', 'answered', 'cancelled')),
    move           integer     NOT NULL CHECK (move >= 0),
    purpose        text        NOT NULL,
    fields         text[]      NOT NULL CHECK (cardinality(fields) >= 1),
    class_asked    text,
    standing_until date,                             -- the last day of the consent asked for; null: this once
    reference      text        CHECK (length(reference) BETWEEN 1 AND 64),  -- the company's own
    asked_at       timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    driver_id      uuid,
    person_id      uuid,
    phone_key_id   uuid,
    signature      bytea       CHECK (length(signature) = 64),  -- of the phone, over what was approved
    decided_at     timestamptz,
    answered_at    timestamptz,
    PRIMARY KEY (company_id, request_id),
    CHECK (expires_at > asked_at),
    CHECK ((state IN ('approved', 'answered')) = (signature IS NOT NULL)),
    CHECK ((state IN ('approved', 'answered', 'refused')) = (driver_id IS NOT NULL)),
    CHECK ((state = 'answered') = (answered_at IS NOT NULL))
) WITH (fillfactor = 85);

-- A request's code, by its SHA-256, as long as it can be opened.
CREATE TABLE consent_code (
    code_hash  bytea       NOT NULL CHECK (length(code_hash) = 32),
    company_id uuid        NOT NULL,
    request_id uuid        NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (code_hash)
);

CREATE TABLE standing_consent (
    driver_id    uuid        NOT NULL,
    consent_id   uuid        NOT NULL,
    company_id   uuid        NOT NULL,
    request_id   uuid        NOT NULL,
    person_id    uuid        NOT NULL,
    pseudonym    uuid        NOT NULL,               -- the driver, as this company knows them
    purpose      text        NOT NULL,
    fields       text[]      NOT NULL CHECK (cardinality(fields) >= 1),
    class_asked  text,
    until        date        NOT NULL,               -- the last day in China
    state        text        NOT NULL CHECK (state IN ('active', 'withdrawn', 'replaced')),
    move         integer     NOT NULL CHECK (move >= 1),
    given_at     timestamptz NOT NULL,
    ended_at     timestamptz,
    PRIMARY KEY (driver_id, consent_id),
    CHECK ((state = 'active') = (ended_at IS NULL))
);

CREATE UNIQUE INDEX standing_consent_active ON standing_consent (driver_id, company_id, purpose) WHERE state = 'active';

-- Whom a company means by a pseudonym: only drivers who consented to something are here.
CREATE TABLE company_driver (
    company_id uuid NOT NULL,
    pseudonym  uuid NOT NULL,
    driver_id  uuid NOT NULL,
    PRIMARY KEY (company_id, pseudonym)
);

-- Every answer a company was given about a driver by consent; the driver reads it in the list of who looked.
CREATE TABLE company_look (
    driver_id   uuid        NOT NULL,
    at          timestamptz NOT NULL,
    look_id     uuid        NOT NULL,
    company_id  uuid        NOT NULL,
    purpose     text        NOT NULL,
    fields      text[]      NOT NULL,
    class_asked text,
    under       text        NOT NULL CHECK (under IN ('request', 'standing')),
    subject     uuid        NOT NULL,                -- the request or the standing consent
    PRIMARY KEY (driver_id, at, look_id)
);

-- A notice that something about a driver changed: never what. It is its own queue, since the network is asked outside of any
-- transaction: a claim leases it, and a sender that dies leaves it to the next.
CREATE TABLE notice (
    company_id uuid        NOT NULL,
    notice_id  uuid        NOT NULL,
    driver_id  uuid        NOT NULL,
    consent_id uuid        NOT NULL,
    pseudonym  uuid        NOT NULL,
    purpose    text        NOT NULL,
    state      text        NOT NULL CHECK (state IN ('waiting', 'delivered', 'dropped', 'parked')),
    attempts   smallint    NOT NULL,
    due_at     timestamptz NOT NULL,                 -- while it is being sent: the end of the sender's lease
    made_at    timestamptz NOT NULL,
    ended_at   timestamptz,
    last_error text,
    PRIMARY KEY (company_id, notice_id),
    CHECK ((state = 'waiting') = (ended_at IS NULL))
) WITH (fillfactor = 85);

-- One notice of a consent waits at a time that was not tried yet: "changed" is said once however often it changes meanwhile.
CREATE UNIQUE INDEX notice_fresh ON notice (company_id, consent_id) WHERE state = 'waiting' AND attempts = 0;
CREATE INDEX notice_due ON notice (due_at) WHERE state = 'waiting';

-- No foreign keys: a request, a look and a notice outlive what they name, and inserts must not lock the one row of a company.
