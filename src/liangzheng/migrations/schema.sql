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
    CONSTRAINT outbox_pkey PRIMARY KEY (bucket, id),
    CONSTRAINT outbox_bucket_check CHECK (((bucket >= 0) AND (bucket <= 63))),
    CONSTRAINT outbox_topic_check CHECK ((topic ~ '^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$'::text))
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
    CONSTRAINT outbox_parked_bucket_check CHECK (((bucket >= 0) AND (bucket <= 63)))
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
    CONSTRAINT audit_entry_bucket_check CHECK (((bucket >= 0) AND (bucket <= 63))),
    CONSTRAINT audit_entry_check CHECK (((subject_kind IS NULL) = (subject IS NULL))),
    CONSTRAINT audit_entry_purpose_check CHECK (((length(purpose) >= 1) AND (length(purpose) <= 200)))
);
CREATE INDEX audit_entry_chain ON audit_entry USING btree (bucket, batch_seq);

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
    mobile         text NOT NULL,
    password_hash  text NOT NULL,
    CONSTRAINT account_pkey PRIMARY KEY (person_id)
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
    CONSTRAINT face_check_check2 CHECK (((state = 'challenged'::text) = (submission_hash IS NULL))),
    CONSTRAINT face_check_liveness_check CHECK ((liveness = ANY (ARRAY['none'::text, 'challenge'::text, 'certified'::text]))),
    CONSTRAINT face_check_move_check CHECK ((move >= 1)),
    CONSTRAINT face_check_nonce_check CHECK ((octet_length(nonce) = 32)),
    CONSTRAINT face_check_purpose_check CHECK ((purpose = ANY (ARRAY['apply'::text, 'bind-phone-key'::text]))),
    CONSTRAINT face_check_state_check CHECK ((state = ANY (ARRAY['challenged'::text, 'submitted'::text, 'passed'::text, 'failed'::text, 'retake'::text, 'in_review'::text, 'consumed'::text]))),
    CONSTRAINT face_check_submission_hash_check CHECK ((octet_length(submission_hash) = 32))
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
    CONSTRAINT driver_points_check CHECK (((points >= 0) AND (points <= 999))),
    CONSTRAINT driver_portrait_hash_check CHECK ((length(portrait_hash) = 32)),
    CONSTRAINT driver_reissue_count_check CHECK ((reissue_count >= 0)),
    CONSTRAINT driver_row_hash_check CHECK ((length(row_hash) = 16)),
    CONSTRAINT driver_sex_check CHECK ((sex = ANY (ARRAY[1, 2]))),
    CONSTRAINT driver_status_check CHECK (((length(status) >= 1) AND (length(status) <= 16)))
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
    CONSTRAINT register_import_pkey PRIMARY KEY (import_id),
    CONSTRAINT register_import_check CHECK (((((fresh + changed) + unchanged) + rejected) <= lines_done)),
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
    CONSTRAINT licence_pkey PRIMARY KEY (driver_id, id, version),
    CONSTRAINT licence_check CHECK (((signature IS NULL) = (state = ANY (ARRAY['drafted'::text, 'abandoned'::text])))),
    CONSTRAINT licence_check1 CHECK (((issued_at IS NULL) = (state = ANY (ARRAY['drafted'::text, 'abandoned'::text])))),
    CONSTRAINT licence_check2 CHECK (((ended_at IS NOT NULL) = (state = ANY (ARRAY['superseded'::text, 'withdrawn'::text, 'abandoned'::text])))),
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
    CONSTRAINT licence_event_pkey PRIMARY KEY (driver_id, licence_id, version, move)
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
    CONSTRAINT credential_event_pkey PRIMARY KEY (driver_id, credential_id, move)
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
    CONSTRAINT verification_code_hash_check CHECK ((length(code_hash) = 16)),
    CONSTRAINT verification_request_key_check CHECK (((length(request_key) >= 8) AND (length(request_key) <= 64)))
);
CREATE INDEX verification_at ON verification USING brin (at) WITH (pages_per_range='16', autosummarize='on');

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

-- Foreign keys.

ALTER TABLE account ADD CONSTRAINT account_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(person_id);
ALTER TABLE session ADD CONSTRAINT session_person_id_fkey FOREIGN KEY (person_id) REFERENCES account(person_id);
ALTER TABLE phone_key_challenge ADD CONSTRAINT phone_key_challenge_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(person_id);
ALTER TABLE phone_key ADD CONSTRAINT phone_key_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(person_id);
ALTER TABLE face_check ADD CONSTRAINT face_check_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(person_id);
ALTER TABLE face_frame ADD CONSTRAINT face_frame_person_id_face_check_id_fkey FOREIGN KEY (person_id, face_check_id) REFERENCES face_check(person_id, id);
ALTER TABLE driver_change ADD CONSTRAINT driver_change_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES driver(driver_id);
ALTER TABLE rollout_place ADD CONSTRAINT rollout_place_wave_id_fkey FOREIGN KEY (wave_id) REFERENCES rollout_wave(id);
ALTER TABLE licence ADD CONSTRAINT licence_driver_id_application_id_fkey FOREIGN KEY (driver_id, application_id) REFERENCES application(driver_id, id);
ALTER TABLE credential ADD CONSTRAINT credential_driver_id_licence_id_licence_version_fkey FOREIGN KEY (driver_id, licence_id, licence_version) REFERENCES licence(driver_id, id, version);
ALTER TABLE photo_review ADD CONSTRAINT photo_review_driver_id_application_id_fkey FOREIGN KEY (driver_id, application_id) REFERENCES application(driver_id, id);
ALTER TABLE photo_review ADD CONSTRAINT photo_review_driver_id_photo_id_fkey FOREIGN KEY (driver_id, photo_id) REFERENCES photo(driver_id, id);
