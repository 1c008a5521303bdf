-- Face checks an engine left open, waiting for a person. Shard key: person_id.

-- With the promise of one working day, as photo_review has it; what was decided stays.
CREATE TABLE face_review (
    person_id       uuid        NOT NULL,
    face_check_id   uuid        NOT NULL,
    driver_id       uuid        NOT NULL,
    authority       text        NOT NULL,
    submitted_at    timestamptz NOT NULL,
    due_day         date        NOT NULL,
    due_at          timestamptz NOT NULL,           -- the instant after due_day in China
    provisional     boolean     NOT NULL,           -- a year on the way had no announced holidays
    taken_by_kind   text        CHECK (taken_by_kind IN ('staff', 'operator')),
    taken_by        uuid,
    taken_until     timestamptz,
    escalated_at    timestamptz,
    outcome         text        CHECK (outcome IN ('approved', 'refused', 'withdrawn')),
    reasons         text[]      NOT NULL DEFAULT '{}',
    decided_by_kind text        CHECK (decided_by_kind IN ('staff', 'operator', 'person', 'system')),
    decided_by      uuid,
    decided_at      timestamptz,
    PRIMARY KEY (person_id, face_check_id),
    CHECK ((outcome IS NULL) = (decided_at IS NULL)),
    CHECK ((outcome IS NULL) = (decided_by_kind IS NULL)),
    CHECK ((cardinality(reasons) > 0) = (outcome IS NOT DISTINCT FROM 'refused')),
    CHECK ((taken_by_kind IS NULL) = (taken_until IS NULL)),
    CHECK (taken_by IS NULL OR taken_by_kind IS NOT NULL)
);
CREATE INDEX face_review_waiting ON face_review (due_at, face_check_id) WHERE outcome IS NULL;
CREATE INDEX face_review_check ON face_review (face_check_id);

-- The pictures of an open review, sealed; with the decision, the agreement or their time they are gone.
CREATE TABLE face_capture (
    person_id     uuid        NOT NULL,
    face_check_id uuid        NOT NULL,
    number        smallint    NOT NULL CHECK (number >= 0),
    step          smallint    NOT NULL CHECK (step >= 0),
    kept_until    timestamptz NOT NULL,
    sealed        bytea       NOT NULL,
    PRIMARY KEY (person_id, face_check_id, number)
);
CREATE INDEX face_capture_until ON face_capture (kept_until);

ALTER TABLE agreement DROP CONSTRAINT agreement_kind_check;
ALTER TABLE agreement ADD CONSTRAINT agreement_kind_check
    CHECK (kind IN ('terms', 'privacy', 'face-data', 'face-review', 'notices'));

-- Foreign keys (after the topology step where tables are sharded)
ALTER TABLE face_review ADD FOREIGN KEY (person_id, face_check_id) REFERENCES face_check (person_id, id);
ALTER TABLE face_capture ADD FOREIGN KEY (person_id, face_check_id) REFERENCES face_review (person_id, face_check_id);
