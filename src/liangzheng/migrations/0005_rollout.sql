-- Rollout: which measure opens where, from which day. Two small reference tables, written by administration only.
-- The history of 2021 comes from data/waves.csv when an operator asks for it; a deployment begins with nothing open.

CREATE TABLE rollout_wave (
    id          uuid        NOT NULL,
    measure     text        NOT NULL CHECK (measure ~ '^[a-z-]{1,40}$'),
    name        text        NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    opens_from  date,                               -- null: not published
    opens_until date        NOT NULL,               -- later than opens_from: staggered, a place opens between the two
    nationwide  boolean     NOT NULL,               -- everywhere by opens_until; no cities listed
    complete    boolean     NOT NULL,               -- every city of the wave is listed; false: some were never published
    source      text        NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (measure, name),
    CHECK (opens_until >= opens_from),
    CHECK (NOT nationwide OR (complete AND opens_from IS NOT NULL AND opens_until = opens_from))
);

-- A city of a wave: a prefecture-level unit (320500), or a province (320000) with all its cities.
CREATE TABLE rollout_place (
    wave_id       uuid NOT NULL,
    division_code text NOT NULL CHECK (division_code ~ '^[0-9]{6}$'),
    opens_on      date,                             -- null: the city is known, its day was not published
    PRIMARY KEY (wave_id, division_code)
);

-- Foreign keys (after the topology step where tables are sharded)
ALTER TABLE rollout_place ADD FOREIGN KEY (wave_id) REFERENCES rollout_wave (id);
