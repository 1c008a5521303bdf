-- Showing and verifying. A row of a verification belongs to the driver who was looked at; a short code to itself.

-- Who may verify online: an officer's terminal, a company's system, the public page. A small table, read in every verification
-- (a reference table where tables are sharded).
CREATE TABLE verifier (
    verifier_id uuid        NOT NULL,
    name        text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    kind        text        NOT NULL CHECK (kind IN ('police', 'company', 'public')),
    token_hash  bytea       NOT NULL CHECK (length(token_hash) = 32),   -- SHA-256 of a 256-bit random token
    state       text        NOT NULL CHECK (state IN ('active', 'ended')),
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (verifier_id)
);

-- One row for each code that was shown online: its first showing, and what the live register said at that moment.
-- A second showing of the same code finds the row (already shown) and leaves only its audit entry.
CREATE TABLE verification (
    driver_id        uuid        NOT NULL,
    shown_at         timestamptz NOT NULL,                              -- as the phone signed it
    code_hash        bytea       NOT NULL CHECK (length(code_hash) = 16), -- of what the phone signed, not of its signature
    verification_id  uuid        NOT NULL,
    verifier_id      uuid        NOT NULL,
    request_key      text        NOT NULL CHECK (length(request_key) BETWEEN 8 AND 64),
    at               timestamptz NOT NULL,
    licence_id       uuid        NOT NULL,
    licence_version  integer     NOT NULL,
    purpose          text        NOT NULL,
    class_asked      text,
    credential_state text        NOT NULL,
    standing_version bigint      NOT NULL,
    status           text        NOT NULL,
    points           smallint    NOT NULL,
    PRIMARY KEY (driver_id, shown_at, code_hash)
);

-- Eight digits that stand for a code for a minute, for a verifier whose camera does not work. At most one use.
CREATE TABLE short_code (
    digits      text        NOT NULL CHECK (digits ~ '^[0-9]{8}$'),
    code        bytea       NOT NULL,
    made_at     timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    used_by     uuid,
    request_key text,
    PRIMARY KEY (digits),
    CHECK ((used_by IS NULL) = (request_key IS NULL)),
    CHECK (expires_at > made_at)
);

-- No foreign key from verification to verifier: each insert would take a share lock on the row of the one verifier that many
-- terminals use at once. The statement that inserts reads that row anyway, and verifiers are ended, never deleted.
