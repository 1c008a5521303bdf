"""People with an account: registration, log-in, real-name level, face checks, phone keys.

Who a person is comes from their login (`session`). An identity number is stored, never used as a key, and
never proves anything by being known. A driver belongs to one person; a face check serves one purpose once; at
most three phone keys live. Functions that take `tx` are part of the caller's transaction.

A mobile is proved by a one-time code; what would let a thief stay (another mobile, the closing) is done only after a
holding time. A face is captured only with a live agreement to the current text.

Events (subject: the person): `phone-key.bound`, `phone-key.ended` (body: driver_id, phone_key_id), `passkey.added`,
`passkey.removed`, `password.reset`, `mobile-change.*`, `account-closing.*`, `account.closed`, `correction.answered`,
`face-review.opened`, `face-review.escalated`, `face-review.ended`, `face-check.approved`, `face-check.refused`.
"""

from __future__ import annotations

from liangzheng.accounts.agreements import (
    agreement_history,
    agreement_texts,
    agreements,
    give_agreement,
)
from liangzheng.accounts.check import check, probes
from liangzheng.accounts.check_face import (
    begin_counter_check,
    begin_face_check,
    checks_in_review,
    consume_face_check,
    decide_face_check,
    face_check,
    finish_face_check,
)
from liangzheng.accounts.check_real_name import assurance, check_real_name
from liangzheng.accounts.codes import (
    CodeRequest,
    CodeToSend,
    begin_code,
    prove_mobile,
    send_code,
    use_mobile_proof,
)
from liangzheng.accounts.face_queue import let_go_of_captures
from liangzheng.accounts.face_texts import FACE_REASON_TEXTS
from liangzheng.accounts.held import (
    Reauthentication,
    change_mobile,
    check_password,
    close,
    complete_held,
    held_acts,
    is_held,
    owner_noticed,
    stop_by_mobile,
    stop_by_word,
    stop_held,
)
from liangzheng.accounts.lifecycle import CorrectionState, HeldKind, HeldState
from liangzheng.accounts.log_in import SecondFactorMissing, log_in, log_out, session
from liangzheng.accounts.many import assurances, consume_face_checks, live_phone_keys, people_of
from liangzheng.accounts.model import (
    Account,
    AccountPolicy,
    Agreement,
    AgreementKind,
    AgreementText,
    Assurance,
    Caller,
    Ceremony,
    CodePurpose,
    CorrectionRequest,
    Decision,
    FaceCheck,
    FaceReason,
    FaceReview,
    HeldAct,
    Level,
    LoggedIn,
    Passkey,
    PhoneKey,
    PhoneKeyChallenge,
    PhoneKeyOffer,
    Purpose,
    Registration,
    Session,
)
from liangzheng.accounts.my_data import (
    answer_correction,
    ask_correction,
    corrections,
    export,
    follow_closed_accounts,
    forget_corrections,
    open_corrections,
    take_back_correction,
)
from liangzheng.accounts.passkeys import (
    Answered,
    add_passkey,
    begin_passkey,
    begin_passkey_log_in,
    begin_passkey_use,
    log_in_with_passkey,
    name_passkey,
    passkeys,
    remove_passkey,
    spend_challenge,
    use_passkey,
)
from liangzheng.accounts.phone_keys import (
    begin_phone_key,
    bind_phone_key,
    phone_key,
    phone_key_used,
    phone_keys,
    revoke_phone_key,
)
from liangzheng.accounts.ports import FaceReviews, RealName
from liangzheng.accounts.prove import demand_fresh, keep_proof
from liangzheng.accounts.prune import prune
from liangzheng.accounts.register import hash_new_password, identity_hash, mobile_hash, register
from liangzheng.accounts.reset_password import choose_second_factor, reset_password
from liangzheng.accounts.review_face import (
    FacePictures,
    decide_face_review,
    face_review_due,
    face_review_pictures,
)
from liangzheng.accounts.rules import label_fault, sign_count_fault
from liangzheng.accounts.sessions import end_other_sessions, end_session, sessions
from liangzheng.accounts.show import account, person_of
from liangzheng.accounts.stop_word import stop_word
from liangzheng.accounts.store import CONSTRAINTS
from liangzheng.accounts.store_face_reviews import FACE_QUEUE
from liangzheng.accounts.store_restored import end_challenges, end_sessions
from liangzheng.accounts.withdraw_agreement import withdraw_agreement
from liangzheng.infra.webauthn_ceremonies import PasskeySite

__all__ = [
    "CONSTRAINTS",
    "FACE_QUEUE",
    "FACE_REASON_TEXTS",
    "Account",
    "AccountPolicy",
    "Agreement",
    "AgreementKind",
    "AgreementText",
    "Answered",
    "Assurance",
    "Caller",
    "Ceremony",
    "CodePurpose",
    "CodeRequest",
    "CodeToSend",
    "CorrectionRequest",
    "CorrectionState",
    "Decision",
    "FaceCheck",
    "FacePictures",
    "FaceReason",
    "FaceReview",
    "FaceReviews",
    "HeldAct",
    "HeldKind",
    "HeldState",
    "Level",
    "LoggedIn",
    "Passkey",
    "PasskeySite",
    "PhoneKey",
    "PhoneKeyChallenge",
    "PhoneKeyOffer",
    "Purpose",
    "RealName",
    "Reauthentication",
    "Registration",
    "SecondFactorMissing",
    "Session",
    "account",
    "add_passkey",
    "agreement_history",
    "agreement_texts",
    "agreements",
    "answer_correction",
    "ask_correction",
    "assurance",
    "assurances",
    "begin_code",
    "begin_counter_check",
    "begin_face_check",
    "begin_passkey",
    "begin_passkey_log_in",
    "begin_passkey_use",
    "begin_phone_key",
    "bind_phone_key",
    "change_mobile",
    "check",
    "check_password",
    "check_real_name",
    "checks_in_review",
    "choose_second_factor",
    "close",
    "complete_held",
    "consume_face_check",
    "consume_face_checks",
    "corrections",
    "decide_face_check",
    "decide_face_review",
    "demand_fresh",
    "end_challenges",
    "end_other_sessions",
    "end_session",
    "end_sessions",
    "export",
    "face_check",
    "face_review_due",
    "face_review_pictures",
    "finish_face_check",
    "follow_closed_accounts",
    "forget_corrections",
    "give_agreement",
    "hash_new_password",
    "held_acts",
    "identity_hash",
    "is_held",
    "keep_proof",
    "label_fault",
    "let_go_of_captures",
    "live_phone_keys",
    "log_in",
    "log_in_with_passkey",
    "log_out",
    "mobile_hash",
    "name_passkey",
    "open_corrections",
    "owner_noticed",
    "passkeys",
    "people_of",
    "person_of",
    "phone_key",
    "phone_key_used",
    "phone_keys",
    "probes",
    "prove_mobile",
    "prune",
    "register",
    "remove_passkey",
    "reset_password",
    "revoke_phone_key",
    "send_code",
    "session",
    "sessions",
    "sign_count_fault",
    "spend_challenge",
    "stop_by_mobile",
    "stop_by_word",
    "stop_held",
    "stop_word",
    "take_back_correction",
    "use_mobile_proof",
    "use_passkey",
    "withdraw_agreement",
]
