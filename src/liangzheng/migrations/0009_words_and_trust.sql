-- What a column of words may say, and which trust bundles were ever used.
--
-- A word the code does not know must not get into a row by another way than the code. Columns that every import or
-- look writes have checks without regular expressions, the commonest value first. Events and refusals grow with the
-- code: a new one is a new migration. No foreign keys besides: the rows that would carry them are written by the
-- thousand, by contexts that do not know each other's tables, and fsck compares them.

CREATE TABLE trust_bundle (
    version   integer     NOT NULL CHECK (version >= 1),
    sha256    bytea       NOT NULL CHECK (length(sha256) = 32),  -- of the bundle as the root signed it
    used_from timestamptz NOT NULL,
    PRIMARY KEY (version)
);

ALTER TABLE outbox_parked
    ADD CHECK (topic ~ '^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$');

ALTER TABLE audit_entry
    ADD CHECK (actor_kind IN ('person', 'verifier', 'company', 'staff', 'worker', 'operator', 'system', 'source')),
    ADD CHECK (length(subject_kind) = 3);  -- the prefix of an id class, of which there will be more

ALTER TABLE person
    ADD CHECK (identity_kind IN ('A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Z'));

ALTER TABLE face_check
    ADD CHECK (engine ~ '^[a-z][a-z0-9-]{0,39}$'),
    ADD CHECK (decided_by_kind IN ('person', 'verifier', 'company', 'staff', 'worker', 'operator', 'system', 'source')),
    ADD CHECK (consumed_kind IN ('app', 'pky')),
    ADD CHECK ((consumed_kind IS NULL) = (consumed_by IS NULL)),
    ADD CHECK ((decided_by_kind IS NOT NULL) OR (decided_by IS NULL));

-- One pass over the register, whatever its size.
ALTER TABLE driver
    DROP CONSTRAINT driver_status_check,
    ADD CHECK (identity_kind IN ('A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Z')),
    ADD CHECK (nationality = 'CHN'
        OR (length(nationality) = 3 AND translate(nationality, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '') = '')),
    ADD CHECK (classes = 'C1' OR classes = '无' OR (classes <> '' AND translate(classes, 'ABCDEFMNP123456', '') = '')),
    ADD CHECK (school_bus_classes = '' OR school_bus_classes = '无'
        OR translate(school_bus_classes, 'ABCDEFMNP123456', '') = ''),
    ADD CHECK (validity_term IN ('6', '10', 'L')),
    ADD CHECK (status = 'A'
        OR (status <> '' AND length(status) <= 16 AND translate(status, 'ABCDEFGHIJKLMNPRSTUZ', '') = ''));

ALTER TABLE register_import
    ADD CHECK (encoding IN ('utf-8', 'gb18030'));

ALTER TABLE application
    ADD CHECK (refusal IN (
        'real_name_too_low', 'not_in_register', 'face_not_verified', 'phone_key_not_bound', 'not_open_here_yet',
        'opening_not_published', 'transferred_out', 'licence_ended', 'status_abnormal', 'not_usable_now', 'extension_over',
        'not_yet_valid', 'validity_over', 'no_class_held', 'no_photo_on_file', 'application_under_way', 'already_held',
        'phones_full'));

ALTER TABLE application_event
    ADD CHECK (event IN ('facts_held', 'facts_failed', 'facts_changed', 'withdrew', 'draft_recorded', 'signing_abandoned',
        'signed'));

ALTER TABLE application_turned_away
    ADD CHECK (refusal IN (
        'real_name_too_low', 'not_in_register', 'face_not_verified', 'phone_key_not_bound', 'not_open_here_yet',
        'opening_not_published', 'transferred_out', 'licence_ended', 'status_abnormal', 'not_usable_now', 'extension_over',
        'not_yet_valid', 'validity_over', 'no_class_held', 'no_photo_on_file', 'application_under_way', 'already_held',
        'phones_full'));

ALTER TABLE licence
    ADD CHECK (classes <> '' AND translate(classes, 'ABCDEFMNP123456', '') = '');

ALTER TABLE licence_event
    ADD CHECK (event IN ('draft_recorded', 'signed', 'signing_abandoned', 'new_version_live', 'standing_ended'));

ALTER TABLE credential_event
    ADD CHECK (event IN ('draft_recorded', 'signed', 'signing_abandoned', 'replaced', 'phone_ended', 'licence_withdrawn'));

ALTER TABLE verification
    ADD CHECK (class_asked IN ('A1', 'A2', 'A3', 'B1', 'B2', 'C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'D', 'E', 'F', 'M', 'N', 'P')),
    ADD CHECK (credential_state IN ('requested', 'drafted', 'live', 'superseded', 'ended', 'withdrawn', 'abandoned')),
    ADD CHECK (purpose ~ '^[a-z][a-z-]{0,39}$'),
    ADD CHECK (status = 'A'
        OR (status <> '' AND length(status) <= 16 AND translate(status, 'ABCDEFGHIJKLMNPRSTUZ', '') = ''));

-- Every version of a licence has its audit entry from now on. Those issued before get theirs here, and it says so.
INSERT INTO audit_entry (scope, id, bucket, at, act, actor_kind, subject_kind, subject, purpose, detail)
SELECT driver_id, gen_random_uuid(), (get_byte(uuid_send(driver_id), 15) & 63)::smallint, issued_at, 'licence.issued', 'system',
       'lic', id, 'recorded afterwards, by migration 0009', jsonb_build_object('version', version)
  FROM licence WHERE state IN ('live', 'superseded', 'withdrawn');

-- Foreign keys (after the topology step where tables are sharded)
ALTER TABLE phone_key ADD FOREIGN KEY (person_id, replaced_by) REFERENCES phone_key (person_id, id)
    DEFERRABLE INITIALLY DEFERRED;  -- the old key gives up its slot before the new one is there
