-- The sum of the migrations, as the server has it. Written by `./lz migrate --sum`; a test keeps it true.
-- The reasons stand in the migrations.

CREATE TABLE outbox (
    bucket      smallint NOT NULL,
    id          uuid NOT NULL,
    topic       text NOT NULL,
    subject     uuid NOT NULL,
    body        jsonb NOT NULL,
    created_at  timestamp with time zone NOT NULL,
    due_at      timestamp with time zone NOT NULL,
    attempts    smallint DEFAULT 0 NOT NULL,
    last_error  text,
    trace       text,
    CONSTRAINT outbox_pkey PRIMARY KEY (bucket, id),
    CONSTRAINT outbox_bucket_check CHECK (((bucket >= 0) AND (bucket <= 63))),
    CONSTRAINT outbox_topic_check CHECK ((topic ~ '^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$'::text)),
    CONSTRAINT outbox_trace_check CHECK ((trace ~ '^[0-9a-f]{32}-[0-9a-f]{16}$'::text))
) WITH (autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=1000, fillfactor=85);

CREATE TABLE outbox_parked (
    bucket      smallint NOT NULL,
    id          uuid NOT NULL,
    topic       text NOT NULL,
    subject     uuid NOT NULL,
    body        jsonb NOT NULL,
    created_at  timestamp with time zone NOT NULL,
    attempts    smallint NOT NULL,
    last_error  text,
    parked_at   timestamp with time zone NOT NULL,
    CONSTRAINT outbox_parked_pkey PRIMARY KEY (bucket, id),
    CONSTRAINT outbox_parked_bucket_check CHECK (((bucket >= 0) AND (bucket <= 63))),
    CONSTRAINT outbox_parked_topic_check CHECK ((topic ~ '^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$'::text))
);

CREATE TABLE idempotency (
    owner         uuid NOT NULL,
    key           text NOT NULL,
    act           text NOT NULL,
    request_hash  bytea NOT NULL,
    answer        jsonb,
    created_at    timestamp with time zone NOT NULL,
    CONSTRAINT idempotency_pkey PRIMARY KEY (owner, key),
    CONSTRAINT idempotency_key_check CHECK (((length(key) >= 8) AND (length(key) <= 64))),
    CONSTRAINT idempotency_request_hash_check CHECK ((octet_length(request_hash) = 32))
);
CREATE INDEX idempotency_created_at ON idempotency USING btree (created_at);

CREATE TABLE key_index (
    key_hash  bytea NOT NULL,
    kind      smallint NOT NULL,
    owner     uuid NOT NULL,
    CONSTRAINT key_index_pkey PRIMARY KEY (key_hash, kind),
    CONSTRAINT key_index_key_hash_check CHECK ((octet_length(key_hash) = 16)),
    CONSTRAINT key_index_kind_check CHECK (((kind >= 1) AND (kind <= 4)))
);

CREATE TABLE blob (
    hash   bytea NOT NULL,
    bytes  bytea NOT NULL,
    CONSTRAINT blob_pkey PRIMARY KEY (hash),
    CONSTRAINT blob_hash_check CHECK ((octet_length(hash) = 32))
);
ALTER TABLE blob ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE audit_entry (
    scope         uuid NOT NULL,
    id            uuid NOT NULL,
    bucket        smallint NOT NULL,
    at            timestamp with time zone NOT NULL,
    act           text NOT NULL,
    actor_kind    text NOT NULL,
    actor         uuid,
    subject_kind  text,
    subject       uuid,
    purpose       text NOT NULL,
    detail        jsonb NOT NULL,
    batch_seq     bigint,
    CONSTRAINT audit_entry_pkey PRIMARY KEY (scope, id),
    CONSTRAINT audit_entry_act_check CHECK ((act ~ '^[a-z][a-z-]*\.[a-z][a-z-]*$'::text)),
    CONSTRAINT audit_entry_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['person'::text, 'verifier'::text, 'company'::text, 'staff'::text, 'worker'::text, 'operator'::text, 'system'::text, 'source'::text]))),
    CONSTRAINT audit_entry_bucket_check CHECK (((bucket >= 0) AND (bucket <= 63))),
    CONSTRAINT audit_entry_check CHECK (((subject_kind IS NULL) = (subject IS NULL))),
    CONSTRAINT audit_entry_purpose_check CHECK (((length(purpose) >= 1) AND (length(purpose) <= 200))),
    CONSTRAINT audit_entry_subject_kind_check CHECK ((length(subject_kind) = 3))
);
CREATE INDEX audit_entry_chain ON audit_entry USING btree (bucket, batch_seq);
CREATE INDEX audit_entry_staff ON audit_entry USING btree (actor, id) WHERE (actor_kind = 'staff'::text);

CREATE TABLE audit_batch (
    bucket     smallint NOT NULL,
    seq        bigint NOT NULL,
    entries    uuid[] NOT NULL,
    leaves     bytea NOT NULL,
    prev_hash  bytea NOT NULL,
    hash       bytea NOT NULL,
    sealed_at  timestamp with time zone NOT NULL,
    CONSTRAINT audit_batch_pkey PRIMARY KEY (bucket, seq),
    CONSTRAINT audit_batch_bucket_check CHECK (((bucket >= 0) AND (bucket <= 63))),
    CONSTRAINT audit_batch_check CHECK ((length(leaves) = (32 * cardinality(entries)))),
    CONSTRAINT audit_batch_entries_check CHECK ((cardinality(entries) >= 1)),
    CONSTRAINT audit_batch_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT audit_batch_prev_hash_check CHECK ((length(prev_hash) = 32)),
    CONSTRAINT audit_batch_seq_check CHECK ((seq >= 1))
);

CREATE TABLE audit_head (
    bucket  smallint NOT NULL,
    seq     bigint NOT NULL,
    hash    bytea NOT NULL,
    CONSTRAINT audit_head_pkey PRIMARY KEY (bucket),
    CONSTRAINT audit_head_bucket_check CHECK (((bucket >= 0) AND (bucket <= 63))),
    CONSTRAINT audit_head_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT audit_head_seq_check CHECK ((seq >= 0))
);

CREATE TABLE person (
    person_id             uuid NOT NULL,
    created_at            timestamp with time zone NOT NULL,
    driver_id             uuid,
    real_name_checked_at  timestamp with time zone,
    face_checked_at       timestamp with time zone,
    level                 smallint NOT NULL,
    identity_kind         text NOT NULL,
    identity_number       text NOT NULL,
    name                  text NOT NULL,
    CONSTRAINT person_pkey PRIMARY KEY (person_id),
    CONSTRAINT person_check CHECK (((driver_id IS NULL) = (level = 0))),
    CONSTRAINT person_check1 CHECK (((driver_id IS NULL) = (real_name_checked_at IS NULL))),
    CONSTRAINT person_check2 CHECK (((level < 2) OR (face_checked_at IS NOT NULL) OR (level = 3))),
    CONSTRAINT person_identity_kind_check CHECK ((identity_kind = ANY (ARRAY['A'::text, 'B'::text, 'C'::text, 'D'::text, 'E'::text, 'F'::text, 'G'::text, 'H'::text, 'J'::text, 'K'::text, 'L'::text, 'M'::text, 'N'::text, 'P'::text, 'Z'::text]))),
    CONSTRAINT person_level_check CHECK (((level >= 0) AND (level <= 3)))
) WITH (fillfactor=90);

CREATE TABLE driver_person (
    driver_id  uuid NOT NULL,
    person_id  uuid NOT NULL,
    bound_at   timestamp with time zone NOT NULL,
    CONSTRAINT driver_person_pkey PRIMARY KEY (driver_id)
);

CREATE TABLE account (
    person_id      uuid NOT NULL,
    created_at     timestamp with time zone NOT NULL,
    mobile         text,
    password_hash  text,
    closed_at      timestamp with time zone,
    second_factor  boolean DEFAULT false NOT NULL,
    CONSTRAINT account_pkey PRIMARY KEY (person_id),
    CONSTRAINT account_check CHECK (((closed_at IS NULL) = (mobile IS NOT NULL))),
    CONSTRAINT account_check1 CHECK (((closed_at IS NULL) OR (password_hash IS NULL)))
);

CREATE TABLE log_in_attempt (
    mobile_hash    bytea NOT NULL,
    failures       integer NOT NULL,
    last_at        timestamp with time zone NOT NULL,
    blocked_until  timestamp with time zone NOT NULL,
    CONSTRAINT log_in_attempt_pkey PRIMARY KEY (mobile_hash),
    CONSTRAINT log_in_attempt_failures_check CHECK ((failures >= 1)),
    CONSTRAINT log_in_attempt_mobile_hash_check CHECK ((octet_length(mobile_hash) = 16))
) WITH (fillfactor=85);

CREATE TABLE session (
    person_id        uuid NOT NULL,
    id               uuid NOT NULL,
    opened_at        timestamp with time zone NOT NULL,
    seen_at          timestamp with time zone NOT NULL,
    expires_at       timestamp with time zone NOT NULL,
    ended_at         timestamp with time zone,
    phone_offset_ms  bigint,
    token_hash       bytea NOT NULL,
    proved_at        timestamp with time zone,
    CONSTRAINT session_pkey PRIMARY KEY (person_id, id),
    CONSTRAINT session_person_id_token_hash_key UNIQUE (person_id, token_hash),
    CONSTRAINT session_token_hash_check CHECK ((octet_length(token_hash) = 32))
) WITH (fillfactor=85);

CREATE TABLE phone_key_challenge (
    person_id   uuid NOT NULL,
    nonce       bytea NOT NULL,
    expires_at  timestamp with time zone NOT NULL,
    used_at     timestamp with time zone,
    CONSTRAINT phone_key_challenge_pkey PRIMARY KEY (person_id, nonce),
    CONSTRAINT phone_key_challenge_nonce_check CHECK ((octet_length(nonce) = 32))
);

CREATE TABLE phone_key (
    person_id    uuid NOT NULL,
    id           uuid NOT NULL,
    bound_at     timestamp with time zone NOT NULL,
    ended_at     timestamp with time zone,
    replaced_by  uuid,
    slot         smallint NOT NULL,
    label        text NOT NULL,
    public_key   bytea NOT NULL,
    used_on      date,
    CONSTRAINT phone_key_pkey PRIMARY KEY (person_id, id),
    CONSTRAINT phone_key_once UNIQUE (person_id, public_key),
    CONSTRAINT phone_key_check CHECK (((replaced_by IS NULL) OR (ended_at IS NOT NULL))),
    CONSTRAINT phone_key_label_check CHECK (((length(label) >= 1) AND (length(label) <= 40))),
    CONSTRAINT phone_key_public_key_check CHECK ((octet_length(public_key) = 33)),
    CONSTRAINT phone_key_slot_check CHECK (((slot >= 1) AND (slot <= 3)))
);
CREATE UNIQUE INDEX phone_key_slot ON phone_key USING btree (person_id, slot) WHERE (ended_at IS NULL);

CREATE TABLE face_check (
    person_id        uuid NOT NULL,
    id               uuid NOT NULL,
    begun_at         timestamp with time zone NOT NULL,
    expires_at       timestamp with time zone NOT NULL,
    judged_at        timestamp with time zone,
    usable_until     timestamp with time zone,
    move             integer NOT NULL,
    state            text NOT NULL,
    purpose          text NOT NULL,
    engine           text NOT NULL,
    engine_version   text NOT NULL,
    calibrated       boolean NOT NULL,
    simulated        boolean NOT NULL,
    liveness         text,
    score            real,
    nonce            bytea NOT NULL,
    steps            jsonb NOT NULL,
    reasons          jsonb NOT NULL,
    submission_hash  bytea,
    decided_by_kind  text,
    decided_by       uuid,
    consumed_kind    text,
    consumed_by      uuid,
    CONSTRAINT face_check_pkey PRIMARY KEY (person_id, id),
    CONSTRAINT face_check_check CHECK (((state = ANY (ARRAY['passed'::text, 'consumed'::text])) = (usable_until IS NOT NULL))),
    CONSTRAINT face_check_check1 CHECK (((state = 'consumed'::text) = (consumed_by IS NOT NULL))),
    CONSTRAINT face_check_check3 CHECK (((consumed_kind IS NULL) = (consumed_by IS NULL))),
    CONSTRAINT face_check_check4 CHECK (((decided_by_kind IS NOT NULL) OR (decided_by IS NULL))),
    CONSTRAINT face_check_consumed_kind_check CHECK ((consumed_kind = ANY (ARRAY['app'::text, 'pky'::text, 'hld'::text]))),
    CONSTRAINT face_check_decided_by_kind_check CHECK ((decided_by_kind = ANY (ARRAY['person'::text, 'verifier'::text, 'company'::text, 'staff'::text, 'worker'::text, 'operator'::text, 'system'::text, 'source'::text]))),
    CONSTRAINT face_check_engine_check CHECK ((engine ~ '^[a-z][a-z0-9-]{0,39}$'::text)),
    CONSTRAINT face_check_liveness_check CHECK ((liveness = ANY (ARRAY['none'::text, 'challenge'::text, 'certified'::text]))),
    CONSTRAINT face_check_move_check CHECK ((move >= 1)),
    CONSTRAINT face_check_nonce_check CHECK ((octet_length(nonce) = 32)),
    CONSTRAINT face_check_not_submitted CHECK (((state <> 'challenged'::text) OR (submission_hash IS NULL))),
    CONSTRAINT face_check_purpose_check CHECK ((purpose = ANY (ARRAY['apply'::text, 'bind-phone-key'::text, 'change-mobile'::text]))),
    CONSTRAINT face_check_state_check CHECK ((state = ANY (ARRAY['challenged'::text, 'submitted'::text, 'passed'::text, 'failed'::text, 'retake'::text, 'in_review'::text, 'consumed'::text, 'void'::text]))),
    CONSTRAINT face_check_submission_hash_check CHECK ((octet_length(submission_hash) = 32)),
    CONSTRAINT face_check_submitted CHECK (((state <> ALL (ARRAY['submitted'::text, 'retake'::text])) OR (submission_hash IS NOT NULL)))
) WITH (fillfactor=85);

CREATE TABLE face_frame (
    person_id      uuid NOT NULL,
    frame_hash     bytea NOT NULL,
    face_check_id  uuid NOT NULL,
    seen_at        timestamp with time zone NOT NULL,
    CONSTRAINT face_frame_pkey PRIMARY KEY (person_id, frame_hash),
    CONSTRAINT face_frame_frame_hash_check CHECK ((octet_length(frame_hash) = 32))
);

CREATE TABLE driver (
    driver_id                uuid NOT NULL,
    standing_version         bigint NOT NULL,
    updated_at               timestamp with time zone NOT NULL,
    record_version           integer NOT NULL,
    import_number            integer NOT NULL,
    import_line              integer NOT NULL,
    birth_date               date NOT NULL,
    first_issue_date         date NOT NULL,
    valid_from               date NOT NULL,
    valid_until              date,
    extended_until           date,
    points_reset_on          date,
    points_exceeded_on       date,
    study_notice_on          date,
    review_due_on            date,
    review_valid_until       date,
    probation_until          date,
    points                   smallint NOT NULL,
    reissue_count            smallint NOT NULL,
    sex                      smallint NOT NULL,
    probation                boolean NOT NULL,
    hearing_aid              boolean NOT NULL,
    identity_kind            text NOT NULL,
    document_number          text NOT NULL,
    name                     text NOT NULL,
    name_key                 text NOT NULL,
    nationality              text NOT NULL,
    classes                  text NOT NULL,
    class_history            text NOT NULL,
    validity_term            text NOT NULL,
    status                   text NOT NULL,
    issuing_authority        text NOT NULL,
    department               text,
    first_issuing_authority  text,
    address_division         text NOT NULL,
    resident_address         text NOT NULL,
    file_number              text NOT NULL,
    former_file_number       text,
    card_core_number         text,
    school_bus_classes       text NOT NULL,
    notes                    text NOT NULL,
    portrait_hash            bytea,
    row_hash                 bytea NOT NULL,
    CONSTRAINT driver_pkey PRIMARY KEY (driver_id),
    CONSTRAINT driver_check CHECK (((validity_term = 'L'::text) = (valid_until IS NULL))),
    CONSTRAINT driver_check1 CHECK ((valid_until > valid_from)),
    CONSTRAINT driver_classes_check CHECK (((classes = 'C1'::text) OR (classes = '无'::text) OR ((classes <> ''::text) AND (translate(classes, 'ABCDEFMNP123456'::text, ''::text) = ''::text)))),
    CONSTRAINT driver_identity_kind_check CHECK ((identity_kind = ANY (ARRAY['A'::text, 'B'::text, 'C'::text, 'D'::text, 'E'::text, 'F'::text, 'G'::text, 'H'::text, 'J'::text, 'K'::text, 'L'::text, 'M'::text, 'N'::text, 'P'::text, 'Z'::text]))),
    CONSTRAINT driver_nationality_check CHECK (((nationality = 'CHN'::text) OR ((length(nationality) = 3) AND (translate(nationality, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'::text, ''::text) = ''::text)))),
    CONSTRAINT driver_points_check CHECK (((points >= 0) AND (points <= 999))),
    CONSTRAINT driver_portrait_hash_check CHECK ((length(portrait_hash) = 32)),
    CONSTRAINT driver_reissue_count_check CHECK ((reissue_count >= 0)),
    CONSTRAINT driver_row_hash_check CHECK ((length(row_hash) = 16)),
    CONSTRAINT driver_school_bus_classes_check CHECK (((school_bus_classes = ''::text) OR (school_bus_classes = '无'::text) OR (translate(school_bus_classes, 'ABCDEFMNP123456'::text, ''::text) = ''::text))),
    CONSTRAINT driver_sex_check CHECK ((sex = ANY (ARRAY[1, 2]))),
    CONSTRAINT driver_status_check CHECK (((status = 'A'::text) OR ((status <> ''::text) AND (length(status) <= 16) AND (translate(status, 'ABCDEFGHIJKLMNPRSTUZ'::text, ''::text) = ''::text)))),
    CONSTRAINT driver_validity_term_check CHECK ((validity_term = ANY (ARRAY['6'::text, '10'::text, 'L'::text])))
) WITH (fillfactor=90);

CREATE TABLE driver_change (
    driver_id         uuid NOT NULL,
    version           integer NOT NULL,
    at                timestamp with time zone NOT NULL,
    source            text NOT NULL,
    standing_version  bigint NOT NULL,
    before            jsonb NOT NULL,
    after             jsonb NOT NULL,
    CONSTRAINT driver_change_pkey PRIMARY KEY (driver_id, version),
    CONSTRAINT driver_change_source_check CHECK (((length(source) >= 1) AND (length(source) <= 200))),
    CONSTRAINT driver_change_version_check CHECK ((version >= 2))
);

CREATE TABLE register_import (
    import_id      uuid NOT NULL,
    number         integer NOT NULL,
    state          text NOT NULL,
    file_name      text NOT NULL,
    file_bytes     bigint NOT NULL,
    encoding       text NOT NULL,
    position       bigint NOT NULL,
    prefix_hash    bytea NOT NULL,
    lines_done     bigint NOT NULL,
    rejects_bytes  bigint NOT NULL,
    fresh          bigint DEFAULT 0 NOT NULL,
    changed        bigint DEFAULT 0 NOT NULL,
    unchanged      bigint DEFAULT 0 NOT NULL,
    rejected       bigint DEFAULT 0 NOT NULL,
    warnings       jsonb DEFAULT '{}'::jsonb NOT NULL,
    started_at     timestamp with time zone NOT NULL,
    moved_at       timestamp with time zone NOT NULL,
    as_of          timestamp with time zone,
    drawn_at       timestamp with time zone,
    CONSTRAINT register_import_pkey PRIMARY KEY (import_id),
    CONSTRAINT register_import_check CHECK (((((fresh + changed) + unchanged) + rejected) <= lines_done)),
    CONSTRAINT register_import_encoding_check CHECK ((encoding = ANY (ARRAY['utf-8'::text, 'gb18030'::text]))),
    CONSTRAINT register_import_number_check CHECK ((number >= 1)),
    CONSTRAINT register_import_prefix_hash_check CHECK ((length(prefix_hash) = 32)),
    CONSTRAINT register_import_state_check CHECK ((state = ANY (ARRAY['running'::text, 'finished'::text, 'abandoned'::text])))
);

CREATE TABLE register_import_seen (
    import_id  uuid NOT NULL,
    key_hash   bytea NOT NULL,
    line       integer NOT NULL,
    CONSTRAINT register_import_seen_pkey PRIMARY KEY (import_id, key_hash)
);

CREATE TABLE rollout_wave (
    id           uuid NOT NULL,
    measure      text NOT NULL,
    name         text NOT NULL,
    opens_from   date,
    opens_until  date NOT NULL,
    nationwide   boolean NOT NULL,
    complete     boolean NOT NULL,
    source       text NOT NULL,
    recorded_at  timestamp with time zone NOT NULL,
    CONSTRAINT rollout_wave_pkey PRIMARY KEY (id),
    CONSTRAINT rollout_wave_measure_name_key UNIQUE (measure, name),
    CONSTRAINT rollout_wave_check CHECK ((opens_until >= opens_from)),
    CONSTRAINT rollout_wave_check1 CHECK (((NOT nationwide) OR (complete AND (opens_from IS NOT NULL) AND (opens_until = opens_from)))),
    CONSTRAINT rollout_wave_measure_check CHECK ((measure ~ '^[a-z-]{1,40}$'::text)),
    CONSTRAINT rollout_wave_name_check CHECK (((length(name) >= 1) AND (length(name) <= 60)))
);

CREATE TABLE rollout_place (
    wave_id        uuid NOT NULL,
    division_code  text NOT NULL,
    opens_on       date,
    CONSTRAINT rollout_place_pkey PRIMARY KEY (wave_id, division_code),
    CONSTRAINT rollout_place_division_code_check CHECK ((division_code ~ '^[0-9]{6}$'::text))
);

CREATE TABLE application (
    driver_id         uuid NOT NULL,
    id                uuid NOT NULL,
    state             text NOT NULL,
    move              integer NOT NULL,
    origin            text NOT NULL,
    photo             text NOT NULL,
    person_id         uuid,
    face_check_id     uuid,
    phone_key_id      uuid,
    phone_key         bytea,
    refusal           text,
    standing_version  bigint NOT NULL,
    submitted_at      timestamp with time zone NOT NULL,
    moved_at          timestamp with time zone NOT NULL,
    photo_id          uuid,
    CONSTRAINT application_pkey PRIMARY KEY (driver_id, id),
    CONSTRAINT application_check CHECK (((refusal IS NOT NULL) = (state = 'refused'::text))),
    CONSTRAINT application_check1 CHECK (((phone_key_id IS NULL) = (phone_key IS NULL))),
    CONSTRAINT application_check2 CHECK (((origin = 'reissue'::text) OR ((person_id IS NOT NULL) AND (face_check_id IS NOT NULL)))),
    CONSTRAINT application_move_check CHECK ((move >= 1)),
    CONSTRAINT application_origin_check CHECK ((origin = ANY (ARRAY['holder'::text, 'reissue'::text, 'photo'::text]))),
    CONSTRAINT application_own_photo_check CHECK (((photo = 'archived'::text) = (photo_id IS NULL))),
    CONSTRAINT application_phone_key_check CHECK ((length(phone_key) = 33)),
    CONSTRAINT application_photo_check CHECK ((photo = ANY (ARRAY['archived'::text, 'camera'::text, 'album'::text]))),
    CONSTRAINT application_refusal_check CHECK ((refusal = ANY (ARRAY['real_name_too_low'::text, 'not_in_register'::text, 'face_not_verified'::text, 'phone_key_not_bound'::text, 'not_open_here_yet'::text, 'opening_not_published'::text, 'not_held'::text, 'transferred_out'::text, 'licence_ended'::text, 'status_abnormal'::text, 'not_usable_now'::text, 'extension_over'::text, 'not_yet_valid'::text, 'validity_over'::text, 'no_class_held'::text, 'no_photo_on_file'::text, 'photo_not_usable'::text, 'application_under_way'::text, 'already_held'::text, 'photo_too_soon'::text, 'phones_full'::text, 'photo_refused'::text]))),
    CONSTRAINT application_state_check CHECK ((state = ANY (ARRAY['under_review'::text, 'accepted'::text, 'drafted'::text, 'issued'::text, 'refused'::text, 'withdrawn'::text])))
) WITH (fillfactor=85);
CREATE UNIQUE INDEX application_face_check ON application USING btree (driver_id, face_check_id) WHERE (state <> 'refused'::text);
CREATE UNIQUE INDEX application_open ON application USING btree (driver_id) WHERE (state = ANY (ARRAY['accepted'::text, 'drafted'::text]));
CREATE UNIQUE INDEX application_open_own ON application USING btree (driver_id) WHERE ((state = ANY (ARRAY['under_review'::text, 'accepted'::text, 'drafted'::text])) AND (origin <> 'reissue'::text));

CREATE TABLE application_event (
    driver_id       uuid NOT NULL,
    application_id  uuid NOT NULL,
    move            integer NOT NULL,
    event           text NOT NULL,
    at              timestamp with time zone NOT NULL,
    CONSTRAINT application_event_pkey PRIMARY KEY (driver_id, application_id, move),
    CONSTRAINT application_event_event_check CHECK ((event = ANY (ARRAY['facts_held'::text, 'facts_failed'::text, 'facts_changed'::text, 'photo_is_new'::text, 'photo_approved'::text, 'photo_refused'::text, 'withdrew'::text, 'draft_recorded'::text, 'signing_abandoned'::text, 'signed'::text])))
);

CREATE TABLE application_turned_away (
    person_id     uuid NOT NULL,
    id            uuid NOT NULL,
    refusal       text NOT NULL,
    submitted_at  timestamp with time zone NOT NULL,
    CONSTRAINT application_turned_away_pkey PRIMARY KEY (person_id, id),
    CONSTRAINT application_turned_away_refusal_check CHECK ((refusal = ANY (ARRAY['real_name_too_low'::text, 'not_in_register'::text, 'face_not_verified'::text, 'phone_key_not_bound'::text, 'not_open_here_yet'::text, 'opening_not_published'::text, 'not_held'::text, 'transferred_out'::text, 'licence_ended'::text, 'status_abnormal'::text, 'not_usable_now'::text, 'extension_over'::text, 'not_yet_valid'::text, 'validity_over'::text, 'no_class_held'::text, 'no_photo_on_file'::text, 'photo_not_usable'::text, 'application_under_way'::text, 'already_held'::text, 'photo_too_soon'::text, 'phones_full'::text, 'photo_refused'::text])))
);

CREATE TABLE issue_queue (
    bucket     smallint NOT NULL,
    due_at     timestamp with time zone NOT NULL,
    subject    uuid NOT NULL,
    kind       text NOT NULL,
    driver_id  uuid NOT NULL,
    CONSTRAINT issue_queue_pkey PRIMARY KEY (bucket, due_at, subject),
    CONSTRAINT issue_queue_bucket_check CHECK (((bucket >= 0) AND (bucket <= 63))),
    CONSTRAINT issue_queue_kind_check CHECK ((kind = ANY (ARRAY['application'::text, 'credential'::text])))
);

CREATE TABLE licence (
    driver_id         uuid NOT NULL,
    id                uuid NOT NULL,
    version           integer NOT NULL,
    state             text NOT NULL,
    move              integer NOT NULL,
    application_id    uuid NOT NULL,
    standing_version  bigint NOT NULL,
    classes           text NOT NULL,
    valid_from        date NOT NULL,
    valid_until       date,
    authority         text NOT NULL,
    portrait_hash     bytea NOT NULL,
    kid               bytea NOT NULL,
    document          bytea NOT NULL,
    signature         bytea,
    lease             uuid NOT NULL,
    leased_until      timestamp with time zone NOT NULL,
    drafted_at        timestamp with time zone NOT NULL,
    issued_at         timestamp with time zone,
    ended_at          timestamp with time zone,
    font_hash         bytea,
    CONSTRAINT licence_pkey PRIMARY KEY (driver_id, id, version),
    CONSTRAINT licence_check CHECK (((signature IS NULL) = (state = ANY (ARRAY['drafted'::text, 'abandoned'::text])))),
    CONSTRAINT licence_check1 CHECK (((issued_at IS NULL) = (state = ANY (ARRAY['drafted'::text, 'abandoned'::text])))),
    CONSTRAINT licence_check2 CHECK (((ended_at IS NOT NULL) = (state = ANY (ARRAY['superseded'::text, 'withdrawn'::text, 'abandoned'::text])))),
    CONSTRAINT licence_classes_check CHECK (((classes <> ''::text) AND (translate(classes, 'ABCDEFMNP123456'::text, ''::text) = ''::text))),
    CONSTRAINT licence_font_hash_check CHECK ((length(font_hash) = 32)),
    CONSTRAINT licence_kid_check CHECK ((length(kid) = 8)),
    CONSTRAINT licence_move_check CHECK ((move >= 1)),
    CONSTRAINT licence_portrait_hash_check CHECK ((length(portrait_hash) = 32)),
    CONSTRAINT licence_signature_check CHECK ((length(signature) = 64)),
    CONSTRAINT licence_state_check CHECK ((state = ANY (ARRAY['drafted'::text, 'live'::text, 'superseded'::text, 'withdrawn'::text, 'abandoned'::text]))),
    CONSTRAINT licence_version_check CHECK (((version >= 1) AND (version <= 999)))
) WITH (fillfactor=85);
CREATE UNIQUE INDEX licence_drafted ON licence USING btree (driver_id) WHERE (state = 'drafted'::text);
CREATE INDEX licence_found ON licence USING btree (leased_until) WHERE (state = 'drafted'::text);
CREATE UNIQUE INDEX licence_live ON licence USING btree (driver_id) WHERE (state = 'live'::text);

CREATE TABLE licence_event (
    driver_id   uuid NOT NULL,
    licence_id  uuid NOT NULL,
    version     integer NOT NULL,
    move        integer NOT NULL,
    event       text NOT NULL,
    at          timestamp with time zone NOT NULL,
    CONSTRAINT licence_event_pkey PRIMARY KEY (driver_id, licence_id, version, move),
    CONSTRAINT licence_event_event_check CHECK ((event = ANY (ARRAY['draft_recorded'::text, 'signed'::text, 'signing_abandoned'::text, 'new_version_live'::text, 'standing_ended'::text])))
);

CREATE TABLE credential (
    driver_id         uuid NOT NULL,
    id                uuid NOT NULL,
    licence_id        uuid NOT NULL,
    licence_version   integer,
    state             text NOT NULL,
    move              integer NOT NULL,
    asked             boolean DEFAULT false NOT NULL,
    slot              smallint NOT NULL,
    phone_key_id      uuid NOT NULL,
    phone_key         bytea NOT NULL,
    standing_version  bigint,
    list_id           integer,
    list_index        integer,
    kid               bytea,
    octets            bytea,
    signature         bytea,
    lease             uuid,
    leased_until      timestamp with time zone,
    requested_at      timestamp with time zone NOT NULL,
    issued_at         timestamp with time zone,
    expires_at        timestamp with time zone,
    ended_at          timestamp with time zone,
    CONSTRAINT credential_pkey PRIMARY KEY (driver_id, id),
    CONSTRAINT credential_check CHECK (((state <> ALL (ARRAY['drafted'::text, 'live'::text])) OR (num_nulls(licence_version, list_id, list_index, kid, octets, expires_at) = 0))),
    CONSTRAINT credential_check1 CHECK (((state <> 'drafted'::text) OR (num_nulls(lease, leased_until) = 0))),
    CONSTRAINT credential_check2 CHECK (((state <> 'live'::text) OR (num_nulls(signature, issued_at) = 0))),
    CONSTRAINT credential_check3 CHECK (((state <> ALL (ARRAY['requested'::text, 'drafted'::text, 'abandoned'::text])) OR (signature IS NULL))),
    CONSTRAINT credential_kid_check CHECK ((length(kid) = 8)),
    CONSTRAINT credential_move_check CHECK ((move >= 0)),
    CONSTRAINT credential_phone_key_check CHECK ((length(phone_key) = 33)),
    CONSTRAINT credential_signature_check CHECK ((length(signature) = 64)),
    CONSTRAINT credential_slot_check CHECK (((slot >= 1) AND (slot <= 3))),
    CONSTRAINT credential_state_check CHECK ((state = ANY (ARRAY['requested'::text, 'drafted'::text, 'live'::text, 'superseded'::text, 'ended'::text, 'withdrawn'::text, 'abandoned'::text])))
) WITH (fillfactor=85);
CREATE UNIQUE INDEX credential_coming_slot ON credential USING btree (driver_id, slot) WHERE (state = ANY (ARRAY['requested'::text, 'drafted'::text]));
CREATE INDEX credential_found ON credential USING btree (leased_until) WHERE (state = 'drafted'::text);
CREATE UNIQUE INDEX credential_live_phone ON credential USING btree (driver_id, phone_key_id) WHERE (state = 'live'::text);
CREATE UNIQUE INDEX credential_live_slot ON credential USING btree (driver_id, slot) WHERE (state = 'live'::text);

CREATE TABLE credential_event (
    driver_id      uuid NOT NULL,
    credential_id  uuid NOT NULL,
    move           integer NOT NULL,
    event          text NOT NULL,
    at             timestamp with time zone NOT NULL,
    CONSTRAINT credential_event_pkey PRIMARY KEY (driver_id, credential_id, move),
    CONSTRAINT credential_event_event_check CHECK ((event = ANY (ARRAY['draft_recorded'::text, 'signed'::text, 'signing_abandoned'::text, 'replaced'::text, 'phone_ended'::text, 'licence_withdrawn'::text])))
);

CREATE TABLE ended_phone_key (
    driver_id     uuid NOT NULL,
    phone_key_id  uuid NOT NULL,
    ended_at      timestamp with time zone NOT NULL,
    CONSTRAINT ended_phone_key_pkey PRIMARY KEY (driver_id, phone_key_id)
);

CREATE TABLE status_list (
    list_id     integer NOT NULL,
    taken       integer NOT NULL,
    secret      bytea NOT NULL,
    version     bigint NOT NULL,
    opened_at   timestamp with time zone NOT NULL,
    changed_at  timestamp with time zone NOT NULL,
    CONSTRAINT status_list_pkey PRIMARY KEY (list_id),
    CONSTRAINT status_list_list_id_check CHECK ((list_id >= 1)),
    CONSTRAINT status_list_secret_check CHECK ((length(secret) = 16)),
    CONSTRAINT status_list_taken_check CHECK (((taken >= 0) AND (taken <= 1048576))),
    CONSTRAINT status_list_version_check CHECK ((version >= 1))
);

CREATE TABLE status_entry (
    list_id        integer NOT NULL,
    list_index     integer NOT NULL,
    driver_id      uuid NOT NULL,
    credential_id  uuid NOT NULL,
    value          smallint NOT NULL,
    CONSTRAINT status_entry_pkey PRIMARY KEY (list_id, list_index),
    CONSTRAINT status_entry_list_index_check CHECK (((list_index >= 0) AND (list_index <= 1048575))),
    CONSTRAINT status_entry_value_check CHECK ((value = ANY (ARRAY[0, 1, 2])))
) WITH (fillfactor=90);
CREATE INDEX status_entry_set ON status_entry USING btree (list_id) WHERE (value <> 0);

CREATE TABLE verifier (
    verifier_id  uuid NOT NULL,
    name         text NOT NULL,
    kind         text NOT NULL,
    token_hash   bytea NOT NULL,
    state        text NOT NULL,
    created_at   timestamp with time zone NOT NULL,
    CONSTRAINT verifier_pkey PRIMARY KEY (verifier_id),
    CONSTRAINT verifier_kind_check CHECK ((kind = ANY (ARRAY['police'::text, 'company'::text, 'public'::text]))),
    CONSTRAINT verifier_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT verifier_state_check CHECK ((state = ANY (ARRAY['active'::text, 'ended'::text]))),
    CONSTRAINT verifier_token_hash_check CHECK ((length(token_hash) = 32))
);

CREATE TABLE verification (
    driver_id         uuid NOT NULL,
    shown_at          timestamp with time zone NOT NULL,
    code_hash         bytea NOT NULL,
    verification_id   uuid NOT NULL,
    verifier_id       uuid NOT NULL,
    request_key       text NOT NULL,
    at                timestamp with time zone NOT NULL,
    licence_id        uuid NOT NULL,
    licence_version   integer NOT NULL,
    purpose           text NOT NULL,
    class_asked       text,
    credential_state  text NOT NULL,
    standing_version  bigint NOT NULL,
    status            text NOT NULL,
    points            smallint NOT NULL,
    CONSTRAINT verification_pkey PRIMARY KEY (driver_id, shown_at, code_hash),
    CONSTRAINT verification_class_asked_check CHECK ((class_asked = ANY (ARRAY['A1'::text, 'A2'::text, 'A3'::text, 'B1'::text, 'B2'::text, 'C1'::text, 'C2'::text, 'C3'::text, 'C4'::text, 'C5'::text, 'C6'::text, 'D'::text, 'E'::text, 'F'::text, 'M'::text, 'N'::text, 'P'::text]))),
    CONSTRAINT verification_code_hash_check CHECK ((length(code_hash) = 16)),
    CONSTRAINT verification_credential_state_check CHECK ((credential_state = ANY (ARRAY['requested'::text, 'drafted'::text, 'live'::text, 'superseded'::text, 'ended'::text, 'withdrawn'::text, 'abandoned'::text]))),
    CONSTRAINT verification_purpose_check CHECK ((purpose ~ '^[a-z][a-z-]{0,39}$'::text)),
    CONSTRAINT verification_request_key_check CHECK (((length(request_key) >= 8) AND (length(request_key) <= 64))),
    CONSTRAINT verification_status_check CHECK (((status = 'A'::text) OR ((status <> ''::text) AND (length(status) <= 16) AND (translate(status, 'ABCDEFGHIJKLMNPRSTUZ'::text, ''::text) = ''::text))))
);
CREATE INDEX verification_at ON verification USING btree (at);

CREATE TABLE short_code (
    digits       text NOT NULL,
    code         bytea NOT NULL,
    made_at      timestamp with time zone NOT NULL,
    expires_at   timestamp with time zone NOT NULL,
    used_by      uuid,
    request_key  text,
    CONSTRAINT short_code_pkey PRIMARY KEY (digits),
    CONSTRAINT short_code_check CHECK (((used_by IS NULL) = (request_key IS NULL))),
    CONSTRAINT short_code_check1 CHECK ((expires_at > made_at)),
    CONSTRAINT short_code_digits_check CHECK ((digits ~ '^[0-9]{8}$'::text))
);

CREATE TABLE figure_count (
    measure   text NOT NULL,
    day       date NOT NULL,
    division  text NOT NULL,
    value     bigint NOT NULL,
    CONSTRAINT figure_count_pkey PRIMARY KEY (measure, day, division),
    CONSTRAINT figure_count_measure_check CHECK (((length(measure) >= 1) AND (length(measure) <= 60))),
    CONSTRAINT figure_count_value_check CHECK ((value >= 0))
);

CREATE TABLE trust_bundle (
    version    integer NOT NULL,
    sha256     bytea NOT NULL,
    used_from  timestamp with time zone NOT NULL,
    CONSTRAINT trust_bundle_pkey PRIMARY KEY (version),
    CONSTRAINT trust_bundle_sha256_check CHECK ((length(sha256) = 32)),
    CONSTRAINT trust_bundle_version_check CHECK ((version >= 1))
);

CREATE TABLE company (
    company_id     uuid NOT NULL,
    name           text NOT NULL,
    credit_code    text NOT NULL,
    state          text NOT NULL,
    move           integer NOT NULL,
    per_minute     integer NOT NULL,
    per_day        integer NOT NULL,
    webhook_url    text,
    webhook_key    integer DEFAULT 0 NOT NULL,
    registered_at  timestamp with time zone NOT NULL,
    approved_at    timestamp with time zone,
    registered_by  uuid,
    CONSTRAINT company_pkey PRIMARY KEY (company_id),
    CONSTRAINT company_check CHECK (((state <> ALL (ARRAY['approved'::text, 'suspended'::text])) OR (approved_at IS NOT NULL))),
    CONSTRAINT company_credit_code_check CHECK ((length(credit_code) = 18)),
    CONSTRAINT company_move_check CHECK ((move >= 0)),
    CONSTRAINT company_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT company_per_day_check CHECK (((per_day >= 1) AND (per_day <= 10000000))),
    CONSTRAINT company_per_minute_check CHECK (((per_minute >= 1) AND (per_minute <= 60000))),
    CONSTRAINT company_state_check CHECK ((state = ANY (ARRAY['registered'::text, 'approved'::text, 'suspended'::text, 'ended'::text]))),
    CONSTRAINT company_webhook_key_check CHECK ((webhook_key >= 0)),
    CONSTRAINT company_webhook_url_check CHECK (((length(webhook_url) >= 1) AND (length(webhook_url) <= 500)))
);

CREATE TABLE company_event (
    company_id  uuid NOT NULL,
    move        integer NOT NULL,
    event       text NOT NULL,
    at          timestamp with time zone NOT NULL,
    actor_kind  text NOT NULL,
    actor       uuid,
    reason      text NOT NULL,
    CONSTRAINT company_event_pkey PRIMARY KEY (company_id, move),
    CONSTRAINT company_event_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 200)))
);

CREATE TABLE company_purpose (
    company_id  uuid NOT NULL,
    purpose     text NOT NULL,
    fields      text[] NOT NULL,
    bulk        boolean NOT NULL,
    notices     boolean NOT NULL,
    CONSTRAINT company_purpose_pkey PRIMARY KEY (company_id, purpose),
    CONSTRAINT company_purpose_fields_check CHECK ((cardinality(fields) >= 1))
);

CREATE TABLE company_secret (
    company_id   uuid NOT NULL,
    secret_hash  bytea NOT NULL,
    made_at      timestamp with time zone NOT NULL,
    ends_at      timestamp with time zone,
    CONSTRAINT company_secret_pkey PRIMARY KEY (company_id, secret_hash),
    CONSTRAINT company_secret_secret_hash_check CHECK ((length(secret_hash) = 32))
);

CREATE TABLE company_token (
    company_id  uuid NOT NULL,
    token_hash  bytea NOT NULL,
    purposes    text[] NOT NULL,
    made_at     timestamp with time zone NOT NULL,
    expires_at  timestamp with time zone NOT NULL,
    CONSTRAINT company_token_pkey PRIMARY KEY (company_id, token_hash),
    CONSTRAINT company_token_token_hash_check CHECK ((length(token_hash) = 32))
);

CREATE TABLE company_usage (
    company_id  uuid NOT NULL,
    span        text NOT NULL,
    starts_at   timestamp with time zone NOT NULL,
    used        integer NOT NULL,
    CONSTRAINT company_usage_pkey PRIMARY KEY (company_id, span, starts_at),
    CONSTRAINT company_usage_span_check CHECK ((span = ANY (ARRAY['minute'::text, 'day'::text]))),
    CONSTRAINT company_usage_used_check CHECK ((used >= 0))
) WITH (fillfactor=70);

CREATE TABLE consent_request (
    company_id      uuid NOT NULL,
    request_id      uuid NOT NULL,
    state           text NOT NULL,
    move            integer NOT NULL,
    purpose         text NOT NULL,
    fields          text[] NOT NULL,
    class_asked     text,
    standing_until  date,
    reference       text,
    asked_at        timestamp with time zone NOT NULL,
    expires_at      timestamp with time zone NOT NULL,
    driver_id       uuid,
    person_id       uuid,
    phone_key_id    uuid,
    signature       bytea,
    decided_at      timestamp with time zone,
    answered_at     timestamp with time zone,
    CONSTRAINT consent_request_pkey PRIMARY KEY (company_id, request_id),
    CONSTRAINT consent_request_check CHECK ((expires_at > asked_at)),
    CONSTRAINT consent_request_check1 CHECK (((state = ANY (ARRAY['approved'::text, 'answered'::text])) = (signature IS NOT NULL))),
    CONSTRAINT consent_request_check2 CHECK (((state = ANY (ARRAY['approved'::text, 'answered'::text, 'refused'::text])) = (driver_id IS NOT NULL))),
    CONSTRAINT consent_request_check3 CHECK (((state = 'answered'::text) = (answered_at IS NOT NULL))),
    CONSTRAINT consent_request_fields_check CHECK ((cardinality(fields) >= 1)),
    CONSTRAINT consent_request_move_check CHECK ((move >= 0)),
    CONSTRAINT consent_request_reference_check CHECK (((length(reference) >= 1) AND (length(reference) <= 64))),
    CONSTRAINT consent_request_signature_check CHECK ((length(signature) = 64)),
    CONSTRAINT consent_request_state_check CHECK ((state = ANY (ARRAY['asked'::text, 'approved'::text, 'refused'::text, 'answered'::text, 'cancelled'::text])))
) WITH (fillfactor=85);

CREATE TABLE consent_code (
    code_hash   bytea NOT NULL,
    company_id  uuid NOT NULL,
    request_id  uuid NOT NULL,
    expires_at  timestamp with time zone NOT NULL,
    CONSTRAINT consent_code_pkey PRIMARY KEY (code_hash),
    CONSTRAINT consent_code_code_hash_check CHECK ((length(code_hash) = 32))
);

CREATE TABLE standing_consent (
    driver_id    uuid NOT NULL,
    consent_id   uuid NOT NULL,
    company_id   uuid NOT NULL,
    request_id   uuid NOT NULL,
    person_id    uuid NOT NULL,
    pseudonym    uuid NOT NULL,
    purpose      text NOT NULL,
    fields       text[] NOT NULL,
    class_asked  text,
    until        date NOT NULL,
    state        text NOT NULL,
    move         integer NOT NULL,
    given_at     timestamp with time zone NOT NULL,
    ended_at     timestamp with time zone,
    CONSTRAINT standing_consent_pkey PRIMARY KEY (driver_id, consent_id),
    CONSTRAINT standing_consent_check CHECK (((state = 'active'::text) = (ended_at IS NULL))),
    CONSTRAINT standing_consent_fields_check CHECK ((cardinality(fields) >= 1)),
    CONSTRAINT standing_consent_move_check CHECK ((move >= 1)),
    CONSTRAINT standing_consent_state_check CHECK ((state = ANY (ARRAY['active'::text, 'withdrawn'::text, 'replaced'::text])))
);
CREATE UNIQUE INDEX standing_consent_active ON standing_consent USING btree (driver_id, company_id, purpose) WHERE (state = 'active'::text);

CREATE TABLE company_driver (
    company_id  uuid NOT NULL,
    pseudonym   uuid NOT NULL,
    driver_id   uuid NOT NULL,
    CONSTRAINT company_driver_pkey PRIMARY KEY (company_id, pseudonym)
);

CREATE TABLE company_look (
    driver_id    uuid NOT NULL,
    at           timestamp with time zone NOT NULL,
    look_id      uuid NOT NULL,
    company_id   uuid NOT NULL,
    purpose      text NOT NULL,
    fields       text[] NOT NULL,
    class_asked  text,
    under        text NOT NULL,
    subject      uuid NOT NULL,
    CONSTRAINT company_look_pkey PRIMARY KEY (driver_id, at, look_id),
    CONSTRAINT company_look_under_check CHECK ((under = ANY (ARRAY['request'::text, 'standing'::text])))
);
CREATE INDEX company_look_at ON company_look USING btree (at);

CREATE TABLE notice (
    company_id  uuid NOT NULL,
    notice_id   uuid NOT NULL,
    driver_id   uuid NOT NULL,
    consent_id  uuid NOT NULL,
    pseudonym   uuid NOT NULL,
    purpose     text NOT NULL,
    state       text NOT NULL,
    attempts    smallint NOT NULL,
    due_at      timestamp with time zone NOT NULL,
    made_at     timestamp with time zone NOT NULL,
    ended_at    timestamp with time zone,
    last_error  text,
    CONSTRAINT notice_pkey PRIMARY KEY (company_id, notice_id),
    CONSTRAINT notice_check CHECK (((state = 'waiting'::text) = (ended_at IS NULL))),
    CONSTRAINT notice_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'delivered'::text, 'dropped'::text, 'parked'::text])))
) WITH (fillfactor=85);
CREATE INDEX notice_due_of_company ON notice USING btree (company_id, due_at) WHERE (state = 'waiting'::text);
CREATE UNIQUE INDEX notice_fresh ON notice USING btree (company_id, consent_id) WHERE ((state = 'waiting'::text) AND (attempts = 0));

CREATE TABLE staff (
    staff_id       uuid NOT NULL,
    added_at       timestamp with time zone NOT NULL,
    moved_at       timestamp with time zone NOT NULL,
    move           integer NOT NULL,
    state          text NOT NULL,
    number         text NOT NULL,
    name           text NOT NULL,
    unit           text NOT NULL,
    password_hash  text,
    person_link    bytea,
    CONSTRAINT staff_pkey PRIMARY KEY (staff_id),
    CONSTRAINT staff_move_check CHECK ((move >= 1)),
    CONSTRAINT staff_name_check CHECK (((length(name) >= 1) AND (length(name) <= 60))),
    CONSTRAINT staff_number_check CHECK ((number ~ '^[0-9A-Z]{4,12}$'::text)),
    CONSTRAINT staff_person_link_check CHECK ((octet_length(person_link) = 16)),
    CONSTRAINT staff_state_check CHECK ((state = ANY (ARRAY['active'::text, 'suspended'::text, 'ended'::text]))),
    CONSTRAINT staff_unit_check CHECK (((length(unit) >= 1) AND (length(unit) <= 100)))
);

CREATE TABLE staff_number (
    number    text NOT NULL,
    staff_id  uuid NOT NULL,
    CONSTRAINT staff_number_pkey PRIMARY KEY (number)
);

CREATE TABLE staff_duty (
    staff_id   uuid NOT NULL,
    id         uuid NOT NULL,
    given_at   timestamp with time zone NOT NULL,
    ended_at   timestamp with time zone,
    from_day   date NOT NULL,
    until_day  date,
    duty       text NOT NULL,
    region     text NOT NULL,
    CONSTRAINT staff_duty_pkey PRIMARY KEY (staff_id, id),
    CONSTRAINT staff_duty_check CHECK ((until_day >= from_day)),
    CONSTRAINT staff_duty_region_check CHECK ((region ~ '^([0-9]{2}){0,3}$'::text))
);
CREATE UNIQUE INDEX staff_duty_once ON staff_duty USING btree (staff_id, duty, region) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX staff_one_administration ON staff_duty USING btree (staff_id) WHERE ((ended_at IS NULL) AND (duty = ANY (ARRAY['system'::text, 'keys'::text, 'audit'::text])));

CREATE TABLE staff_enrolment (
    staff_id    uuid NOT NULL,
    made_at     timestamp with time zone NOT NULL,
    expires_at  timestamp with time zone NOT NULL,
    used_at     timestamp with time zone,
    code_hash   bytea NOT NULL,
    CONSTRAINT staff_enrolment_pkey PRIMARY KEY (staff_id),
    CONSTRAINT staff_enrolment_code_hash_check CHECK ((octet_length(code_hash) = 32))
);

CREATE TABLE staff_totp (
    staff_id     uuid NOT NULL,
    made_at      timestamp with time zone NOT NULL,
    enrolled_at  timestamp with time zone,
    last_step    bigint NOT NULL,
    sealed       bytea NOT NULL,
    CONSTRAINT staff_totp_pkey PRIMARY KEY (staff_id)
);

CREATE TABLE staff_attempt (
    number_hash    bytea NOT NULL,
    failures       integer NOT NULL,
    last_at        timestamp with time zone NOT NULL,
    blocked_until  timestamp with time zone NOT NULL,
    CONSTRAINT staff_attempt_pkey PRIMARY KEY (number_hash),
    CONSTRAINT staff_attempt_failures_check CHECK ((failures >= 1)),
    CONSTRAINT staff_attempt_number_hash_check CHECK ((octet_length(number_hash) = 16))
) WITH (fillfactor=85);

CREATE TABLE staff_session (
    staff_id    uuid NOT NULL,
    id          uuid NOT NULL,
    opened_at   timestamp with time zone NOT NULL,
    seen_at     timestamp with time zone NOT NULL,
    proved_at   timestamp with time zone NOT NULL,
    expires_at  timestamp with time zone NOT NULL,
    ended_at    timestamp with time zone,
    token_hash  bytea NOT NULL,
    CONSTRAINT staff_session_pkey PRIMARY KEY (staff_id, id),
    CONSTRAINT staff_session_staff_id_token_hash_key UNIQUE (staff_id, token_hash),
    CONSTRAINT staff_session_token_hash_check CHECK ((octet_length(token_hash) = 32))
) WITH (fillfactor=85);

CREATE TABLE look_up_count (
    staff_id  uuid NOT NULL,
    day       date NOT NULL,
    duty      text NOT NULL,
    used      integer NOT NULL,
    CONSTRAINT look_up_count_pkey PRIMARY KEY (staff_id, day, duty),
    CONSTRAINT look_up_count_used_check CHECK ((used >= 1))
) WITH (fillfactor=85);

CREATE TABLE look_up (
    driver_id    uuid NOT NULL,
    id           uuid NOT NULL,
    at           timestamp with time zone NOT NULL,
    staff_id     uuid NOT NULL,
    unit         text NOT NULL,
    duty         text NOT NULL,
    purpose      text NOT NULL,
    case_number  text NOT NULL,
    CONSTRAINT look_up_pkey PRIMARY KEY (driver_id, id)
);
CREATE INDEX look_up_at ON look_up USING btree (at);

CREATE TABLE proposal (
    province     text NOT NULL,
    id           uuid NOT NULL,
    proposed_at  timestamp with time zone NOT NULL,
    moved_at     timestamp with time zone NOT NULL,
    expires_at   timestamp with time zone NOT NULL,
    decided_at   timestamp with time zone,
    driver_id    uuid,
    proposed_by  uuid NOT NULL,
    decided_by   uuid,
    move         integer NOT NULL,
    kind         text NOT NULL,
    state        text NOT NULL,
    division     text NOT NULL,
    duty         text NOT NULL,
    reason       text NOT NULL,
    case_number  text NOT NULL,
    what         jsonb NOT NULL,
    CONSTRAINT proposal_pkey PRIMARY KEY (province, id),
    CONSTRAINT proposal_check CHECK (((decided_by IS NULL) = (decided_at IS NULL))),
    CONSTRAINT proposal_check1 CHECK (((state <> ALL (ARRAY['approved'::text, 'done'::text, 'refused'::text])) OR (decided_by IS NOT NULL))),
    CONSTRAINT proposal_check2 CHECK (((driver_id IS NULL) = (kind = ANY (ARRAY['rotate-key'::text, 'retire-key'::text, 'open-wave'::text, 'give-duty'::text, 'new-enrolment'::text])))),
    CONSTRAINT proposal_division_check CHECK ((division ~ '^[0-9]{6}$'::text)),
    CONSTRAINT proposal_four_eyes CHECK ((decided_by <> proposed_by)),
    CONSTRAINT proposal_kind_check CHECK ((kind = ANY (ARRAY['suspend'::text, 'restore'::text, 'correct'::text, 'retain'::text, 'rotate-key'::text, 'retire-key'::text, 'open-wave'::text, 'give-duty'::text, 'new-enrolment'::text]))),
    CONSTRAINT proposal_move_check CHECK ((move >= 1)),
    CONSTRAINT proposal_province_check CHECK ((province ~ '^[0-9]{2}$'::text)),
    CONSTRAINT proposal_state_check CHECK ((state = ANY (ARRAY['proposed'::text, 'approved'::text, 'done'::text, 'refused'::text, 'withdrawn'::text, 'expired'::text])))
) WITH (fillfactor=85);
CREATE INDEX proposal_due ON proposal USING btree (province, expires_at) WHERE (state = ANY (ARRAY['proposed'::text, 'approved'::text]));
CREATE UNIQUE INDEX proposal_open_once ON proposal USING btree (province, driver_id, kind) WHERE (state = 'proposed'::text);

CREATE TABLE proposal_event (
    province     text NOT NULL,
    proposal_id  uuid NOT NULL,
    move         integer NOT NULL,
    at           timestamp with time zone NOT NULL,
    event        text NOT NULL,
    staff_id     uuid,
    CONSTRAINT proposal_event_pkey PRIMARY KEY (province, proposal_id, move),
    CONSTRAINT proposal_event_move_check CHECK ((move >= 2))
);

CREATE TABLE audit_checkpoint (
    epoch    integer NOT NULL,
    number   bigint NOT NULL,
    made_at  timestamp with time zone NOT NULL,
    heads    bytea NOT NULL,
    octets   bytea NOT NULL,
    CONSTRAINT audit_checkpoint_pkey PRIMARY KEY (epoch, number),
    CONSTRAINT audit_checkpoint_epoch_check CHECK ((epoch >= 0)),
    CONSTRAINT audit_checkpoint_heads_check CHECK ((length(heads) = 32)),
    CONSTRAINT audit_checkpoint_number_check CHECK ((number >= 1))
);

CREATE TABLE restored (
    epoch           integer NOT NULL,
    restored_at     timestamp with time zone NOT NULL,
    backup_id       uuid NOT NULL,
    backup_made_at  timestamp with time zone NOT NULL,
    certain_at      timestamp with time zone,
    certain_by      text,
    CONSTRAINT restored_pkey PRIMARY KEY (epoch),
    CONSTRAINT restored_certain_by_check CHECK ((certain_by = ANY (ARRAY['register'::text, 'feed'::text, 'before'::text]))),
    CONSTRAINT restored_check CHECK (((certain_at IS NULL) = (certain_by IS NULL))),
    CONSTRAINT restored_epoch_check CHECK ((epoch >= 1))
);

CREATE TABLE one_time_code (
    mobile_hash   bytea NOT NULL,
    purpose       text NOT NULL,
    made_at       timestamp with time zone NOT NULL,
    expires_at    timestamp with time zone NOT NULL,
    tries         smallint NOT NULL,
    request_hash  bytea NOT NULL,
    code_hash     bytea NOT NULL,
    bound_to      uuid,
    proof_hash    bytea,
    proof_until   timestamp with time zone,
    used_at       timestamp with time zone,
    CONSTRAINT one_time_code_pkey PRIMARY KEY (mobile_hash, purpose),
    CONSTRAINT one_time_code_check CHECK (((proof_hash IS NULL) = (proof_until IS NULL))),
    CONSTRAINT one_time_code_check1 CHECK (((used_at IS NULL) OR (proof_hash IS NOT NULL))),
    CONSTRAINT one_time_code_code_hash_check CHECK ((octet_length(code_hash) = 16)),
    CONSTRAINT one_time_code_mobile_hash_check CHECK ((octet_length(mobile_hash) = 16)),
    CONSTRAINT one_time_code_proof_hash_check CHECK ((octet_length(proof_hash) = 32)),
    CONSTRAINT one_time_code_purpose_check CHECK ((purpose = ANY (ARRAY['register'::text, 'log-in'::text, 'reset-password'::text, 'change-mobile'::text, 'stop-mobile-change'::text]))),
    CONSTRAINT one_time_code_request_hash_check CHECK ((octet_length(request_hash) = 32)),
    CONSTRAINT one_time_code_tries_check CHECK (((tries >= 0) AND (tries <= 5)))
) WITH (fillfactor=85);

CREATE TABLE one_time_code_budget (
    mobile_hash  bytea NOT NULL,
    asked        integer NOT NULL,
    asked_since  timestamp with time zone NOT NULL,
    asked_at     timestamp with time zone NOT NULL,
    wrong        integer NOT NULL,
    wrong_at     timestamp with time zone NOT NULL,
    CONSTRAINT one_time_code_budget_pkey PRIMARY KEY (mobile_hash),
    CONSTRAINT one_time_code_budget_asked_check CHECK ((asked >= 0)),
    CONSTRAINT one_time_code_budget_mobile_hash_check CHECK ((octet_length(mobile_hash) = 16)),
    CONSTRAINT one_time_code_budget_wrong_check CHECK ((wrong >= 0))
) WITH (fillfactor=85);

CREATE TABLE passkey (
    person_id      uuid NOT NULL,
    id             uuid NOT NULL,
    made_at        timestamp with time zone NOT NULL,
    used_at        timestamp with time zone,
    sign_count     bigint NOT NULL,
    backed_up      boolean NOT NULL,
    label          text NOT NULL,
    credential_id  bytea NOT NULL,
    public_key     bytea NOT NULL,
    CONSTRAINT passkey_pkey PRIMARY KEY (person_id, id),
    CONSTRAINT passkey_once UNIQUE (person_id, credential_id),
    CONSTRAINT passkey_credential_id_check CHECK (((octet_length(credential_id) >= 1) AND (octet_length(credential_id) <= 1023))),
    CONSTRAINT passkey_label_check CHECK (((length(label) >= 1) AND (length(label) <= 40))),
    CONSTRAINT passkey_sign_count_check CHECK ((sign_count >= 0))
);

CREATE TABLE passkey_challenge (
    challenge   bytea NOT NULL,
    person_id   uuid,
    ceremony    text NOT NULL,
    expires_at  timestamp with time zone NOT NULL,
    used_at     timestamp with time zone,
    CONSTRAINT passkey_challenge_pkey PRIMARY KEY (challenge),
    CONSTRAINT passkey_challenge_ceremony_check CHECK ((ceremony = ANY (ARRAY['add'::text, 'log-in'::text, 'confirm'::text]))),
    CONSTRAINT passkey_challenge_challenge_check CHECK ((octet_length(challenge) = 32)),
    CONSTRAINT passkey_challenge_check CHECK (((ceremony = 'log-in'::text) = (person_id IS NULL)))
);

CREATE TABLE held_act (
    person_id   uuid NOT NULL,
    id          uuid NOT NULL,
    asked_at    timestamp with time zone NOT NULL,
    due_at      timestamp with time zone NOT NULL,
    ended_at    timestamp with time zone,
    move        integer NOT NULL,
    kind        text NOT NULL,
    state       text NOT NULL,
    new_mobile  text,
    noticed_at  timestamp with time zone,
    CONSTRAINT held_act_pkey PRIMARY KEY (person_id, id),
    CONSTRAINT held_act_check CHECK (((state = 'waiting'::text) = (ended_at IS NULL))),
    CONSTRAINT held_act_check1 CHECK ((((kind = 'mobile'::text) AND (state = 'waiting'::text)) = (new_mobile IS NOT NULL))),
    CONSTRAINT held_act_check2 CHECK (((state <> 'done'::text) OR ((noticed_at IS NOT NULL) AND (due_at <= ended_at)))),
    CONSTRAINT held_act_kind_check CHECK ((kind = ANY (ARRAY['mobile'::text, 'closing'::text]))),
    CONSTRAINT held_act_move_check CHECK ((move >= 1)),
    CONSTRAINT held_act_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'stopped'::text, 'done'::text, 'failed'::text])))
);
CREATE INDEX held_act_due ON held_act USING btree (due_at) WHERE (state = 'waiting'::text);
CREATE UNIQUE INDEX held_act_one ON held_act USING btree (person_id, kind) WHERE (state = 'waiting'::text);

CREATE TABLE agreement (
    person_id  uuid NOT NULL,
    id         uuid NOT NULL,
    at         timestamp with time zone NOT NULL,
    version    integer NOT NULL,
    given      boolean NOT NULL,
    kind       text NOT NULL,
    text_hash  bytea NOT NULL,
    CONSTRAINT agreement_pkey PRIMARY KEY (person_id, id),
    CONSTRAINT agreement_kind_check CHECK ((kind = ANY (ARRAY['terms'::text, 'privacy'::text, 'face-data'::text, 'face-review'::text, 'notices'::text]))),
    CONSTRAINT agreement_text_hash_check CHECK ((octet_length(text_hash) = 32)),
    CONSTRAINT agreement_version_check CHECK ((version >= 1))
);
CREATE INDEX agreement_latest ON agreement USING btree (person_id, kind, id);

CREATE TABLE correction_request (
    person_id    uuid NOT NULL,
    id           uuid NOT NULL,
    asked_at     timestamp with time zone NOT NULL,
    answered_at  timestamp with time zone,
    move         integer NOT NULL,
    state        text NOT NULL,
    wish         text NOT NULL,
    answer       text,
    CONSTRAINT correction_request_pkey PRIMARY KEY (person_id, id),
    CONSTRAINT correction_request_answer_check CHECK (((length(answer) >= 1) AND (length(answer) <= 1000))),
    CONSTRAINT correction_request_check CHECK (((state = 'open'::text) = (answered_at IS NULL))),
    CONSTRAINT correction_request_check1 CHECK (((state = ANY (ARRAY['corrected'::text, 'declined'::text])) = (answer IS NOT NULL))),
    CONSTRAINT correction_request_move_check CHECK ((move >= 1)),
    CONSTRAINT correction_request_state_check CHECK ((state = ANY (ARRAY['open'::text, 'corrected'::text, 'declined'::text, 'withdrawn'::text]))),
    CONSTRAINT correction_request_wish_check CHECK (((length(wish) >= 1) AND (length(wish) <= 1000)))
);
CREATE INDEX correction_request_open ON correction_request USING btree (id) WHERE (state = 'open'::text);
CREATE INDEX correction_request_over ON correction_request USING btree (answered_at) WHERE (state <> 'open'::text);

CREATE TABLE register_source (
    source_id           uuid NOT NULL,
    done_to             bigint NOT NULL,
    halted_at_sequence  bigint,
    added_at            timestamp with time zone NOT NULL,
    moved_at            timestamp with time zone NOT NULL,
    state               text NOT NULL,
    name                text NOT NULL,
    provinces           text[] NOT NULL,
    forgotten_to        bigint DEFAULT 0 NOT NULL,
    CONSTRAINT register_source_pkey PRIMARY KEY (source_id),
    CONSTRAINT register_source_check CHECK (((state = 'halted'::text) = (halted_at_sequence IS NOT NULL))),
    CONSTRAINT register_source_done_to_check CHECK ((done_to >= 0)),
    CONSTRAINT register_source_forgotten CHECK (((forgotten_to >= 0) AND (forgotten_to <= done_to))),
    CONSTRAINT register_source_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT register_source_provinces_check CHECK ((cardinality(provinces) >= 1)),
    CONSTRAINT register_source_state_check CHECK ((state = ANY (ARRAY['active'::text, 'halted'::text, 'ended'::text])))
);

CREATE TABLE register_source_key (
    source_id  uuid NOT NULL,
    kid        bytea NOT NULL,
    added_at   timestamp with time zone NOT NULL,
    ended_at   timestamp with time zone,
    spki       bytea NOT NULL,
    CONSTRAINT register_source_key_pkey PRIMARY KEY (source_id, kid),
    CONSTRAINT register_source_key_kid_check CHECK ((octet_length(kid) = 8)),
    CONSTRAINT register_source_key_spki_check CHECK ((octet_length(spki) = 91))
);

CREATE TABLE register_line (
    source_id  uuid NOT NULL,
    sequence   bigint NOT NULL,
    done_at    timestamp with time zone NOT NULL,
    line_hash  bytea,
    place      text,
    rule       text,
    older      boolean DEFAULT false NOT NULL,
    CONSTRAINT register_line_pkey PRIMARY KEY (source_id, sequence),
    CONSTRAINT register_line_check CHECK (((place IS NULL) = (rule IS NULL))),
    CONSTRAINT register_line_closed CHECK (((line_hash IS NOT NULL) OR (rule IS NOT NULL))),
    CONSTRAINT register_line_line_hash_check CHECK ((octet_length(line_hash) = 16)),
    CONSTRAINT register_line_older CHECK (((NOT older) OR (rule IS NULL))),
    CONSTRAINT register_line_sequence_check CHECK ((sequence >= 1))
);
CREATE INDEX register_line_refused ON register_line USING btree (source_id, sequence) WHERE (rule IS NOT NULL);

CREATE TABLE register_line_waiting (
    source_id    uuid NOT NULL,
    sequence     bigint NOT NULL,
    received_at  timestamp with time zone NOT NULL,
    line         bytea NOT NULL,
    CONSTRAINT register_line_waiting_pkey PRIMARY KEY (source_id, sequence),
    CONSTRAINT register_line_waiting_line_check CHECK ((octet_length(line) <= 4096)),
    CONSTRAINT register_line_waiting_sequence_check CHECK ((sequence >= 1))
);

CREATE TABLE points_account (
    driver_id   uuid NOT NULL,
    cycle_from  date NOT NULL,
    resets_on   date NOT NULL,
    entries     integer NOT NULL,
    is_full     boolean NOT NULL,
    CONSTRAINT points_account_pkey PRIMARY KEY (driver_id),
    CONSTRAINT points_account_check CHECK ((resets_on > cycle_from)),
    CONSTRAINT points_account_entries_check CHECK ((entries >= 0))
) WITH (fillfactor=90);
CREATE INDEX points_account_due ON points_account USING btree (resets_on, driver_id) WHERE (NOT is_full);

CREATE TABLE points_entry (
    driver_id   uuid NOT NULL,
    at          timestamp with time zone NOT NULL,
    number      integer NOT NULL,
    cycle_from  date NOT NULL,
    on_day      date NOT NULL,
    corrects    integer,
    points      smallint NOT NULL,
    kind        text NOT NULL,
    reference   text,
    source      text NOT NULL,
    CONSTRAINT points_entry_pkey PRIMARY KEY (driver_id, number),
    CONSTRAINT points_entry_check CHECK ((corrects < number)),
    CONSTRAINT points_entry_kind CHECK ((kind = ANY (ARRAY['opening'::text, 'restated'::text, 'violation'::text, 'correction'::text, 'earned-back'::text, 'cleared'::text, 'carried'::text, 'reckoned'::text]))),
    CONSTRAINT points_entry_names CHECK (((kind = 'reckoned'::text) OR ((kind = ANY (ARRAY['correction'::text, 'carried'::text])) = (corrects IS NOT NULL)))),
    CONSTRAINT points_entry_number_check CHECK ((number >= 1)),
    CONSTRAINT points_entry_points_check CHECK ((points <> 0)),
    CONSTRAINT points_entry_reference_check CHECK (((length(reference) >= 1) AND (length(reference) <= 64))),
    CONSTRAINT points_entry_source_check CHECK (((length(source) >= 1) AND (length(source) <= 200)))
);
CREATE UNIQUE INDEX points_entry_reference ON points_entry USING btree (driver_id, reference);

CREATE TABLE photo (
    driver_id      uuid NOT NULL,
    id             uuid NOT NULL,
    person_id      uuid NOT NULL,
    source         text NOT NULL,
    portrait_hash  bytea NOT NULL,
    picture        bytea,
    doubts         text[] NOT NULL,
    facts          jsonb NOT NULL,
    added_at       timestamp with time zone NOT NULL,
    CONSTRAINT photo_pkey PRIMARY KEY (driver_id, id),
    CONSTRAINT photo_portrait_hash_check CHECK ((length(portrait_hash) = 32)),
    CONSTRAINT photo_source_check CHECK ((source = ANY (ARRAY['camera'::text, 'album'::text])))
);
CREATE INDEX photo_kept ON photo USING btree (added_at) WHERE (picture IS NOT NULL);

CREATE TABLE photo_review (
    driver_id        uuid NOT NULL,
    application_id   uuid NOT NULL,
    photo_id         uuid NOT NULL,
    authority        text NOT NULL,
    submitted_at     timestamp with time zone NOT NULL,
    due_day          date NOT NULL,
    due_at           timestamp with time zone NOT NULL,
    provisional      boolean NOT NULL,
    taken_by_kind    text,
    taken_by         uuid,
    taken_until      timestamp with time zone,
    escalated_at     timestamp with time zone,
    outcome          text,
    reasons          text[] DEFAULT '{}'::text[] NOT NULL,
    decided_by_kind  text,
    decided_by       uuid,
    decided_at       timestamp with time zone,
    CONSTRAINT photo_review_pkey PRIMARY KEY (driver_id, application_id),
    CONSTRAINT photo_review_check CHECK (((outcome IS NULL) = (decided_at IS NULL))),
    CONSTRAINT photo_review_check1 CHECK (((outcome IS NULL) = (decided_by_kind IS NULL))),
    CONSTRAINT photo_review_check2 CHECK (((cardinality(reasons) > 0) = (NOT (outcome IS DISTINCT FROM 'refused'::text)))),
    CONSTRAINT photo_review_check3 CHECK (((taken_by_kind IS NULL) = (taken_until IS NULL))),
    CONSTRAINT photo_review_check4 CHECK (((taken_by IS NULL) OR (taken_by_kind IS NOT NULL))),
    CONSTRAINT photo_review_decided_by_kind_check CHECK ((decided_by_kind = ANY (ARRAY['staff'::text, 'operator'::text, 'person'::text, 'system'::text]))),
    CONSTRAINT photo_review_outcome_check CHECK ((outcome = ANY (ARRAY['approved'::text, 'refused'::text, 'withdrawn'::text]))),
    CONSTRAINT photo_review_taken_by_kind_check CHECK ((taken_by_kind = ANY (ARRAY['staff'::text, 'operator'::text])))
);
CREATE INDEX photo_review_application ON photo_review USING btree (application_id);
CREATE UNIQUE INDEX photo_review_photo ON photo_review USING btree (driver_id, photo_id);
CREATE INDEX photo_review_waiting ON photo_review USING btree (due_at, application_id) WHERE (outcome IS NULL);

CREATE TABLE message (
    person_id  uuid NOT NULL,
    id         uuid NOT NULL,
    kind       text NOT NULL,
    once       text,
    at         timestamp with time zone NOT NULL,
    detail     jsonb NOT NULL,
    read_at    timestamp with time zone,
    sms        text NOT NULL,
    sms_at     timestamp with time zone,
    CONSTRAINT message_pkey PRIMARY KEY (person_id, id),
    CONSTRAINT message_check CHECK (((sms_at IS NULL) = (sms = ANY (ARRAY['none'::text, 'wanted'::text])))),
    CONSTRAINT message_kind_check CHECK ((kind ~ '^[a-z-]{1,40}$'::text)),
    CONSTRAINT message_once_check CHECK (((length(once) >= 1) AND (length(once) <= 80))),
    CONSTRAINT message_sms_check CHECK ((sms = ANY (ARRAY['none'::text, 'wanted'::text, 'sent'::text, 'refused'::text])))
);
CREATE UNIQUE INDEX message_once ON message USING btree (person_id, kind, once) WHERE (once IS NOT NULL);
CREATE INDEX message_over ON message USING btree (at) WHERE (((read_at IS NOT NULL) OR (kind = ANY (ARRAY['company-answered'::text, 'looked-at'::text, 'looked-up'::text, 'record-shown'::text]))) AND (NOT ((sms = 'wanted'::text) AND (kind = ANY (ARRAY['account-closing-asked'::text, 'mobile-change-asked'::text])))));

CREATE TABLE message_choice (
    person_id   uuid NOT NULL,
    kind        text NOT NULL,
    sms         boolean NOT NULL,
    changed_at  timestamp with time zone NOT NULL,
    CONSTRAINT message_choice_pkey PRIMARY KEY (person_id, kind),
    CONSTRAINT message_choice_kind_check CHECK ((kind ~ '^[a-z-]{1,40}$'::text))
);

CREATE TABLE message_mark (
    name   text NOT NULL,
    until  timestamp with time zone NOT NULL,
    CONSTRAINT message_mark_pkey PRIMARY KEY (name)
);

CREATE TABLE staff_passkey (
    staff_id       uuid NOT NULL,
    id             uuid NOT NULL,
    made_at        timestamp with time zone NOT NULL,
    used_at        timestamp with time zone,
    sign_count     bigint NOT NULL,
    backed_up      boolean NOT NULL,
    label          text NOT NULL,
    credential_id  bytea NOT NULL,
    public_key     bytea NOT NULL,
    CONSTRAINT staff_passkey_pkey PRIMARY KEY (staff_id, id),
    CONSTRAINT staff_passkey_once UNIQUE (staff_id, credential_id),
    CONSTRAINT staff_passkey_credential_id_check CHECK (((octet_length(credential_id) >= 1) AND (octet_length(credential_id) <= 1023))),
    CONSTRAINT staff_passkey_label_check CHECK (((length(label) >= 1) AND (length(label) <= 40))),
    CONSTRAINT staff_passkey_sign_count_check CHECK ((sign_count >= 0))
);

CREATE TABLE staff_passkey_challenge (
    challenge   bytea NOT NULL,
    staff_id    uuid NOT NULL,
    ceremony    text NOT NULL,
    expires_at  timestamp with time zone NOT NULL,
    used_at     timestamp with time zone,
    CONSTRAINT staff_passkey_challenge_pkey PRIMARY KEY (challenge),
    CONSTRAINT staff_passkey_challenge_ceremony_check CHECK ((ceremony = ANY (ARRAY['add'::text, 'prove'::text]))),
    CONSTRAINT staff_passkey_challenge_challenge_check CHECK ((octet_length(challenge) = 32)),
    CONSTRAINT staff_passkey_challenge_check CHECK (((ceremony <> 'prove'::text) OR (used_at IS NOT NULL)))
);

CREATE TABLE status_letter (
    driver_id  uuid NOT NULL,
    put_by     uuid NOT NULL,
    put_at     timestamp with time zone NOT NULL,
    also_said  boolean DEFAULT false NOT NULL,
    letter     text NOT NULL,
    CONSTRAINT status_letter_pkey PRIMARY KEY (driver_id, letter),
    CONSTRAINT status_letter_letter_check CHECK ((length(letter) = 1))
);

CREATE TABLE look_up_draw (
    week       date NOT NULL,
    drawn_at   timestamp with time zone NOT NULL,
    looked     integer NOT NULL,
    drawn      integer NOT NULL,
    per_staff  integer NOT NULL,
    seed       bytea NOT NULL,
    CONSTRAINT look_up_draw_pkey PRIMARY KEY (week),
    CONSTRAINT look_up_draw_check CHECK (((drawn >= 0) AND (drawn <= looked))),
    CONSTRAINT look_up_draw_looked_check CHECK ((looked >= 0)),
    CONSTRAINT look_up_draw_per_staff_check CHECK ((per_staff >= 0)),
    CONSTRAINT look_up_draw_seed_check CHECK ((octet_length(seed) = 32)),
    CONSTRAINT look_up_draw_week_check CHECK ((EXTRACT(isodow FROM week) = (1)::numeric))
);

CREATE TABLE look_up_sample (
    staff_id     uuid NOT NULL,
    look_up_id   uuid NOT NULL,
    driver_id    uuid NOT NULL,
    at           timestamp with time zone NOT NULL,
    reviewed_at  timestamp with time zone,
    reviewed_by  uuid,
    week         date NOT NULL,
    division     text NOT NULL,
    unit         text NOT NULL,
    duty         text NOT NULL,
    purpose      text NOT NULL,
    case_number  text NOT NULL,
    outcome      text,
    CONSTRAINT look_up_sample_pkey PRIMARY KEY (staff_id, look_up_id),
    CONSTRAINT look_up_sample_check CHECK (((outcome IS NULL) = (reviewed_at IS NULL))),
    CONSTRAINT look_up_sample_check1 CHECK (((outcome IS NULL) = (reviewed_by IS NULL))),
    CONSTRAINT look_up_sample_division_check CHECK ((division ~ '^[0-9]{6}$'::text)),
    CONSTRAINT look_up_sample_other_person CHECK ((reviewed_by <> staff_id)),
    CONSTRAINT look_up_sample_outcome_check CHECK ((outcome = ANY (ARRAY['in-order'::text, 'unclear'::text, 'improper'::text])))
);
CREATE INDEX look_up_sample_look_up ON look_up_sample USING btree (look_up_id);
CREATE INDEX look_up_sample_open ON look_up_sample USING btree (look_up_id) WHERE (outcome IS NULL);
CREATE INDEX look_up_sample_week ON look_up_sample USING btree (week);

CREATE TABLE last_said (
    driver_id    uuid NOT NULL,
    occurred_at  timestamp with time zone NOT NULL,
    change       text NOT NULL,
    CONSTRAINT last_said_pkey PRIMARY KEY (driver_id, change),
    CONSTRAINT last_said_change_check CHECK ((change = ANY (ARRAY['status'::text, 'classes'::text, 'validity'::text, 'authority'::text, 'address'::text])))
) WITH (fillfactor=90);

CREATE TABLE face_review (
    person_id        uuid NOT NULL,
    face_check_id    uuid NOT NULL,
    driver_id        uuid NOT NULL,
    authority        text NOT NULL,
    submitted_at     timestamp with time zone NOT NULL,
    due_day          date NOT NULL,
    due_at           timestamp with time zone NOT NULL,
    provisional      boolean NOT NULL,
    taken_by_kind    text,
    taken_by         uuid,
    taken_until      timestamp with time zone,
    escalated_at     timestamp with time zone,
    outcome          text,
    reasons          text[] DEFAULT '{}'::text[] NOT NULL,
    decided_by_kind  text,
    decided_by       uuid,
    decided_at       timestamp with time zone,
    CONSTRAINT face_review_pkey PRIMARY KEY (person_id, face_check_id),
    CONSTRAINT face_review_check CHECK (((outcome IS NULL) = (decided_at IS NULL))),
    CONSTRAINT face_review_check1 CHECK (((outcome IS NULL) = (decided_by_kind IS NULL))),
    CONSTRAINT face_review_check2 CHECK (((cardinality(reasons) > 0) = (NOT (outcome IS DISTINCT FROM 'refused'::text)))),
    CONSTRAINT face_review_check3 CHECK (((taken_by_kind IS NULL) = (taken_until IS NULL))),
    CONSTRAINT face_review_check4 CHECK (((taken_by IS NULL) OR (taken_by_kind IS NOT NULL))),
    CONSTRAINT face_review_decided_by_kind_check CHECK ((decided_by_kind = ANY (ARRAY['staff'::text, 'operator'::text, 'person'::text, 'system'::text]))),
    CONSTRAINT face_review_outcome_check CHECK ((outcome = ANY (ARRAY['approved'::text, 'refused'::text, 'withdrawn'::text]))),
    CONSTRAINT face_review_taken_by_kind_check CHECK ((taken_by_kind = ANY (ARRAY['staff'::text, 'operator'::text])))
);
CREATE INDEX face_review_check ON face_review USING btree (face_check_id);
CREATE INDEX face_review_waiting ON face_review USING btree (due_at, face_check_id) WHERE (outcome IS NULL);

CREATE TABLE face_capture (
    person_id      uuid NOT NULL,
    face_check_id  uuid NOT NULL,
    number         smallint NOT NULL,
    step           smallint NOT NULL,
    kept_until     timestamp with time zone NOT NULL,
    sealed         bytea NOT NULL,
    CONSTRAINT face_capture_pkey PRIMARY KEY (person_id, face_check_id, number),
    CONSTRAINT face_capture_number_check CHECK ((number >= 0)),
    CONSTRAINT face_capture_step_check CHECK ((step >= 0))
);
CREATE INDEX face_capture_until ON face_capture USING btree (kept_until);

CREATE TABLE figure_part (
    measure  text NOT NULL,
    day      date NOT NULL,
    city     text NOT NULL,
    reason   text NOT NULL,
    value    bigint NOT NULL,
    CONSTRAINT figure_part_pkey PRIMARY KEY (measure, day, city, reason),
    CONSTRAINT figure_part_city_check CHECK ((city ~ '^([0-9]{6})?$'::text)),
    CONSTRAINT figure_part_measure_check CHECK (((length(measure) >= 1) AND (length(measure) <= 60))),
    CONSTRAINT figure_part_reason_check CHECK ((length(reason) <= 60)),
    CONSTRAINT figure_part_value_check CHECK ((value >= 0))
);

CREATE TABLE figure_mark (
    measure  text NOT NULL,
    at       timestamp with time zone NOT NULL,
    CONSTRAINT figure_mark_pkey PRIMARY KEY (measure)
);

CREATE TABLE register_upload (
    upload_id     uuid NOT NULL,
    state         text NOT NULL,
    file_name     text NOT NULL,
    octets        bigint NOT NULL,
    received      bigint DEFAULT 0 NOT NULL,
    drawn_at      timestamp with time zone NOT NULL,
    sent_by       uuid NOT NULL,
    begun_at      timestamp with time zone NOT NULL,
    decided_by    uuid,
    decided_at    timestamp with time zone,
    worked_until  timestamp with time zone,
    octets_done   bigint DEFAULT 0 NOT NULL,
    lines_done    bigint DEFAULT 0 NOT NULL,
    counts        jsonb DEFAULT '{}'::jsonb NOT NULL,
    fault         text,
    ended_at      timestamp with time zone,
    CONSTRAINT register_upload_pkey PRIMARY KEY (upload_id),
    CONSTRAINT register_upload_check CHECK ((received <= octets)),
    CONSTRAINT register_upload_check1 CHECK (((decided_by IS DISTINCT FROM sent_by) OR (decided_by IS NULL))),
    CONSTRAINT register_upload_check2 CHECK (((decided_by IS NULL) = (decided_at IS NULL))),
    CONSTRAINT register_upload_file_name_check CHECK (((length(file_name) >= 1) AND (length(file_name) <= 120))),
    CONSTRAINT register_upload_octets_check CHECK ((octets > 0)),
    CONSTRAINT register_upload_state_check CHECK ((state = ANY (ARRAY['sending'::text, 'sent'::text, 'released'::text, 'finished'::text, 'failed'::text, 'refused'::text])))
);

CREATE TABLE register_upload_part (
    upload_id  uuid NOT NULL,
    kind       text NOT NULL,
    start      bigint NOT NULL,
    octets     bytea NOT NULL,
    CONSTRAINT register_upload_part_pkey PRIMARY KEY (upload_id, kind, start),
    CONSTRAINT register_upload_part_kind_check CHECK ((kind = ANY (ARRAY['file'::text, 'rejects'::text]))),
    CONSTRAINT register_upload_part_start_check CHECK ((start >= 0))
);

-- Foreign keys.

ALTER TABLE account ADD CONSTRAINT account_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(person_id);
ALTER TABLE session ADD CONSTRAINT session_person_id_fkey FOREIGN KEY (person_id) REFERENCES account(person_id);
ALTER TABLE phone_key_challenge ADD CONSTRAINT phone_key_challenge_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(person_id);
ALTER TABLE phone_key ADD CONSTRAINT phone_key_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(person_id);
ALTER TABLE phone_key ADD CONSTRAINT phone_key_person_id_replaced_by_fkey FOREIGN KEY (person_id, replaced_by) REFERENCES phone_key(person_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE face_check ADD CONSTRAINT face_check_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(person_id);
ALTER TABLE face_frame ADD CONSTRAINT face_frame_person_id_face_check_id_fkey FOREIGN KEY (person_id, face_check_id) REFERENCES face_check(person_id, id);
ALTER TABLE driver_change ADD CONSTRAINT driver_change_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES driver(driver_id);
ALTER TABLE rollout_place ADD CONSTRAINT rollout_place_wave_id_fkey FOREIGN KEY (wave_id) REFERENCES rollout_wave(id);
ALTER TABLE licence ADD CONSTRAINT licence_driver_id_application_id_fkey FOREIGN KEY (driver_id, application_id) REFERENCES application(driver_id, id);
ALTER TABLE credential ADD CONSTRAINT credential_driver_id_licence_id_licence_version_fkey FOREIGN KEY (driver_id, licence_id, licence_version) REFERENCES licence(driver_id, id, version);
ALTER TABLE staff_duty ADD CONSTRAINT staff_duty_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(staff_id);
ALTER TABLE staff_enrolment ADD CONSTRAINT staff_enrolment_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(staff_id);
ALTER TABLE staff_totp ADD CONSTRAINT staff_totp_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(staff_id);
ALTER TABLE staff_session ADD CONSTRAINT staff_session_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(staff_id);
ALTER TABLE look_up ADD CONSTRAINT look_up_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES driver(driver_id);
ALTER TABLE proposal_event ADD CONSTRAINT proposal_event_province_proposal_id_fkey FOREIGN KEY (province, proposal_id) REFERENCES proposal(province, id);
ALTER TABLE passkey ADD CONSTRAINT passkey_person_id_fkey FOREIGN KEY (person_id) REFERENCES account(person_id);
ALTER TABLE held_act ADD CONSTRAINT held_act_person_id_fkey FOREIGN KEY (person_id) REFERENCES account(person_id);
ALTER TABLE agreement ADD CONSTRAINT agreement_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(person_id);
ALTER TABLE correction_request ADD CONSTRAINT correction_request_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(person_id);
ALTER TABLE register_source_key ADD CONSTRAINT register_source_key_source_id_fkey FOREIGN KEY (source_id) REFERENCES register_source(source_id);
ALTER TABLE register_line ADD CONSTRAINT register_line_source_id_fkey FOREIGN KEY (source_id) REFERENCES register_source(source_id);
ALTER TABLE register_line_waiting ADD CONSTRAINT register_line_waiting_source_id_fkey FOREIGN KEY (source_id) REFERENCES register_source(source_id);
ALTER TABLE points_account ADD CONSTRAINT points_account_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES driver(driver_id);
ALTER TABLE points_entry ADD CONSTRAINT points_entry_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES driver(driver_id);
ALTER TABLE photo_review ADD CONSTRAINT photo_review_driver_id_application_id_fkey FOREIGN KEY (driver_id, application_id) REFERENCES application(driver_id, id);
ALTER TABLE photo_review ADD CONSTRAINT photo_review_driver_id_photo_id_fkey FOREIGN KEY (driver_id, photo_id) REFERENCES photo(driver_id, id);
ALTER TABLE staff_passkey ADD CONSTRAINT staff_passkey_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(staff_id);
ALTER TABLE status_letter ADD CONSTRAINT status_letter_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES driver(driver_id);
ALTER TABLE look_up_sample ADD CONSTRAINT look_up_sample_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(staff_id);
ALTER TABLE last_said ADD CONSTRAINT last_said_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES driver(driver_id);
ALTER TABLE face_review ADD CONSTRAINT face_review_person_id_face_check_id_fkey FOREIGN KEY (person_id, face_check_id) REFERENCES face_check(person_id, id);
ALTER TABLE face_capture ADD CONSTRAINT face_capture_person_id_face_check_id_fkey FOREIGN KEY (person_id, face_check_id) REFERENCES face_review(person_id, face_check_id);
ALTER TABLE register_upload_part ADD CONSTRAINT register_upload_part_upload_id_fkey FOREIGN KEY (upload_id) REFERENCES register_upload(upload_id);
