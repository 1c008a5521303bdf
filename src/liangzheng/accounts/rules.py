"""What is decided about accounts. Facts in, decision out: no clock, no database, no network."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from liangzheng.accounts.lifecycle import Event, State
from liangzheng.accounts.model import (
    MOST_PHONE_KEYS,
    AccountPolicy,
    Agreement,
    CodeBudget,
    FaceCheck,
    Level,
    LiveCode,
    Outcome,
    Passkey,
    Purpose,
    Session,
)

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 128
PHONE_KEY_DOMAIN = b"LZ-PHONE-KEY-1\x00"


# --- passwords and logins ---------------------------------------------------------------------------


def decide_password(password: str, common: Collection[str], own: Collection[str]) -> str | None:
    """The rule a new password breaks, or None. `own`: what others know, the mobile and the identity number.

    Length over composition, and a list of common ones (NIST SP 800-63B §5.1.1.2).
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in password):
        return "no control characters"
    folded = password.casefold()
    if folded in common or _is_monotonous(folded):
        return "not one of the passwords everybody tries first"
    if any(known.casefold() in folded or folded in known.casefold() for known in own):
        return "not made of your mobile or identity number"
    return None


def _is_monotonous(text: str) -> bool:
    """At most three different characters, or one run up or down the code points: aaaaaaaaaa, 0123456789."""
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return len(set(text)) <= 3 or steps in ({1}, {-1})


def may_use_session(session: Session, policy: AccountPolicy, now: datetime) -> bool:
    """Whether a login still holds: not ended, used within the idle time, younger than the absolute time."""
    idle = timedelta(seconds=policy.session_idle_s)
    return session.ended_at is None and now < session.expires_at and now - session.seen_at < idle


def is_fresh(proved_at: datetime, policy: AccountPolicy, now: datetime) -> bool:
    """Whether a password or passkey was shown lately enough for what a stolen login must not do alone."""
    return now - proved_at <= timedelta(seconds=policy.fresh_s)


# --- one-time codes -----------------------------------------------------------------------------------


def decide_code_wait(budget: CodeBudget, policy: AccountPolicy, now: datetime) -> timedelta | None:
    """How long no further code is made for a mobile, or None: a minute after the last, a day's number, a day's wrong tries."""
    day = timedelta(days=1)
    if code_tries_left(budget, policy, now) <= 0:
        return budget.wrong_at + day - now
    if budget.asked >= policy.codes_a_day and now < budget.asked_since + day:
        return budget.asked_since + day - now
    if budget.asked_at is not None:
        again = budget.asked_at + timedelta(seconds=policy.code_again_s)
        return again - now if now < again else None
    return None


def code_tries_left(budget: CodeBudget, policy: AccountPolicy, now: datetime) -> int:
    """How many wrong tries a mobile has left. All its purposes share them; the count ends after a day without any, so
    that no 24 hours ever hold more than a day's number."""
    counts = now < budget.wrong_at + timedelta(days=1)
    return policy.code_wrong_a_day - (budget.wrong if counts else 0)


def may_try_code(code: LiveCode, policy: AccountPolicy, now: datetime) -> bool:
    """Whether a code can still be given back: in time, not given back before, with tries left."""
    return now < code.expires_at and code.proof_hash is None and code.tries < policy.code_tries


# --- passkeys, agreements, held acts --------------------------------------------------------------------


def may_remove_passkey(has_password: bool, others: int) -> bool:
    """Whether a passkey may go: never the last way in."""
    return has_password or others > 0


def may_confirm_with(passkey: Passkey, policy: AccountPolicy, now: datetime) -> bool:
    """Whether a passkey is old enough to confirm a change of mobile: one that a thief added a moment ago proves nothing
    more than the login it was added with, and its owner was told of it meanwhile."""
    return now - passkey.made_at >= timedelta(seconds=policy.passkey_settles_s)


def sign_count_fault(kept: int, given: int) -> bool:
    """Whether a counter betrays a copy of the key (WebAuthn §6.1.1): it must grow, unless neither side counts."""
    return (kept > 0 or given > 0) and given <= kept


def may_use_face_data(latest: Agreement | None, current_version: int) -> bool:
    """Whether a person's face may be captured and judged: they agreed to the current text, and took nothing back."""
    return latest is not None and latest.given and latest.version == current_version


# --- face checks ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an engine said and what it is."""

    outcome: Outcome
    calibrated: bool
    simulated: bool


def decide_face_check(judgement: Judgement, failures_before: int, policy: AccountPolicy) -> Event:
    """What an engine's word leads to.

    An engine without a calibration never passes alone: a person decides. A simulated one looks at no face, so
    its pass counts only where the deployment says so, which production cannot. The third failure in a row
    goes to a person too, as in 交管12123.
    """
    if judgement.outcome is Outcome.RETAKE:
        return Event.NOT_JUDGED
    if judgement.outcome is Outcome.FAIL:
        last_straw = failures_before + 1 >= policy.face_failures_before_review
        return Event.SENT_TO_REVIEW if last_straw else Event.FOUND_UNLIKE
    if judgement.outcome is Outcome.REVIEW:
        return Event.SENT_TO_REVIEW
    if judgement.simulated:
        counts = policy.simulated_pass_counts and not policy.production
        return Event.FOUND_ALIKE if counts else Event.SENT_TO_REVIEW
    return Event.FOUND_ALIKE if judgement.calibrated else Event.SENT_TO_REVIEW


def may_be_reviewed(engine_looked: bool, agreed: bool, authority: str | None) -> bool:
    """Whether the pictures of a check that was left open are kept for a reviewer: an engine looked at them (what is out of
    order before that is worth no look), its person agrees to it, and it is known whose queue it is.

    Without it a person at a counter decides. Source: the order on face recognition of 2025-06-01 (docs/reference.md §4.7);
    PIPL art. 29 (separate consent).
    """
    return engine_looked and agreed and authority is not None


@dataclass(frozen=True, slots=True)
class Capture:
    """One frame without its picture: which step it belongs to, when it was taken, the SHA-256 of its
    picture data."""

    step: int
    at_ms: int
    hash: bytes


def capture_faults(
    captures: Sequence[Capture], steps: int, lives_ms: int, seen: Collection[bytes]
) -> list[str]:
    """Why a capture proves nothing, whatever the pictures show; empty when it is in order.

    `seen` holds hashes of pictures this person sent before.
    """
    faults = []
    hashes = {capture.hash for capture in captures}
    if len(hashes) != len(captures):
        faults.append("duplicate_frames")
    if hashes & set(seen):
        faults.append("replayed_frames")
    order = [capture.step for capture in captures]
    if order != sorted(order) or set(order) != set(range(steps)):
        faults.append("steps_out_of_order")
    times = [capture.at_ms for capture in captures]
    if any(after <= before for before, after in pairwise(times)):
        faults.append("times_out_of_order")
    elif times and times[-1] - times[0] > lives_ms:
        faults.append("too_long")
    return faults


def may_decide_in_review(begun_at: datetime, policy: AccountPolicy, now: datetime) -> bool:
    """Whether a person may still decide a check that waits for one: what nobody came for in that time is made anew."""
    return now < begun_at + timedelta(seconds=policy.counter_check_s)


def may_consume_face_check(check: FaceCheck, purpose: Purpose, now: datetime) -> str | None:
    """Why a face check cannot be used for `purpose` now, or None."""
    if check.purpose is not purpose:
        return f"it was made for {check.purpose}, not for {purpose}"
    if check.state is State.CONSUMED:
        return "it has been used"
    if check.state is not State.PASSED:
        return f"it has not passed: {check.state}"
    if check.usable_until is None or now >= check.usable_until:
        return "it has expired: make a new one"
    return None


# --- phone keys -------------------------------------------------------------------------------------


def may_bind_phone_key(level: Level) -> bool:
    """Whether a person's level lets them bind a phone: the face was verified once (docs/reference.md §4.7)."""
    return level >= Level.FACE_VERIFIED


def decide_slot(taken: Collection[int], freed: int | None) -> int | None:
    """The slot a new key gets: the one its predecessor gives up, else the lowest free one, else None."""
    if freed is not None:
        return freed
    return next((slot for slot in range(1, MOST_PHONE_KEYS + 1) if slot not in taken), None)


def phone_key_message(nonce: bytes, person: bytes) -> bytes:
    """The octets a phone signs to be bound: a fixed word, the 32-octet nonce, the person's 16-octet id.

    All three are of fixed length, and the word is no beginning of a CBOR array, so that a signature made here
    is never one of a showing.
    """
    assert len(nonce) == 32 and len(person) == 16, "fixed lengths keep the parts apart"
    return PHONE_KEY_DOMAIN + nonce + person


# Of the separators only the space: a line or paragraph separator (Zl, Zp) would break a list of phones.
_LABEL_CATEGORIES = re.compile("[LNPSM]|Zs")


def label_fault(label: str) -> str | None:
    """The rule a phone's label breaks, or None."""
    if not 1 <= len(label) <= 40 or label != label.strip():
        return "1 to 40 characters, no space at either end"
    if not all(_LABEL_CATEGORIES.match(unicodedata.category(character)) for character in label):
        return "letters, digits, punctuation and spaces"
    return None
