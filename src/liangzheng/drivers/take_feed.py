"""The act of taking in what a source says: each number once, in order, whole or not at all.

A body is lines, in any order. Numbers that were done answer as done and cost a look at their hash; numbers
that follow are applied, several hundred a transaction; what came too early waits. The same number with other
octets is no repeat: nothing of that body's rest is taken, the source is halted, and a person looks.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from liangzheng import audit
from liangzheng.audit import Actor
from liangzheng.drivers import store_feed
from liangzheng.drivers.change_many import Batch
from liangzheng.drivers.columns import CodeTables
from liangzheng.drivers.feed_lines import LONGEST_LINE, ChangeKind, Reader, Said, hash_of, sequence_of
from liangzheng.drivers.feed_rules import Grounds, Older, Refused, decide_said
from liangzheng.drivers.lifecycle import REGISTER_SOURCE, SourceEvent, SourceState
from liangzheng.drivers.points import PointsPolicy
from liangzheng.drivers.store_feed import DoneLine, RegisterSource
from liangzheng.infra import keyindex
from liangzheng.infra.keyindex import KeyIndex, Kind
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Conflict, Forbidden, Invalid, NotAuthenticated, TooLarge
from liangzheng.kernel.ids import SourceId
from liangzheng.kernel.people import FileNumber, IdentityNumber

_log = logging.getLogger(__name__)

MOST_LINES: Final = 2_000
"""Of one body."""
MOST_OCTETS: Final = 1 << 20
"""Of one body."""
_AT_ONCE: Final = 500
_ONE_LINE: Final = "one number, one line"


@dataclass(frozen=True, slots=True)
class FeedPolicy:
    """How much may wait for a missing line, and how far ahead of it a number may be."""

    most_waiting: int = 10_000
    farthest_ahead: int = 50_000
    points: PointsPolicy = field(default_factory=PointsPolicy)


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that had no effect. `line`: its number in the body, None when it came with an earlier body and
    waited; `sequence` is None when it could not be read, and then nothing was recorded of it."""

    line: int | None
    sequence: int | None
    place: str
    rule: str


@dataclass(frozen=True, slots=True)
class FeedAnswer:
    """What became of a body. Every number up to `done_to` is done; the next one expected is one more.

    `applied`: had its effect now. `known`: was done before. `waiting`: kept for later. `refused` lists also
    those that were refused before, so that a repeated body is answered alike. `older`, likewise: numbers that were
    taken and have no effect, because a line of their kind that happened later was applied before them.
    """

    done_to: int
    applied: int
    known: int
    waiting: int
    refused: tuple[RefusedLine, ...]
    older: tuple[int, ...] = ()


@dataclass(slots=True)
class _Body:
    """What is still to be done of a body, and what became of the rest. `contradicts`: a number that stands
    in it twice, with different lines."""

    lines: dict[int, bytes] = field(default_factory=dict)
    line_of: dict[int, int] = field(default_factory=dict)
    refused: list[RefusedLine] = field(default_factory=list)
    older: list[int] = field(default_factory=list)
    contradicts: int | None = None
    applied: int = 0
    known: int = 0
    waiting: int = 0

    def account_for(self, round_: _Round) -> None:
        """What a round did is counted, and what is done is not to be done again."""
        for line in (*round_.known.values(), *round_.outcome):
            if line.place is not None and line.rule is not None:
                number = self.line_of.get(line.sequence)
                self.refused.append(RefusedLine(number, line.sequence, line.place, line.rule))
            if line.older:
                self.older.append(line.sequence)
        self.known += len(round_.known) + round_.forgotten
        self.applied += sum(line.rule is None and not line.older for line in round_.outcome)
        self.waiting += round_.waiting
        for sequence in round_.too_far:
            rule = f"not so far ahead of {round_.done_to + 1}, which is missing: send it again after that one"
            self.refused.append(RefusedLine(self.line_of[sequence], sequence, "sequence", rule))
        self.lines = {n: line for n, line in self.lines.items() if n > round_.done_to}


@dataclass(frozen=True, slots=True)
class _Round:
    """One transaction's work: what of the body was known, what was done, and where the source stands now."""

    done_to: int
    more: bool
    known: Mapping[int, DoneLine]
    forgotten: int
    outcome: Sequence[DoneLine]
    waiting: int
    too_far: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Contradiction:
    """A number that stands for two different lines."""

    sequence: int


async def take_feed(
    database: Database,
    keys: KeyIndex,
    tables: CodeTables,
    source_id: SourceId,
    body: bytes,
    now: datetime,
    policy: FeedPolicy = FeedPolicy(),
    signed_by: bytes | None = None,
) -> FeedAnswer:
    """What of `body` (NDJSON of a source whose signature was checked) could be done is done, and durable.

    `signed_by`: the id of the key of that signature; None where an operator applies a file. A key that ends
    meanwhile has nothing more of the body done.

    Raises TooLarge, Forbidden for a source that ended, NotAuthenticated for a key that did, Conflict for a
    source that is halted or is halted by this very body. Safe to repeat, also after a loss half-way: what was
    done answers as known.
    """
    reader, taken = Reader(tables), _lines(body)
    more, done_to = True, 0
    while more:
        did = await database.retrying(
            lambda tx: _round(tx, keys, reader, source_id, taken, now, policy, signed_by)
        )
        if isinstance(did, _Contradiction):
            _log.error("a source contradicts itself and is halted", extra={"source": str(source_id)})
            raise Conflict(
                f"line {did.sequence} was different before; the source is halted until an operator lets it go on",
                place=f"sequence {did.sequence}", rule=_ONE_LINE,
            )  # fmt: skip
        taken.account_for(did)
        more, done_to = did.more, did.done_to
    taken.refused.sort(key=lambda refused: (refused.line is None, refused.line or refused.sequence or 0))
    refused, older = tuple(taken.refused), tuple(sorted(taken.older))
    return FeedAnswer(done_to, taken.applied, taken.known, taken.waiting, refused, older)


def _lines(body: bytes) -> _Body:
    """The lines by their number. Raises TooLarge."""
    count = body.count(b"\n") + (not body.endswith(b"\n"))  # before a million empty ones are told apart
    if len(body) > MOST_OCTETS or count > MOST_LINES:
        raise TooLarge(f"at most {MOST_LINES} lines and {MOST_OCTETS} octets")
    lines = body.removesuffix(b"\n").split(b"\n") if body else []
    taken = _Body()
    for number, line in enumerate(lines, 1):
        sequence = sequence_of(line)
        if sequence is None:
            rule = f"a JSON object of at most {LONGEST_LINE} octets with a sequence from 1 on"
            taken.refused.append(RefusedLine(number, None, "line", rule))
        elif sequence not in taken.lines:
            taken.lines[sequence] = line
            taken.line_of[sequence] = number
        elif taken.lines[sequence] == line:
            taken.known += 1
        else:
            taken.contradicts = sequence
    return taken


async def _round(
    tx: Connection,
    keys: KeyIndex,
    reader: Reader,
    source_id: SourceId,
    body: _Body,
    now: datetime,
    policy: FeedPolicy,
    signed_by: bytes | None,
) -> _Round | _Contradiction:
    """One transaction: up to several hundred lines. `body` is only read, so that it can be tried again."""
    # 1. One body at a time for each source.
    source = await store_feed.hold(tx, source_id)
    if source is None or source.state is SourceState.ENDED:
        raise Forbidden("this source is not heard any more")
    if signed_by is not None and signed_by not in await store_feed.keys_of(tx, source_id):
        raise NotAuthenticated("the key of this signature has ended")
    if source.state is SourceState.HALTED:
        raise Conflict("this source is halted until an operator lets it go on", rule=_ONE_LINE)
    # 2. What was said before: the same is known, anything else is an alarm.
    forgotten = sum(n <= source.forgotten_to for n in body.lines)
    known = await store_feed.done_lines(
        tx, source_id, [n for n in body.lines if source.forgotten_to < n <= source.done_to]
    )
    kept = await store_feed.waiting_among(tx, source_id, [n for n in body.lines if n > source.done_to])
    contradiction = body.contradicts or _contradiction(body.lines, known, kept)
    if contradiction is not None:
        return await _halt(tx, source, contradiction, now)
    # 3. The lines that follow, from the body and from what waited.
    fresh = {n: line for n, line in body.lines.items() if n > source.done_to}
    waiting = await store_feed.waiting_from(tx, source_id, source.done_to + 1, _AT_ONCE)
    run = _run(source.done_to, fresh, waiting)
    outcome = await _apply(tx, keys, reader, source, run, now, policy) if run else []
    done_to = source.done_to + len(run)
    if outcome:
        await store_feed.note_done(tx, source_id, outcome, now)
        await store_feed.advance(tx, source_id, done_to, now)
    if len(run) == _AT_ONCE:
        return _Round(done_to, True, known, forgotten, outcome, 0, ())
    # 4. In the last round: what came too early waits, as far as there is room.
    early = {n: line for n, line in fresh.items() if n > done_to}
    too_far = await _let_wait(tx, source_id, early, kept, done_to, now, policy)
    return _Round(done_to, False, known, forgotten, outcome, len(early) - len(too_far), too_far)


def _contradiction(
    lines: Mapping[int, bytes], known: Mapping[int, DoneLine], kept: Mapping[int, bytes]
) -> int | None:
    """The first number that stood for another line before."""
    # A number an operator closed stood for no line: the one that comes after all is answered as refused, and no alarm.
    before = {n: line.line_hash for n, line in known.items() if line.line_hash is not None}
    before |= {n: hash_of(line) for n, line in kept.items()}
    return next((n for n in sorted(before) if hash_of(lines[n]) != before[n]), None)


def _run(done_to: int, fresh: Mapping[int, bytes], waiting: Mapping[int, bytes]) -> list[tuple[int, bytes]]:
    """The next lines without a gap, at most a transaction's worth."""
    run: list[tuple[int, bytes]] = []
    for sequence in range(done_to + 1, done_to + 1 + _AT_ONCE):
        line = fresh.get(sequence) or waiting.get(sequence)
        if line is None:
            break
        run.append((sequence, line))
    return run


async def _let_wait(
    tx: Connection,
    source_id: SourceId,
    early: Mapping[int, bytes],
    kept: Mapping[int, bytes],
    done_to: int,
    now: datetime,
    policy: FeedPolicy,
) -> list[int]:
    """The early lines wait, the nearest first; returns the numbers there is no room for."""
    new = sorted(early.keys() - kept.keys())
    if not new:
        return []
    room = policy.most_waiting - await store_feed.waiting_count(tx, source_id)
    near = [n for n in new if n <= done_to + policy.farthest_ahead][: max(room, 0)]
    await store_feed.let_wait(tx, source_id, {n: early[n] for n in near}, now)
    return sorted(set(new) - set(near))


async def _halt(tx: Connection, source: RegisterSource, sequence: int, now: datetime) -> _Contradiction:
    state = REGISTER_SOURCE.step(source.state, SourceEvent.CONTRADICTED_ITSELF)
    await store_feed.move_source(tx, source.id, state, sequence, now)
    await audit.record(
        tx, act="register-source.halted", actor=Actor("source", source.id), subject=source.id,
        purpose="register change feed", detail={"sequence": sequence}, now=now,
    )  # fmt: skip
    return _Contradiction(sequence)


async def _apply(
    tx: Connection,
    keys: KeyIndex,
    reader: Reader,
    source: RegisterSource,
    run: Sequence[tuple[int, bytes]],
    now: datetime,
    policy: FeedPolicy,
) -> list[DoneLine]:
    """Each line has its whole effect or none and a reason, in the order of their numbers."""
    # 1. What each says, and of whom.
    said = {sequence: _read(reader, line) for sequence, line in run}
    owners = await _owners(tx, keys, [each for each in said.values() if isinstance(each, Said)])
    whose = {n: owners.get(each.whose) for n, each in said.items() if isinstance(each, Said)}
    points_of = _owners_of(said, whose, ChangeKind.POINTS, ChangeKind.STATUS)
    letters_of = _owners_of(said, whose, ChangeKind.STATUS)
    said_of = _owners_of(said, whose, *(kind for kind in ChangeKind if kind is not ChangeKind.POINTS))
    batch = await Batch.held(tx, [owner for owner in whose.values() if owner], points_of, letters_of, said_of)
    # 2. One after the other.
    grounds = Grounds(source.provinces, reader.tables.authorities, now, policy.points)
    from_where = f"feed:{source.id}"
    done: list[DoneLine] = []
    for sequence, line in run:
        became = _take(batch, said[sequence], whose.get(sequence), grounds, f"{from_where} {sequence}")
        place, rule = (became.place, became.rule) if isinstance(became, Refused) else (None, None)
        done.append(DoneLine(sequence, hash_of(line), place, rule, older=isinstance(became, Older)))
    # 3. Written together.
    await batch.write(tx, Actor("source", source.id), from_where, now)
    return done


def _owners_of(
    said: Mapping[int, Said | Refused], whose: Mapping[int, UUID | None], *changes: ChangeKind
) -> list[UUID]:
    """The drivers that lines of these kinds are about."""
    return [
        owner
        for n, owner in whose.items()
        if owner and isinstance(each := said[n], Said) and each.change in changes
    ]


def _read(reader: Reader, line: bytes) -> Said | Refused:
    try:
        return reader.read(line)
    except Invalid as invalid:
        return Refused(invalid.place, invalid.rule)


def _take(
    batch: Batch, said: Said | Refused, owner: UUID | None, grounds: Grounds, from_where: str
) -> Refused | Older | None:
    if isinstance(said, Refused):
        return said
    record = batch.record(owner) if owner else None
    if owner is None or record is None:
        return Refused("driver", "a driver of the register (new drivers come with the register file)")
    try:
        step = decide_said(record, said, grounds)
    except Invalid as invalid:
        # A value that cannot be, made of what was there and what is said. One such line must not stop a feed.
        return Refused(invalid.place, invalid.rule)
    if isinstance(step, Refused):
        return step
    if isinstance(step, Older):
        batch.pass_over(owner, said)
        return step
    batch.hear(owner, said, step, from_where)
    return None


async def _owners(
    tx: Connection, keys: KeyIndex, said: Sequence[Said]
) -> dict[IdentityNumber | FileNumber, UUID]:
    """Whose records the numbers find, in two look-ups."""
    found: dict[IdentityNumber | FileNumber, UUID] = {}
    for kind, of in ((Kind.IDENTITY_NUMBER, IdentityNumber), (Kind.FILE_NUMBER, FileNumber)):
        hashes = {
            each.whose: keys.hash(kind, _text(each.whose)) for each in said if isinstance(each.whose, of)
        }
        owners = await keyindex.find_many(tx, kind, list(hashes.values())) if hashes else {}
        found |= {whose: owners[hashed] for whose, hashed in hashes.items() if hashed in owners}
    return found


def _text(whose: IdentityNumber | FileNumber) -> str:
    return whose.canonical if isinstance(whose, IdentityNumber) else whose.value
