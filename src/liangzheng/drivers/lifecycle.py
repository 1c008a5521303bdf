"""What can happen to a source of changes: one table."""

from __future__ import annotations

from enum import StrEnum

from liangzheng.kernel.machine import Arrow, Machine


class SourceState(StrEnum):
    """Whether a source is heard. HALTED: it said two things under one number, and a person looks first."""

    ACTIVE = "active"
    HALTED = "halted"
    ENDED = "ended"


class SourceEvent(StrEnum):
    """What moves a source."""

    CONTRADICTED_ITSELF = "contradicted_itself"
    LET_GO_ON = "let_go_on"
    TAKEN_OFF = "taken_off"


_S, _E = SourceState, SourceEvent

REGISTER_SOURCE: Machine[SourceState, SourceEvent] = Machine(
    "register source",
    _S.ACTIVE,
    (
        Arrow(_S.ACTIVE, _E.CONTRADICTED_ITSELF, _S.HALTED),
        Arrow(_S.HALTED, _E.LET_GO_ON, _S.ACTIVE),
        Arrow(_S.ACTIVE, _E.TAKEN_OFF, _S.ENDED),
        Arrow(_S.HALTED, _E.TAKEN_OFF, _S.ENDED),
    ),
)
