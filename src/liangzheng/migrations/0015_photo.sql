-- Photos of the holder's own, and their reviews. Shard key: driver_id.
--
-- A photo is kept as made anew from the pixels sent (260 × 378 JPEG); the file itself never is. It stands here until it
-- is approved, when it becomes a blob under its hash, or until it is let go.

CREATE TABLE photo (
    driver_id     uuid        NOT NULL,
    id            uuid        NOT NULL,
    person_id     uuid        NOT NULL,
    source        text        NOT NULL CHECK (source IN ('camera', 'album')),
    portrait_hash bytea       NOT NULL CHECK (length(portrait_hash) = 32),
    picture       bytea,                            -- null: approved (then a blob), or let go
    doubts        text[]      NOT NULL,
    facts         jsonb       NOT NULL,             -- what was measured: numbers and days
    added_at      timestamptz NOT NULL,
    PRIMARY KEY (driver_id, id)
);

CREATE INDEX photo_kept ON photo (added_at) WHERE picture IS NOT NULL;

-- One row for each application under review, with the promise of one working day; what was decided stays.
CREATE TABLE photo_review (
    driver_id       uuid        NOT NULL,
    application_id  uuid        NOT NULL,
    photo_id        uuid        NOT NULL,
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
    PRIMARY KEY (driver_id, application_id),
    CHECK ((outcome IS NULL) = (decided_at IS NULL)),
    CHECK ((outcome IS NULL) = (decided_by_kind IS NULL)),
    CHECK ((cardinality(reasons) > 0) = (outcome IS NOT DISTINCT FROM 'refused')),
    CHECK ((taken_by_kind IS NULL) = (taken_until IS NULL)),
    CHECK (taken_by IS NULL OR taken_by_kind IS NOT NULL)
);

CREATE INDEX photo_review_waiting ON photo_review (due_at, application_id) WHERE outcome IS NULL;
CREATE INDEX photo_review_application ON photo_review (application_id);
CREATE UNIQUE INDEX photo_review_photo ON photo_review (driver_id, photo_id);

ALTER TABLE application
    ADD COLUMN photo_id uuid,                       -- the holder's own photo; null with the archived one
    DROP CONSTRAINT application_state_check,
    DROP CONSTRAINT application_origin_check,
    DROP CONSTRAINT application_photo_check,
    DROP CONSTRAINT IF EXISTS application_refusal_check,
    ADD CONSTRAINT application_state_check CHECK (state IN
        ('under_review', 'accepted', 'drafted', 'issued', 'refused', 'withdrawn')),
    ADD CONSTRAINT application_origin_check CHECK (origin IN ('holder', 'reissue', 'photo')),
    ADD CONSTRAINT application_photo_check CHECK (photo IN ('archived', 'camera', 'album')),
    ADD CONSTRAINT application_own_photo_check CHECK ((photo = 'archived') = (photo_id IS NULL)),
    ADD CONSTRAINT application_refusal_check CHECK (refusal IN (
        'real_name_too_low', 'not_in_register', 'face_not_verified', 'phone_key_not_bound', 'not_open_here_yet',
        'opening_not_published', 'not_held', 'transferred_out', 'licence_ended', 'status_abnormal', 'not_usable_now',
        'extension_over', 'not_yet_valid', 'validity_over', 'no_class_held', 'no_photo_on_file', 'photo_not_usable',
        'application_under_way', 'already_held', 'photo_too_soon', 'phones_full', 'photo_refused'));

ALTER TABLE application_event
    DROP CONSTRAINT IF EXISTS application_event_event_check,
    ADD CONSTRAINT application_event_event_check CHECK (event IN (
        'facts_held', 'facts_failed', 'facts_changed', 'photo_is_new', 'photo_approved', 'photo_refused', 'withdrew',
        'draft_recorded', 'signing_abandoned', 'signed'));

ALTER TABLE application_turned_away
    DROP CONSTRAINT IF EXISTS application_turned_away_refusal_check,
    ADD CONSTRAINT application_turned_away_refusal_check CHECK (refusal IN (
        'real_name_too_low', 'not_in_register', 'face_not_verified', 'phone_key_not_bound', 'not_open_here_yet',
        'opening_not_published', 'not_held', 'transferred_out', 'licence_ended', 'status_abnormal', 'not_usable_now',
        'extension_over', 'not_yet_valid', 'validity_over', 'no_class_held', 'no_photo_on_file', 'photo_not_usable',
        'application_under_way', 'already_held', 'photo_too_soon', 'phones_full', 'photo_refused'));

-- A holder has one application open, whatever it waits for. The platform's own new version may be made beside a review:
-- a licence whose classes changed does not wait for a photo.
CREATE UNIQUE INDEX application_open_own ON application (driver_id)
    WHERE state IN ('under_review', 'accepted', 'drafted') AND origin <> 'reissue';

-- Foreign keys (after the topology step where tables are sharded)
ALTER TABLE photo_review ADD FOREIGN KEY (driver_id, application_id) REFERENCES application (driver_id, id);
ALTER TABLE photo_review ADD FOREIGN KEY (driver_id, photo_id) REFERENCES photo (driver_id, id);
