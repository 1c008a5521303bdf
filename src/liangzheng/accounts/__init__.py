"""People with an account: registration, log-in, real-name level, face checks, phone keys.

Who a person is comes from their login (`session`). An identity number is stored, never used as a key, and
never proves anything by being known. A driver belongs to one person; a face check serves one purpose once; at
most three phone keys live. Functions that take `tx` are part of the caller's transaction.

Events: `phone-key.bound`, `phone-key.ended` (subject: the person; body: driver_id, phone_key_id).
"""

from __future__ import annotations

from liangzheng.accounts.check import check
from liangzheng.accounts.check_face import (
    begin_face_check,
    consume_face_check,
    decide_face_check,
    face_check,
    finish_face_check,
)
from liangzheng.accounts.check_real_name import assurance, check_real_name
from liangzheng.accounts.log_in import log_in, log_out, session
from liangzheng.accounts.many import assurances, consume_face_checks, live_phone_keys, people_of
from liangzheng.accounts.model import (
    Account,
    AccountPolicy,
    Assurance,
    Caller,
    Decision,
    FaceCheck,
    Level,
    LoggedIn,
    PhoneKey,
    PhoneKeyChallenge,
    PhoneKeyOffer,
    Purpose,
    Registration,
)
from liangzheng.accounts.phone_keys import (
    begin_phone_key,
    bind_phone_key,
    phone_key,
    phone_keys,
    revoke_phone_key,
)
from liangzheng.accounts.ports import RealName
from liangzheng.accounts.prune import prune
from liangzheng.accounts.register import hash_new_password, identity_hash, mobile_hash, register
from liangzheng.accounts.show import account, person_of
from liangzheng.accounts.store import CONSTRAINTS
from liangzheng.accounts.store_restored import end_sessions

__all__ = [
    "CONSTRAINTS",
    "Account",
    "AccountPolicy",
    "Assurance",
    "Caller",
    "Decision",
    "FaceCheck",
    "Level",
    "LoggedIn",
    "PhoneKey",
    "PhoneKeyChallenge",
    "PhoneKeyOffer",
    "Purpose",
    "RealName",
    "Registration",
    "account",
    "assurance",
    "assurances",
    "begin_face_check",
    "begin_phone_key",
    "bind_phone_key",
    "check",
    "check_real_name",
    "consume_face_check",
    "consume_face_checks",
    "decide_face_check",
    "end_sessions",
    "face_check",
    "finish_face_check",
    "hash_new_password",
    "identity_hash",
    "live_phone_keys",
    "log_in",
    "log_out",
    "mobile_hash",
    "people_of",
    "person_of",
    "phone_key",
    "phone_keys",
    "prune",
    "register",
    "revoke_phone_key",
    "session",
]
