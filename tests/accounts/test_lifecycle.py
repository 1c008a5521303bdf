from __future__ import annotations

from liangzheng.accounts.lifecycle import FACE_CHECK, Event, State


def test_every_state_and_event_is_in_the_table() -> None:
    assert FACE_CHECK.states == set(State)
    assert FACE_CHECK.events == set(Event)


def test_a_used_failed_retaken_or_void_check_does_not_move() -> None:
    assert FACE_CHECK.finished == {State.CONSUMED, State.FAILED, State.RETAKE, State.VOID}


def test_nothing_passes_that_was_not_judged_by_an_engine_or_a_person() -> None:
    ways = {(arrow.source, arrow.event) for arrow in FACE_CHECK.arrows if arrow.target is State.PASSED}
    assert ways == {(State.SUBMITTED, Event.FOUND_ALIKE), (State.IN_REVIEW, Event.APPROVED)}


def test_a_challenge_takes_one_submission_only() -> None:
    assert [arrow.source for arrow in FACE_CHECK.arrows if arrow.event is Event.CAPTURED] == [
        State.CHALLENGED
    ]
