-- What is behind the counter: auditors read by person, look-ups are sampled for review, and two people open a city, give a
-- duty, and hand a member of staff a new enrolment code.

-- Entries of one member of staff, newest first; those of holders, verifiers and workers are not in it.
CREATE INDEX audit_entry_staff ON audit_entry (actor, id) WHERE actor_kind = 'staff';

-- Serves the weekly drawing, and pruning.
CREATE INDEX look_up_at ON look_up (at);

-- One drawing a week. Whoever has the seed and the ids of the week's look-ups draws the same sample again.
CREATE TABLE look_up_draw (
    week     date        NOT NULL CHECK (extract(isodow FROM week) = 1),       -- its Monday, in China
    drawn_at timestamptz NOT NULL,
    looked   integer     NOT NULL CHECK (looked >= 0),                         -- look-ups of the week
    drawn    integer     NOT NULL CHECK (drawn BETWEEN 0 AND looked),
    per_staff integer   NOT NULL CHECK (per_staff >= 0),                       -- the most drawn of one person
    seed     bytea       NOT NULL CHECK (octet_length(seed) = 32),
    PRIMARY KEY (week)
);

-- A look-up that was drawn, and what another person found.
CREATE TABLE look_up_sample (
    staff_id    uuid        NOT NULL,                                            -- who looked
    look_up_id  uuid        NOT NULL,
    driver_id   uuid        NOT NULL,
    at          timestamptz NOT NULL,
    reviewed_at timestamptz,
    reviewed_by uuid,
    week        date        NOT NULL,
    division    text        NOT NULL CHECK (division ~ '^[0-9]{6}$'),            -- of the case: whose region reviews
    unit        text        NOT NULL,
    duty        text        NOT NULL,
    purpose     text        NOT NULL,
    case_number text        NOT NULL,
    outcome     text        CHECK (outcome IN ('in-order', 'unclear', 'improper')),
    PRIMARY KEY (staff_id, look_up_id),
    CONSTRAINT look_up_sample_other_person CHECK (reviewed_by <> staff_id),
    CHECK ((outcome IS NULL) = (reviewed_at IS NULL)),
    CHECK ((outcome IS NULL) = (reviewed_by IS NULL))
);
CREATE INDEX look_up_sample_look_up ON look_up_sample (look_up_id);
CREATE INDEX look_up_sample_open ON look_up_sample (look_up_id) WHERE outcome IS NULL;

ALTER TABLE proposal DROP CONSTRAINT proposal_kind_check, DROP CONSTRAINT proposal_check2;
ALTER TABLE proposal
    ADD CONSTRAINT proposal_kind_check CHECK (kind IN ('suspend', 'restore', 'correct', 'retain', 'rotate-key', 'retire-key',
        'open-wave', 'give-duty', 'new-enrolment')),
    ADD CONSTRAINT proposal_check2 CHECK ((driver_id IS NULL) = (kind IN ('rotate-key', 'retire-key', 'open-wave',
        'give-duty', 'new-enrolment')));

-- ---- foreign keys (after the topology step where tables are sharded) ----
ALTER TABLE look_up_sample ADD FOREIGN KEY (staff_id) REFERENCES staff (staff_id);
