-- Counters folded from events, in the transaction that takes the event from the outbox: each event counts once.

CREATE TABLE figure_count (
    measure  text   NOT NULL CHECK (length(measure) BETWEEN 1 AND 60),
    day      date   NOT NULL,                       -- civil day in China of the event
    division text   NOT NULL,                       -- two digits of the province, '' where none is known
    value    bigint NOT NULL CHECK (value >= 0),
    PRIMARY KEY (measure, day, division)
);
