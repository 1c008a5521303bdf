"""The lifecycle of a face check.

Time ends one too, without a move: a challenge after a minute, a pass after its usable time (rules.py).
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
    ),
)
