"""The reader of transition tables: only along an arrow, everything reachable, drawn from the table."""

from __future__ import annotations

from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.kernel.errors import Conflict
from liangzheng.kernel.machine import Arrow, Machine


class Door(StrEnum):
    SHUT = "shut"
    OPEN = "open"
    WALLED = "walled"
    ATTIC = "attic"


class Act(StrEnum):
    PUSHED = "pushed"
    PULLED = "pulled"
    BRICKED = "bricked"


ARROWS = (
    Arrow(Door.SHUT, Act.PUSHED, Door.OPEN),
    Arrow(Door.OPEN, Act.PULLED, Door.SHUT),
    Arrow(Door.SHUT, Act.BRICKED, Door.WALLED),
)
DOOR = Machine("door", Door.SHUT, ARROWS)


def test_a_step_goes_along_an_arrow() -> None:
    assert DOOR.step(Door.SHUT, Act.PUSHED) is Door.OPEN
    assert DOOR.step(Door.OPEN, Act.PULLED) is Door.SHUT


@pytest.mark.parametrize(("state", "event"), [("open", "pushed"), ("walled", "pulled"), ("attic", "pushed")])
def test_where_no_arrow_leads_there_is_no_step(state: str, event: str) -> None:
    with pytest.raises(Conflict, match=f"door: {event} cannot happen in state {state}"):
        DOOR.step(Door(state), Act(event))


def test_the_table_is_asked_not_the_code() -> None:
    assert DOOR.states == DOOR.reachable == {Door.SHUT, Door.OPEN, Door.WALLED}
    assert DOOR.finished == {Door.WALLED}
    assert DOOR.events == set(Act)
    assert DOOR.events_from(Door.SHUT) == {Act.PUSHED, Act.BRICKED}
    assert DOOR.events_from(Door.WALLED) == frozenset()


@given(st.lists(st.sampled_from(list(Act)), max_size=30))
def test_nothing_leaves_a_finished_state(events: list[Act]) -> None:
    state = DOOR.start
    for event in events:
        was = state
        try:
            state = DOOR.step(state, event)
        except Conflict:
            assert event not in DOOR.events_from(state)
        assert state in DOOR.reachable
        assert was not in DOOR.finished or state is was


def test_a_table_with_two_ways_by_one_event_is_refused() -> None:
    with pytest.raises(ValueError, match="two arrows"):
        Machine("door", Door.SHUT, (*ARROWS, Arrow(Door.SHUT, Act.PUSHED, Door.WALLED)))


def test_a_table_with_a_state_nobody_reaches_is_refused() -> None:
    with pytest.raises(ValueError, match="never reached: attic"):
        Machine("door", Door.SHUT, (*ARROWS, Arrow(Door.ATTIC, Act.PUSHED, Door.OPEN)))


def test_the_drawing_is_the_table() -> None:
    assert DOOR.drawing() == (
        "stateDiagram-v2\n"
        "    [*] --> shut\n"
        "    shut --> open: pushed\n"
        "    open --> shut: pulled\n"
        "    shut --> walled: bricked\n"
        "    walled --> [*]\n"
    )
