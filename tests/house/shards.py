"""Which column every table is spread by. A new table without a line here fails test_schema.py."""

from __future__ import annotations

SHARD_KEYS = {
    # by bucket (a subject's last six bits), for queues and chains
    "outbox": "bucket",
    "outbox_parked": "bucket",
    "issue_queue": "bucket",
    "audit_batch": "bucket",
    "audit_head": "bucket",
    "audit_checkpoint": "epoch",
    # by the hash that is looked up
    "key_index": "key_hash",
    "log_in_attempt": "mobile_hash",
    "one_time_code": "mobile_hash",
    "one_time_code_budget": "mobile_hash",
    "passkey_challenge": "challenge",
    "blob": "hash",
    "short_code": "digits",
    "consent_code": "code_hash",
    # by whoever asked or was looked at
    "idempotency": "owner",
    "audit_entry": "scope",
    "verifier": "verifier_id",
    # by company
    "company": "company_id",
    "company_event": "company_id",
    "company_purpose": "company_id",
    "company_secret": "company_id",
    "company_token": "company_id",
    "company_usage": "company_id",
    "consent_request": "company_id",
    "company_driver": "company_id",
    "notice": "company_id",
    # by person
    "person": "person_id",
    "account": "person_id",
    "session": "person_id",
    "phone_key": "person_id",
    "phone_key_challenge": "person_id",
    "face_check": "person_id",
    "face_frame": "person_id",
    "passkey": "person_id",
    "held_act": "person_id",
    "agreement": "person_id",
    "correction_request": "person_id",
    "application_turned_away": "person_id",
    "message": "person_id",
    "message_choice": "person_id",
    # by member of staff
    "staff": "staff_id",
    "staff_number": "number",
    "staff_duty": "staff_id",
    "staff_enrolment": "staff_id",
    "staff_totp": "staff_id",
    "staff_attempt": "number_hash",
    "staff_session": "staff_id",
    "look_up_count": "staff_id",
    # by province
    "proposal": "province",
    "proposal_event": "province",
    # by driver
    "look_up": "driver_id",
    "driver": "driver_id",
    "driver_change": "driver_id",
    "driver_person": "driver_id",
    "application": "driver_id",
    "application_event": "driver_id",
    "licence": "driver_id",
    "licence_event": "driver_id",
    "credential": "driver_id",
    "credential_event": "driver_id",
    "ended_phone_key": "driver_id",
    "photo": "driver_id",
    "photo_review": "driver_id",
    "verification": "driver_id",
    "standing_consent": "driver_id",
    "company_look": "driver_id",
    "points_account": "driver_id",
    "points_entry": "driver_id",
    # by their own aggregate
    "register_import": "import_id",
    "register_import_seen": "import_id",
    "trust_bundle": "version",
    "register_source": "source_id",
    "register_source_key": "source_id",
    "register_line": "source_id",
    "register_line_waiting": "source_id",
    "status_list": "list_id",
    "status_entry": "list_id",
    "figure_count": "measure",
    "restored": "epoch",
    "message_mark": "name",
}
"""table → its shard key: first in the primary key, in every unique index, never updated."""

REFERENCE_TABLES = {"rollout_wave", "rollout_place", "schema_migration"}
"""Small, copied to every node, written by administration only."""
