"""The one reader of transition tables: a lifecycle is a table, and moving is possible only along an arrow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from liangzheng.kernel.errors import Conflict

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Arrow(Generic[S, E]):
    """In state `source`, event `event` leads to state `target`."""

    source: S
    event: E
    target: S


class Machine(Generic[S, E]):
    """A lifecycle.

    The table is checked when it is built: one target for each state and event, everything reachable.
    """

    def __init__(self, name: str, start: S, arrows: Sequence[Arrow[S, E]]) -> None:
        """Raises ValueError for a table that is wrong: it is a bug, found at import."""
        self.name = name
        self.start = start
        self.arrows = tuple(arrows)
        self._target = {(arrow.source, arrow.event): arrow.target for arrow in self.arrows}
        if len(self._target) != len(self.arrows):
            raise ValueError(f"{name}: two arrows leave one state by the same event")
        lost = self.states - self.reachable
        if lost:
            raise ValueError(f"{name}: never reached: {', '.join(sorted(lost))}")

    @property
    def states(self) -> frozenset[S]:
        """Every state named in the table."""
        ends = {state for arrow in self.arrows for state in (arrow.source, arrow.target)}
        return frozenset(ends | {self.start})

    @property
    def events(self) -> frozenset[E]:
        """Every event named in the table."""
        return frozenset(arrow.event for arrow in self.arrows)

    @property
    def finished(self) -> frozenset[S]:
        """States no arrow leaves."""
        return self.states - {arrow.source for arrow in self.arrows}

    @property
    def reachable(self) -> frozenset[S]:
        """States some chain of arrows leads to from the start, and the start."""
        seen = {self.start}
        while True:
            further = {arrow.target for arrow in self.arrows if arrow.source in seen} - seen
            if not further:
                return frozenset(seen)
            seen |= further

    def events_from(self, state: S) -> frozenset[E]:
        """What can happen in `state`."""
        return frozenset(arrow.event for arrow in self.arrows if arrow.source == state)

    def step(self, state: S, event: E) -> S:
        """The state after `event`. Raises Conflict when no arrow leaves `state` by it."""
        try:
            return self._target[state, event]
        except KeyError:
            raise Conflict(f"{self.name}: {event} cannot happen in state {state}", place=self.name) from None

    def drawing(self) -> str:
        """The table as a Mermaid state diagram, one arrow a line, in the order of the table."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.start}"]
        lines += [f"    {arrow.source} --> {arrow.target}: {arrow.event}" for arrow in self.arrows]
        in_order_met = dict.fromkeys((self.start, *(arrow.target for arrow in self.arrows)))
        lines += [f"    {state} --> [*]" for state in in_order_met if state in self.finished]
        return "\n".join(lines) + "\n"
