-- What a person is told: one row a message, kept with the person. Words are made when it is read; the row holds codes.

CREATE TABLE message (
    person_id uuid        NOT NULL,
    id        uuid        NOT NULL,                 -- of the event that caused it, where there is one
    kind      text        NOT NULL CHECK (kind ~ '^[a-z-]{1,40}$'),
    once      text        CHECK (length(once) BETWEEN 1 AND 80),   -- what is told once only: a day, a licence and its last day
    at        timestamptz NOT NULL,
    detail    jsonb       NOT NULL,
    read_at   timestamptz,
    sms       text        NOT NULL CHECK (sms IN ('none', 'wanted', 'sent', 'refused')),
    sms_at    timestamptz,
    PRIMARY KEY (person_id, id),
    CHECK ((sms_at IS NULL) = (sms IN ('none', 'wanted')))
);
CREATE UNIQUE INDEX message_once ON message (person_id, kind, once) WHERE once IS NOT NULL;

-- Which kinds a person wants by text message, where they said other than what is usual.
CREATE TABLE message_choice (
    person_id  uuid        NOT NULL,
    kind       text        NOT NULL CHECK (kind ~ '^[a-z-]{1,40}$'),
    sms        boolean     NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, kind)
);

-- How far the fold of looks into messages has come; one row.
CREATE TABLE message_mark (
    name  text        NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (name)
);

-- The fold reads the last minute of looks. They come nearly in order of time: a block-range index costs next to nothing.
CREATE INDEX verification_at ON verification USING brin (at) WITH (pages_per_range = 16, autosummarize = on);
