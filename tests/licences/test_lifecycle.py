"""The tables, and a driver's whole life in any order: whatever happens, what was promised holds."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liangzheng import audit, drivers, licences, reviewing
from liangzheng.drivers import StandingChange
from liangzheng.infra import checks, outbox
from liangzheng.infra.reference import load_reference
from liangzheng.kernel.classes import ORDER_162_DAY, Classes
from liangzheng.kernel.errors import Conflict
from liangzheng.kernel.ids import (
    ApplicationId,
    CredentialId,
    DriverId,
    FaceCheckId,
    PersonId,
    PhoneKeyId,
    PhotoId,
)
from liangzheng.kernel.machine import Machine
from liangzheng.kernel.status import Display, Status, display
from liangzheng.kernel.time import civil_day
from liangzheng.licences import CRASH_POINTS
from liangzheng.licences.lifecycle import APPLICATION, CREDENTIAL, LICENCE, ApplicationState
from liangzheng.licences.model import Application, Photo
from liangzheng.licences.photo_rules import PhotoSource
from liangzheng.licences.rules import free_slot, status_value
from liangzheng.licences.send_to_review import send_to_review
from liangzheng.licences.store import applications, findings, held, reviews
from liangzheng.licences.store.applications import Waiting
from liangzheng.worker.handlers import handlers
from tests.licences.test_crash import PowerCut, losing
from tests.licences.world import NOW, World, kept_octets, phone

MACHINES = (APPLICATION, LICENCE, CREDENTIAL)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
# type: ignore[type-arg]
def test_every_state_and_event_of_the_enums_is_in_the_table(machine: Machine) -> None:
    states, events = type(machine.start), type(machine.arrows[0].event)
    assert machine.states == set(states)
    assert machine.events == set(events)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_a_finished_one_does_not_move(machine: Machine) -> None:  # type: ignore[type-arg]
    assert machine.finished
    for state in machine.finished:
        for event in machine.events:
            with pytest.raises(Conflict):
                machine.step(state, event)


def test_nothing_becomes_live_that_was_not_drafted() -> None:
    for machine, live in ((LICENCE, "live"), (CREDENTIAL, "live"), (APPLICATION, "issued")):
        assert {arrow.source.value for arrow in machine.arrows if arrow.target == live} == {"drafted"}


# -- a driver's life in any order ---------------------------------------------------------------------

STANDINGS = st.sampled_from(
    [
        StandingChange(status=Status.parse("A")),
        StandingChange(status=Status.parse("D")),
        StandingChange(status=Status.parse("F")),
        StandingChange(status=Status.parse("N")),
        StandingChange(points=6),
        StandingChange(points=0),
        StandingChange(classes=Classes.parse("C1", ORDER_162_DAY)),
        StandingChange(classes=Classes.parse("C1D", ORDER_162_DAY)),
        StandingChange(authority="苏E"),
        StandingChange(authority="浙A"),
    ]
)
STEPS = st.one_of(
    st.tuples(st.just("apply"), st.integers(1, 4)),
    st.tuples(st.just("change"), STANDINGS),
    st.tuples(st.just("own photo"), st.integers(1, 4)),
    st.tuples(st.just("decide"), st.booleans()),
    st.tuples(st.just("withdraw"), st.none()),
    st.tuples(st.just("drain"), st.none()),
    st.tuples(st.just("batch"), st.none()),
    st.tuples(st.just("lost"), st.sampled_from(CRASH_POINTS)),
    st.tuples(st.just("recover"), st.none()),
    st.tuples(st.just("add phone"), st.integers(1, 4)),
    st.tuples(st.just("end phone"), st.integers(1, 4)),
    st.tuples(st.just("wait"), st.sampled_from([3, 70, 4000])),
)


@dataclass
class Life:
    """One driver, and the steps that may happen to them."""

    world: World
    driver_id: DriverId
    at: timedelta = timedelta(0)
    keys: dict[int, PhoneKeyId] = field(default_factory=dict)
    person_id: PersonId = field(default_factory=PersonId.new)

    async def take(self, step: str, what: object) -> None:
        await getattr(self, "_" + step.replace(" ", "_"))(what)

    @property
    def now(self):  # type: ignore[no-untyped-def]
        return NOW + self.at

    def _phone(self, number: int):  # type: ignore[no-untyped-def]
        made = phone(number)
        self.keys.setdefault(number, made.key_id)
        return type(made)(self.keys[number], made.public_key)

    async def _apply(self, number: int) -> None:
        self.world.now = self.now
        with suppress(Conflict):  # one is under way
            await self.world.apply(self.driver_id, with_phone=self._phone(number))

    async def _own_photo(self, number: int) -> None:
        """As `apply` and `replace_photo` keep it when the facts hold."""
        octets = b"a fictional photo %d" % number
        application_id, photo_id = ApplicationId.new(), PhotoId.new()
        with suppress(Conflict):  # one is open
            async with self.world.database.transaction(licences.CONSTRAINTS) as tx:
                held_now = await held.live_number(tx, self.driver_id) is not None
                photo = Photo(
                    self.driver_id,
                    photo_id,
                    PhotoSource.CAMERA,
                    sha256(octets).digest(),
                    (),
                    self.now,
                    octets,
                )
                await reviews.add_photo(tx, photo, self.person_id, {})
                application = Application(
                    driver_id=self.driver_id,
                    id=application_id,
                    state=ApplicationState.UNDER_REVIEW,
                    move=1,
                    origin="photo" if held_now else "holder",
                    person_id=self.person_id,
                    phone=None if held_now else self._phone(number),
                    refusal=None,
                    standing_version=1,
                    submitted_at=self.now,
                    moved_at=self.now,
                    photo=PhotoSource.CAMERA,
                    photo_id=photo_id,
                )
                await applications.add(tx, [(application, FaceCheckId.new())])
                await send_to_review(tx, [(application, "苏E")], self.now)

    async def _decide(self, approve: bool) -> None:
        desk = reviewing.ReviewDesk(audit.Actor("operator"))
        with suppress(Conflict):  # a new version is being made at this moment
            async with self.world.database.transaction(licences.REVIEW_CONSTRAINTS) as tx:
                review = await reviewing.take(tx, licences.PHOTO_QUEUE, desk, self.now)
                if review is None:
                    return
                if approve:
                    await licences.approve_photo(tx, desk, review.application_id, self.now)
                else:
                    reasons = [licences.PhotoReason.GLASSES]
                    await licences.refuse_photo(tx, desk, review.application_id, reasons, self.now)

    async def _withdraw(self, _: object) -> None:
        async with self.world.database.transaction() as tx:
            for found in await licences.applications_of(tx, self.person_id, self.driver_id):
                if isinstance(found, Application) and found.state is ApplicationState.UNDER_REVIEW:
                    await licences.withdraw(tx, self.person_id, self.driver_id, found.id, self.now)

    async def _change(self, change: StandingChange) -> None:
        async with self.world.database.transaction() as tx:
            await drivers.change_standing(tx, self.driver_id, change, "test", self.now)

    async def _drain(self, _: object) -> None:
        table = handlers(load_reference().authorities, lambda: self.now)
        while done := await outbox.drain(self.world.database, table, self.now):
            assert not done.failed and not done.parked, done

    async def _batch(self, _: object) -> None:
        await self.world.issuer().batch(self.now)

    async def _lost(self, point: str) -> None:
        with suppress(PowerCut):
            await self.world.issuer(losing(point)).batch(self.now)

    async def _recover(self, _: object) -> None:
        await self.world.issuer().recover(self.now)

    async def _add_phone(self, number: int) -> None:
        """As `request_credential` does it, for a licence that is live and a slot that is free."""
        async with self.world.database.transaction(licences.CONSTRAINTS) as tx:
            number_live = await held.live_number(tx, self.driver_id)
            there = await licences.credentials(tx, self.driver_id)
            slot = free_slot([credential.slot for credential in there])
            asked = self._phone(number)
            if number_live is None or slot is None or asked.key_id in {c.phone_key_id for c in there}:
                return
            credential_id = CredentialId.new()
            await held.add_request(
                tx, self.driver_id, credential_id, number_live.licence_id, slot, asked, self.now
            )
            await applications.enqueue(tx, [Waiting(self.driver_id, credential_id, self.now)])

    async def _end_phone(self, number: int) -> None:
        ended = self.keys.pop(number, None)
        if ended is not None:
            async with self.world.database.transaction() as tx:
                body = {"driver_id": str(self.driver_id), "phone_key_id": str(ended)}
                await outbox.put(tx, "phone-key.ended", PersonId.new(), body, self.now)

    async def _wait(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)

    async def settle(self) -> None:
        """Faults stop; workers run until nothing is left to do."""
        for _ in range(8):
            self.at += timedelta(seconds=70)
            await self._drain(None)
            await self._recover(None)
            await self._batch(None)
            await self._decide(True)


async def always(life: Life) -> None:
    """What holds after every step."""
    world, driver_id = life.world, life.driver_id
    states = await world.states("licence", driver_id)
    assert states.count("live") <= 1 and states.count("drafted") <= 1
    under_way = [
        state for state in await world.states("application", driver_id) if state in ("accepted", "drafted")
    ]
    assert len(under_way) <= 1
    own = [row for row in await world.rows("application", driver_id) if row["origin"] != "reissue"]
    open_ = [row for row in own if row["state"] in ("under_review", "accepted", "drafted")]
    assert len(open_) <= 1, "a holder has one application open"
    async with world.database.read() as connection:
        found = await checks.find(connection, [check for check in findings.CHECKS if "photo" in check.sql])
    assert found == []
    assert set(world.signed) <= await kept_octets(world.database), "signed what was not kept"
    for table, parent, key, machine in (
        ("application_event", "application", "application_id", APPLICATION),
        ("licence_event", "licence", "licence_id", LICENCE),
        ("credential_event", "credential", "credential_id", CREDENTIAL),
    ):
        await _events_are_a_walk(world, driver_id, table, parent, key, machine)


async def _events_are_a_walk(
    world: World,
    driver_id: DriverId,
    table: str,
    parent: str,
    key: str,
    machine: Machine,  # type: ignore[type-arg]
) -> None:
    """Every row stands where its events lead, one event a move."""
    told: dict[object, list[tuple[int, str]]] = {}
    for row in await world.rows(table, driver_id):
        told.setdefault((row[key], row.get("version")), []).append((int(str(row["move"])), str(row["event"])))
    event_of = {event.value: event for event in machine.events}
    for row in await world.rows(parent, driver_id):
        events = sorted(told.get((row["id"], row.get("version")), []))
        assert [move for move, _ in events] == list(range(1, int(str(row["move"])) + 1)), (parent, events)
        state = machine.start
        for _, event in events:
            state = machine.step(state, event_of[event])
        assert state == row["state"]


async def in_the_end(life: Life) -> None:
    """What holds when faults have stopped and everything was worked off."""
    world, driver_id = life.world, life.driver_id
    assert not {"under_review", "accepted", "drafted"} & set(await world.states("application", driver_id))
    assert "drafted" not in await world.states("licence", driver_id)
    assert not {"drafted", "requested"} & set(await world.states("credential", driver_id))
    async with world.database.read() as connection:
        standing = await drivers.standing(connection, driver_id)
        waiting = await connection.fetchval(
            "SELECT count(*) FROM issue_queue WHERE driver_id = $1", driver_id.uuid
        )
    assert waiting == 0
    live = [row for row in await world.rows("licence", driver_id) if row["state"] == "live"]
    if live:
        assert display(standing.status, None, civil_day(life.now)) is not Display.HIDDEN
        assert (live[0]["classes"], live[0]["authority"]) == (str(standing.classes), standing.authority)
    values = {row["credential_id"]: row["value"] for row in await world.rows("status_entry", driver_id)}
    published = int(status_value(standing.status, civil_day(life.now)))
    for row in await world.rows("credential", driver_id):
        if row["state"] == "live":
            assert live and row["licence_version"] == live[0]["version"]
            assert values[row["id"]] == published
            assert PhoneKeyId(row["phone_key_id"]) in life.keys.values()  # type: ignore[arg-type]


@settings(max_examples=40)
@given(steps=st.lists(STEPS, min_size=3, max_size=14))
async def test_whatever_happens_in_whatever_order_the_promises_hold(
    world: World, steps: list[tuple[str, object]]
) -> None:
    life = Life(world, await world.driver())
    for step, what in [("apply", 1), *steps]:
        await life.take(step, what)
        await always(life)
    await life.settle()
    await always(life)
    await in_the_end(life)


@settings(max_examples=15)
@given(first=st.lists(STEPS, min_size=2, max_size=8), second=st.lists(STEPS, min_size=2, max_size=8))
async def test_two_that_act_at_once_keep_the_promises_too(
    world: World, first: list[tuple[str, object]], second: list[tuple[str, object]]
) -> None:
    """Two workers and two hands on one driver, interleaved as the database lets them."""
    life = Life(world, await world.driver())
    await life.take("apply", 1)

    async def act(steps: list[tuple[str, object]]) -> None:
        for step, what in steps:
            try:
                await life.take(step, what)
            except Conflict:
                continue  # told that another came first

    await asyncio.gather(act(first), act(second))
    await always(life)
    await life.settle()
    await always(life)
    await in_the_end(life)
