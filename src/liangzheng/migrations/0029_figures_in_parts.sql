-- Figures by city and by reason, beside those by province (0008), and up to when verifications were counted.

CREATE TABLE figure_part (
    measure text   NOT NULL CHECK (length(measure) BETWEEN 1 AND 60),
    day     date   NOT NULL,                        -- civil day in China of the event
    city    text   NOT NULL CHECK (city ~ '^([0-9]{6})?$'), -- prefecture-level unit of the authority, '' where it serves none
    reason  text   NOT NULL CHECK (length(reason) <= 60),   -- of a refusal, '' otherwise
    value   bigint NOT NULL CHECK (value >= 0),
    PRIMARY KEY (measure, day, city, reason)
);

CREATE TABLE figure_mark (
    measure text        NOT NULL,
    at      timestamptz NOT NULL,                   -- everything up to then is counted
    PRIMARY KEY (measure)
);
