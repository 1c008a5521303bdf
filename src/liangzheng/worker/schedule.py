"""What the queue worker does by the clock: seal the audit chains, prune, renew, warn of keys that run out.

Every job may run in several workers at once and may be lost half-way: it is done again.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from prometheus_client import Gauge

from liangzheng import (
    accounts,
    audit,
    drivers,
    figures,
    licences,
    messages,
    relying,
    reviewing,
    showing,
    staff,
)
from liangzheng.infra import epochs, idempotency, metrics, outbox
from liangzheng.infra.forgetting import forget_all
from liangzheng.infra.keys_file import running_out, signs_until
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Conflict, Unavailable
from liangzheng.reviewing import Queue
from liangzheng.wiring import Wiring

_log = logging.getLogger(__name__)

IDEMPOTENCY_KEPT = timedelta(days=7)
"""How long a repeated request is known: longer than any phone goes on trying."""


LINES_MAY_WAIT = timedelta(hours=1)
"""For the one before them, until an operator is told."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something done every so often, from the first batch on."""

    name: str
    every: timedelta
    act: Callable[[Wiring, datetime], Awaitable[None]]


async def _seal(wiring: Wiring, now: datetime) -> None:
    await audit.seal(wiring.database, now)


async def _checkpoint(wiring: Wiring, now: datetime) -> None:
    signer = wiring.audit_signers.signing(None, now)
    try:
        made = await audit.checkpoint(wiring.database, signer, await epochs.current(wiring.database), now)
    except Conflict:
        return  # another worker made it this very moment
    await audit.write_files(wiring.database, wiring.settings.checkpoints)
    if made is not None:
        metrics.CHECKPOINTS.inc()


async def _count_waiting(wiring: Wiring, now: datetime) -> None:
    async with wiring.database.read() as connection:
        waiting = await outbox.depth(connection)
    for topic, count in waiting.items():
        metrics.OUTBOX_DEPTH.labels(topic).set(count)


async def _prune(wiring: Wiring, now: datetime) -> None:
    corrections = now - timedelta(days=wiring.settings.corrections_kept_days)
    forgetting: tuple[Callable[[Connection, int], Awaitable[int]], ...] = (
        lambda tx, limit: idempotency.forget(tx, now - IDEMPOTENCY_KEPT, limit),
        lambda tx, limit: accounts.prune(tx, now, limit),
        lambda tx, limit: accounts.forget_corrections(tx, corrections, limit),
        lambda tx, limit: staff.prune(tx, now, limit),
        lambda tx, limit: relying.prune(tx, now, limit),
        lambda tx, limit: showing.prune(tx, now, limit),
    )
    for forget in forgetting:
        await forget_all(wiring.database, forget)
    async with wiring.database.transaction() as tx:
        await drivers.forget_uploads(tx, now)
    await drivers.forget_lines(wiring.database, now - timedelta(days=wiring.settings.feed_lines_kept_days))
    told = await messages.prune(wiring.database, now - timedelta(days=wiring.settings.messages_kept_days))
    if told:
        _log.info("messages forgotten", extra={"count": told})


async def _complete_held(wiring: Wiring, now: datetime) -> None:
    done = await accounts.complete_held(wiring.database, wiring.key_index, now)
    if done:
        _log.info("held acts done", extra={"count": done})


async def _renew(wiring: Wiring, now: datetime) -> None:
    renewed = await licences.renew(wiring.database, now)
    if renewed:
        _log.info("credentials renewed", extra={"count": renewed})


async def _run_out(wiring: Wiring, now: datetime) -> None:
    """Retentions nobody confirmed in time are lifted."""
    over = await staff.run_out(wiring.database, now)
    if over:
        _log.info("proposals ran out", extra={"count": over})


async def _draw_look_ups(wiring: Wiring, now: datetime) -> None:
    drawn = await staff.draw_sample(wiring.database, wiring.staff_policy, now)
    if drawn is not None:
        _log.info("look-ups drawn for review", extra={"count": drawn})


async def _close_cycles(wiring: Wiring, now: datetime) -> None:
    closed = await drivers.close_cycles(wiring.database, now)
    if closed:
        _log.info("points cycles closed", extra={"count": closed})


async def _watch_feeds(wiring: Wiring, now: datetime) -> None:
    """A line that is missing for an hour is one the register does not know it has to send."""
    waiting = await drivers.waiting_since(wiring.database)
    metrics.LINES_WAITING.set(sum(count for _, count, _ in waiting))
    for source, count, since in waiting:
        if now - since > LINES_MAY_WAIT:
            _log.warning(
                "a register's lines wait for a missing one", extra={"source": str(source), "count": count}
            )


async def _count_keys(wiring: Wiring, now: datetime) -> None:
    bundle = wiring.trust()
    for role in dict.fromkeys(entry.role for entry in bundle.entries):
        try:
            metrics.SIGNS_UNTIL.labels(role.value).set(signs_until(bundle, role, now).timestamp())
        except Unavailable:
            metrics.SIGNS_UNTIL.labels(role.value).set(0)


async def _escalate(
    queue: Queue[Any], told: str, open_: Gauge, oldest: Gauge, wiring: Wiring, now: datetime
) -> None:
    late = await reviewing.escalate(wiring.database, queue, now)
    if late:
        _log.warning(told, extra={"count": late})
    async with wiring.database.read() as connection:
        found = await reviewing.figures(connection, queue, now)
    for state, count in (("waiting", found.waiting), ("taken", found.taken), ("late", found.late)):
        open_.labels(state).set(count)
    oldest.set(found.oldest_s)


_escalate_reviews = partial(
    _escalate, licences.PHOTO_QUEUE, "photo reviews are past their day", metrics.REVIEWS, metrics.REVIEW_AGE
)
_escalate_face_reviews = partial(
    _escalate, accounts.FACE_QUEUE, "reviews of face checks are past their day", metrics.FACE_REVIEWS,
    metrics.FACE_REVIEW_AGE,
)  # fmt: skip


async def _let_go_of_captures(wiring: Wiring, now: datetime) -> None:
    gone = await accounts.let_go_of_captures(wiring.database, now)
    if gone:
        _log.warning("face checks nobody reviewed in time; their pictures are gone", extra={"count": gone})


async def _let_go_of_photos(wiring: Wiring, now: datetime) -> None:
    gone = await licences.let_go_of_photos(wiring.database, now)
    if gone:
        _log.info("pictures let go", extra={"count": gone})


async def _warn_of_keys(wiring: Wiring, now: datetime) -> None:
    for role, province, last in running_out(wiring.trust(), now):
        whose = f"{role} {province or ''}".strip()
        if last is None:
            _log.error("no key signs any more: ./lz keys rotate", extra={"role": whose})
        else:
            _log.warning("a key runs out: ./lz keys rotate", extra={"role": whose, "at": last.isoformat()})


async def _warn_of_restore(wiring: Wiring, now: datetime) -> None:
    async with wiring.database.read() as connection:
        restore = await epochs.unconfirmed(connection)
    metrics.STANDING_CERTAIN.set(restore is None)
    if restore is not None:
        _log.warning(
            "restored and not read again: no standing is told: ./lz register confirm",
            extra={"number": restore.epoch, "at": restore.restored_at.isoformat()},
        )


async def _count_looks(wiring: Wiring, now: datetime) -> None:
    """Verifications leave no event: those since the last time are counted here, each once."""
    until, left = now - _SETTLED, True
    while left:
        async with wiring.database.transaction() as tx:
            since = await figures.counted_to(tx, figures.Counted.CODE_VERIFIED) or _BEFORE_EVERYTHING
            if until <= since:
                return
            looks, counted_to = await showing.looks_between(tx, since, until, _LOOKS_AT_ONCE)
            issued_by = await drivers.authorities_of(tx, sorted({driver for driver, _ in looks}))
            found = [(issued_by[driver], at) for driver, at in looks if driver in issued_by]
            await figures.count_looks(tx, found, wiring.reference.authorities, counted_to)
            left = counted_to < until


_BEFORE_EVERYTHING = datetime(2000, 1, 1, tzinfo=UTC)
_LOOKS_AT_ONCE = 5_000
_SETTLED = timedelta(seconds=30)
"""One that is being recorded now has an earlier time already."""


async def _tell_looks(wiring: Wiring, now: datetime) -> None:
    await messages.tell_looks(wiring.database, now)


async def _tell_expiry(wiring: Wiring, now: datetime) -> None:
    await messages.tell_expiry(wiring.database, now)


JOBS = (
    Job("seal", timedelta(seconds=5), _seal),
    Job("checkpoint", timedelta(seconds=30), _checkpoint),
    Job("count-waiting", timedelta(seconds=15), _count_waiting),
    Job("complete-held", timedelta(seconds=30), _complete_held),
    Job("count-looks", timedelta(seconds=15), _count_looks),
    Job("tell-looks", timedelta(seconds=30), _tell_looks),
    Job("run-out", timedelta(minutes=1), _run_out),
    Job("count-keys", timedelta(minutes=1), _count_keys),
    Job("escalate-reviews", timedelta(minutes=1), _escalate_reviews),
    Job("let-go-of-photos", timedelta(hours=1), _let_go_of_photos),
    Job("escalate-face-reviews", timedelta(minutes=1), _escalate_face_reviews),
    Job("let-go-of-captures", timedelta(minutes=10), _let_go_of_captures),
    Job("draw-look-ups", timedelta(hours=1), _draw_look_ups),
    Job("renew", timedelta(minutes=10), _renew),
    Job("tell-expiry", timedelta(hours=12), _tell_expiry),
    Job("prune", timedelta(hours=1), _prune),
    Job("watch-feeds", timedelta(minutes=1), _watch_feeds),
    Job("close-points-cycles", timedelta(minutes=10), _close_cycles),
    Job("warn-of-restore", timedelta(minutes=1), _warn_of_restore),
    Job("warn-of-keys", timedelta(hours=6), _warn_of_keys),
)


class Schedule:
    """The jobs of one worker and when each is due next. A clock that steps back delays a job by one interval
    at most.
    """

    def __init__(self, wiring: Wiring, jobs: tuple[Job, ...] = JOBS) -> None:
        self._wiring, self._jobs = wiring, jobs
        self._last: dict[str, datetime] = {}

    async def run_due(self, now: datetime) -> list[str]:
        """Runs what is due, one after the other; the names of what ran. A job out of reach waits for its
        next turn.
        """
        ran = []
        for job in self._jobs:
            last = self._last.get(job.name)
            if last is not None and last <= now < last + job.every:
                continue
            self._last[job.name] = now
            try:
                await job.act(self._wiring, now)
            except Unavailable as failure:
                _log.warning("job put off", extra={"act": job.name, "reason": failure.code})
                continue
            ran.append(job.name)
        return ran
