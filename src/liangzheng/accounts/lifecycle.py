"""The lifecycles of a face check, of an act with a holding time, and of a request to correct.

A face check: time ends one too, without a move: a challenge after a minute, a pass after its usable time (rules.py).
"""

from __future__ import annotations

from enum import StrEnum

from liangzheng.kernel.machine import Arrow, Machine


class State(StrEnum):
    """Where a face check stands."""

    CHALLENGED = "challenged"
    SUBMITTED = "submitted"
    PASSED = "passed"
    FAILED = "failed"
    RETAKE = "retake"
    IN_REVIEW = "in_review"
    CONSUMED = "consumed"
    VOID = "void"


class Event(StrEnum):
    """What can happen to a face check."""

    CAPTURED = "captured"
    FOUND_ALIKE = "found_alike"
    FOUND_UNLIKE = "found_unlike"
    NOT_JUDGED = "not_judged"
    SENT_TO_REVIEW = "sent_to_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    USED = "used"
    SENT_TO_COUNTER = "sent_to_counter"
    AGREEMENT_WITHDRAWN = "agreement_withdrawn"
    ACCOUNT_CLOSED = "account_closed"


UNUSED = (State.CHALLENGED, State.SUBMITTED, State.IN_REVIEW, State.PASSED)
"""Where a face check may still come to something."""

FACE_CHECK = Machine(
    name="face check",
    start=State.CHALLENGED,
    arrows=(
        # The nonce is spent before the engine is asked: one that hangs or crashes leaves nothing to replay.
        Arrow(State.CHALLENGED, Event.CAPTURED, State.SUBMITTED),
        Arrow(State.SUBMITTED, Event.FOUND_ALIKE, State.PASSED),
        Arrow(State.SUBMITTED, Event.FOUND_UNLIKE, State.FAILED),
        Arrow(State.SUBMITTED, Event.NOT_JUDGED, State.RETAKE),
        Arrow(State.SUBMITTED, Event.SENT_TO_REVIEW, State.IN_REVIEW),
        Arrow(State.IN_REVIEW, Event.APPROVED, State.PASSED),
        Arrow(State.IN_REVIEW, Event.REJECTED, State.FAILED),
        Arrow(State.PASSED, Event.USED, State.CONSUMED),
        # Who wants no capture made goes to a counter, where a person looks.
        Arrow(State.CHALLENGED, Event.SENT_TO_COUNTER, State.IN_REVIEW),
        # What was begun or passed on an agreement ends with it.
        *(Arrow(state, Event.AGREEMENT_WITHDRAWN, State.VOID) for state in UNUSED),
        *(Arrow(state, Event.ACCOUNT_CLOSED, State.VOID) for state in UNUSED),
    ),
)


# --- acts with a holding time -------------------------------------------------------------------------


class HeldKind(StrEnum):
    """What is done only after its owner had time to stop it."""

    MOBILE = "mobile"
    CLOSING = "closing"


class HeldState(StrEnum):
    """Where a held act stands."""

    WAITING = "waiting"
    STOPPED = "stopped"
    DONE = "done"
    FAILED = "failed"


class HeldEvent(StrEnum):
    """What can happen to a held act."""

    STOPPED_BY_OWNER = "stopped_by_owner"
    HELD_LONG_ENOUGH = "held_long_enough"
    # The new mobile became somebody else's meanwhile, or the account was closed.
    NOT_POSSIBLE = "not_possible"


HELD_ACT = Machine(
    name="held act",
    start=HeldState.WAITING,
    arrows=(
        Arrow(HeldState.WAITING, HeldEvent.STOPPED_BY_OWNER, HeldState.STOPPED),
        Arrow(HeldState.WAITING, HeldEvent.HELD_LONG_ENOUGH, HeldState.DONE),
        Arrow(HeldState.WAITING, HeldEvent.NOT_POSSIBLE, HeldState.FAILED),
    ),
)


# --- requests to correct ------------------------------------------------------------------------------


class CorrectionState(StrEnum):
    """Where a request to correct stands."""

    OPEN = "open"
    CORRECTED = "corrected"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class CorrectionEvent(StrEnum):
    """What can happen to a request to correct."""

    PUT_RIGHT = "put_right"
    NOT_GRANTED = "not_granted"
    TAKEN_BACK = "taken_back"
    ACCOUNT_CLOSED = "account_closed"


CORRECTION = Machine(
    name="correction request",
    start=CorrectionState.OPEN,
    arrows=(
        Arrow(CorrectionState.OPEN, CorrectionEvent.PUT_RIGHT, CorrectionState.CORRECTED),
        Arrow(CorrectionState.OPEN, CorrectionEvent.NOT_GRANTED, CorrectionState.DECLINED),
        Arrow(CorrectionState.OPEN, CorrectionEvent.TAKEN_BACK, CorrectionState.WITHDRAWN),
        # Nobody is left to read an answer.
        Arrow(CorrectionState.OPEN, CorrectionEvent.ACCOUNT_CLOSED, CorrectionState.WITHDRAWN),
    ),
)
