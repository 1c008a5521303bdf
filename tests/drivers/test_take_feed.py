"""What a source says: each number once, in order, whole or not at all."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from drivers.feeding import AT, KEYS, Feeding, body, line, points, status
from liangzheng import drivers
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import Conflict, Forbidden, NotAuthenticated, NotFound, TooLarge

# The façade's function bears the module's name.
act = sys.modules["liangzheng.drivers.take_feed"]


@pytest.fixture
async def feed(database: Database) -> Feeding:
    return await Feeding(database).begin(3)


def refusals(answer: drivers.FeedAnswer) -> list[tuple[int | None, int | None, str]]:
    return [(each.line, each.sequence, each.place) for each in answer.refused]


async def test_a_line_has_its_effect_with_history_event_and_audit_entry(feed: Feeding) -> None:
    answer = await feed.send(status(1, "D"))
    assert answer == drivers.FeedAnswer(1, 1, 0, 0, ())
    row = await feed.row()
    assert (row["status"], row["record_version"], row["standing_version"]) == ("D", 2, 2)
    assert await feed.rows(
        "SELECT version, source, standing_version, before->>'status' FROM driver_change"
    ) == [(2, f"feed:{feed.source.id} 1", 2, "A")]
    assert await feed.rows(
        "SELECT topic, body->>'standing_version', body->>'kind' FROM outbox ORDER BY topic"
    ) == [
        ("register.changed", "2", "status"),
        ("standing.changed", "2", None),
    ]
    assert await feed.rows(
        "SELECT act, actor_kind, actor FROM audit_entry WHERE act = 'standing.changed'"
    ) == [("standing.changed", "source", feed.source.id.uuid)]


EVERY_KIND = [
    (line(1, "status", {"status": "N", "extended_until": "2027-01-01"}), {"status": "N", "extended_until": date(2027, 1, 1)}),
    (line(1, "classes", {"driving_privileges": "C1D"}), {"classes": "C1D", "class_history": "C1@2020-01-01;D@2026-11-20"}),
    (
        line(1, "validity", {"valid_from": "2026-11-20", "valid_until": None, "validity_term": "L"}),
        {"valid_from": date(2026, 11, 20), "valid_until": None, "validity_term": "L"},
    ),
    (line(1, "authority", {"issuing_authority": "苏A"}), {"issuing_authority": "苏A", "department": None}),
    (
        line(1, "address", {"resident_address": "虚构路2号", "address_division": "320506"}),
        {"resident_address": "虚构路2号", "address_division": "320506"},
    ),
    (points(1, points=6), {"points": 9}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "becomes"), EVERY_KIND, ids=[json.loads(each[0])["change"] for each in EVERY_KIND]
)
async def test_every_kind_of_change(feed: Feeding, sent: bytes, becomes: dict[str, object]) -> None:
    before = await feed.row()
    answer = await feed.send(sent)
    assert answer.refused == () and answer.applied == 1
    row = await feed.row()
    assert {column: row[column] for column in becomes} == becomes
    # An address is no part of the standing; everything else gives it a new version.
    grown = row["standing_version"] - before["standing_version"]
    assert grown == (0 if b'"address"' in sent else 1)


async def test_a_driver_is_found_by_the_identity_document_as_well(feed: Feeding) -> None:
    from tests.licences.world import citizen

    whose = {"identity_kind": "A", "document_number": citizen(2)}
    assert (await feed.send(line(1, "status", {"status": "D"}, driver=whose))).applied == 1


# ---- repeats, gaps, order ------------------------------------------------------------------------------


async def test_last_month_repeated_changes_nothing_at_all(feed: Feeding) -> None:
    month = [
        *(points(n, points=1, driver=1 + n % 3) for n in range(1, 25)), line(25, "classes", {"driving_privileges": "C1D"}),
        status(26, "H"), line(27, "status", {"status": "?"}),
    ]  # fmt: skip
    first = await feed.send(*month)
    before = await feed.everything()
    for again in (month, month[::-1], month[5:9], [*month, *month]):
        answer = await feed.send(*again)
        assert (answer.done_to, answer.applied, answer.waiting) == (27, 0, 0)
        assert answer.known == len(again)
    assert (
        {each.sequence for each in (await feed.send(*month)).refused}
        == {each.sequence for each in first.refused}
        == {27}
    )
    assert await feed.everything() == before


async def test_every_line_sent_ten_times_at_random_has_its_effect_once(feed: Feeding) -> None:
    lines = [points(n, points=1, driver=1 + n % 3) for n in range(1, 16)]
    sent = lines * 10
    random.Random(7).shuffle(sent)
    for start in range(0, len(sent), 7):
        await feed.send(*sent[start : start + 7])
    assert [(await feed.row(driver))["points"] for driver in (1, 2, 3)] == [8, 8, 8]
    assert await feed.rows("SELECT count(*) FROM register_line") == [(15,)]
    assert await feed.rows("SELECT count(*) FROM register_line_waiting") == [(0,)]


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3, 4))))
async def test_any_order_of_bodies_ends_the_same(feed: Feeding, order: tuple[int, ...]) -> None:
    lines = {n: status(n, letters) for n, letters in ((1, "D"), (2, "BD"), (3, "H"), (4, "A"))}
    for number in order:
        await feed.send(lines[number])
    row = await feed.row()
    assert (row["status"], row["record_version"]) == ("A", 5)
    assert [after for (after,) in await feed.rows("SELECT after->>'status' FROM driver_change ORDER BY version")] == [
        "D", "BD", "H", "A",
    ]  # fmt: skip


async def test_lines_after_a_gap_wait_and_are_applied_when_it_closes(feed: Feeding) -> None:
    answer = await feed.send(status(1, "D"), status(3, "H"), status(4, "A"))
    assert (answer.done_to, answer.applied, answer.waiting) == (1, 1, 2)
    assert (await feed.row())["status"] == "D"
    repeated = await feed.send(status(3, "H"))
    assert (repeated.done_to, repeated.applied, repeated.waiting) == (1, 0, 1)
    answer = await feed.send(status(2, "BD"))
    assert (answer.done_to, answer.applied, answer.waiting) == (4, 3, 0)
    assert (await feed.row())["status"] == "A"


async def test_what_waits_is_bounded_in_number_and_in_distance(feed: Feeding) -> None:
    feed.policy = drivers.FeedPolicy(most_waiting=2, farthest_ahead=10)
    answer = await feed.send(status(3, "D"), status(4, "D"), status(5, "D"), status(99, "D"))
    assert (answer.waiting, refusals(answer)) == (2, [(3, 5, "sequence"), (4, 99, "sequence")])
    answer = await feed.send(status(1, "A"), status(2, "A"), status(5, "D"))
    assert (answer.done_to, answer.refused) == (5, ())


async def test_more_than_one_transaction_is_one_body_all_the_same(
    feed: Feeding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(act, "_AT_ONCE", 7)
    lines = [status(n, "D" if n % 2 else "H", driver=1 + n % 3) for n in range(1, 31)]
    answer = await feed.send(*lines[10:], lines[9], *lines[:9])
    assert answer == drivers.FeedAnswer(30, 30, 0, 0, ())
    answer = await feed.send(*lines, status(32, "A"))
    assert (answer.done_to, answer.known, answer.waiting) == (30, 30, 1)


async def test_two_bodies_at_once_do_each_line_once(feed: Feeding) -> None:
    lines = [points(n, points=1, driver=1 + n % 3) for n in range(1, 16)]
    answers = await asyncio.gather(*(feed.send(*lines) for _ in range(6)))
    assert sum(answer.applied for answer in answers) == 15
    assert {answer.done_to for answer in answers} == {15}


async def test_a_body_lost_half_way_is_gone_on_with(feed: Feeding, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(act, "_AT_ONCE", 4)
    lines = [points(n, points=1, driver=1 + n % 3) for n in range(1, 16)]
    written = 0
    write = act.Batch.write

    async def lost(self: object, *arguments: object) -> None:
        nonlocal written
        await write(self, *arguments)  # type: ignore[arg-type]
        written += 1
        if written == 3:
            raise RuntimeError("power cut")

    monkeypatch.setattr(act.Batch, "write", lost)
    with pytest.raises(RuntimeError):
        await feed.send(*lines)
    assert (await feed.rows("SELECT done_to FROM register_source")) == [(8,)]
    monkeypatch.setattr(act.Batch, "write", write)
    answer = await feed.send(*lines)
    assert (answer.done_to, answer.applied, answer.known) == (15, 7, 8)
    assert [(await feed.row(driver))["points"] for driver in (1, 2, 3)] == [8, 8, 8]


# ---- what is old -------------------------------------------------------------------------------------


async def test_old_lines_are_forgotten_and_their_numbers_are_known_for_ever(
    feed: Feeding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["liangzheng.drivers.forget_lines"], "_AT_ONCE", 4)
    old = [status(n, "D" if n % 2 else "H") for n in range(1, 12)]
    await feed.send(*old, status(12, "?"))
    feed.now += timedelta(days=1)
    new = [status(13, "A"), status(15, "D")]
    await feed.send(*new)
    assert await drivers.forget_lines(feed.database, feed.now - timedelta(days=2)) == 0
    assert await drivers.forget_lines(feed.database, feed.now - timedelta(hours=1)) == 12
    assert await drivers.forget_lines(feed.database, feed.now - timedelta(hours=1)) == 0
    assert await feed.rows("SELECT sequence FROM register_line") == [(13,)]
    before = await feed.everything()
    answer = await feed.send(*old, *new)
    assert (answer.done_to, answer.applied, answer.known, answer.waiting, answer.refused) == (
        13,
        0,
        12,
        1,
        (),
    )
    # Whatever stands under a forgotten number is known; under a kept one it is compared.
    assert (await feed.send(status(3, "Z"))).known == 1
    assert await feed.everything() == before
    with pytest.raises(Conflict):
        await feed.send(status(13, "Z"))


async def test_forgetting_and_a_feed_at_once_lose_nothing(feed: Feeding) -> None:
    await feed.send(*(points(n, points=1, driver=1 + n % 3) for n in range(1, 7)))
    await asyncio.gather(
        feed.send(*(points(n, points=1, driver=1 + n % 3) for n in range(1, 16))),
        *(drivers.forget_lines(feed.database, feed.now + timedelta(days=1)) for _ in range(3)),
    )
    await drivers.forget_lines(feed.database, feed.now + timedelta(days=1))
    assert [(await feed.row(driver))["points"] for driver in (1, 2, 3)] == [8, 8, 8]
    assert await feed.rows("SELECT done_to, forgotten_to FROM register_source") == [(15, 15)]
    assert (await feed.send(points(16, points=1))).done_to == 16


# ---- clocks and keys -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ahead_s", "refused"), [(300, False), (301, True)])
async def test_a_clock_five_minutes_ahead_is_believed_also_over_midnight(
    feed: Feeding, ahead_s: int, refused: bool
) -> None:
    feed.now = datetime(2026, 11, 20, 15, 59, 0, tzinfo=UTC)  # a minute before midnight in China
    at = (feed.now + timedelta(seconds=ahead_s)).isoformat()
    answer = await feed.send(line(1, "status", {"status": "D"}, occurred_at=at))
    assert [each.place for each in answer.refused] == (["occurred_at"] if refused else [])


async def test_a_violation_of_a_day_that_has_begun_for_the_source_only(feed: Feeding) -> None:
    feed.now = datetime(2026, 11, 20, 15, 59, 0, tzinfo=UTC)
    answer = await feed.send(points(1, points=3, on="2026-11-21"), points(2, points=3, on="2026-11-22"))
    assert refusals(answer) == [(2, 2, "values.on")]


async def test_a_key_that_ends_while_its_body_is_under_way_has_nothing_more_of_it_done(
    feed: Feeding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(act, "_AT_ONCE", 4)
    write, kid = act.Batch.write, feed.signer.kid
    take = (feed.database, KEYS, drivers.code_tables(), feed.source.id)

    async def ended(self: object, tx: Any, *rest: object) -> None:
        await write(self, tx, *rest)  # type: ignore[arg-type]
        await tx.execute("UPDATE register_source_key SET ended_at = now()")

    monkeypatch.setattr(act.Batch, "write", ended)
    sent = body(*(status(n, "D" if n % 2 else "H") for n in range(1, 11)))
    with pytest.raises(NotAuthenticated):
        await drivers.take_feed(*take, sent, feed.now, signed_by=kid)
    assert await feed.rows("SELECT done_to FROM register_source") == [(4,)]


async def test_a_key_that_ended_does_not_come_back(feed: Feeding) -> None:
    await drivers.end_source_key(feed.database, feed.source.id, feed.signer.kid, feed.now)
    with pytest.raises(Conflict):
        await drivers.add_source_key(feed.database, feed.source.id, feed.signer.public_key, feed.now)
    assert await feed.rows("SELECT count(*) FROM register_source_key WHERE ended_at IS NULL") == [(0,)]


# ---- two sources -----------------------------------------------------------------------------------------


async def test_two_sources_of_one_driver_have_their_own_numbers_and_one_violation_counts_once(
    feed: Feeding,
) -> None:
    other = await drivers.add_source(feed.database, "另一示例登记", ["32"], feed.signer.public_key, feed.now)
    mine = [points(1, points=3, reference="decision-1"), points(2, points=1, reference="decision-2")]
    theirs = [points(1, points=3, reference="decision-1"), points(2, points=6, reference="decision-3")]
    take = (feed.database, KEYS, drivers.code_tables())
    answers = await asyncio.gather(
        feed.send(*mine), drivers.take_feed(*take, other.id, body(*theirs), feed.now)
    )
    assert [answer.done_to for answer in answers] == [2, 2]
    assert sorted(answer.applied for answer in answers) == [1, 2]
    assert (await feed.row())["points"] == (await feed.ledger()).points == 3 + 3 + 1 + 6


# ---- a source that contradicts itself --------------------------------------------------------------


@pytest.mark.parametrize("where", ["done", "waiting", "same body"])
async def test_one_number_with_two_lines_halts_the_source_and_nothing_of_the_body_is_done(
    feed: Feeding, where: str
) -> None:
    sequence = {"done": 1, "waiting": 5, "same body": 2}[where]
    await feed.send(status(1, "D"), status(5, "D"))
    before = await feed.row()
    twice = [status(2, "BD")] if where == "same body" else []
    with pytest.raises(Conflict) as conflict:
        await feed.send(*twice, status(sequence, "H"), status(3, "H", driver=2))
    assert conflict.value.place == f"sequence {sequence}"
    assert (await feed.row(), (await feed.row(2))["status"]) == (before, "A")
    assert await feed.rows("SELECT state, halted_at_sequence, done_to FROM register_source") == [
        ("halted", sequence, 1)
    ]
    assert await feed.rows(
        "SELECT detail->>'sequence' FROM audit_entry WHERE act = 'register-source.halted'"
    ) == [(str(sequence),)]
    with pytest.raises(Conflict, match="halted"):
        await feed.send(status(2, "BD"))
    await drivers.let_source_go_on(feed.database, feed.source.id, feed.now)
    answer = await feed.send(status(2, "BD"))
    assert answer.done_to == 2 and (await feed.row())["status"] == "BD"


async def test_an_ended_source_is_not_heard_and_what_waited_is_gone(feed: Feeding) -> None:
    await feed.send(status(2, "D"))
    await drivers.end_source(feed.database, feed.source.id, feed.now)
    with pytest.raises(Forbidden):
        await feed.send(status(1, "D"))
    assert await feed.rows("SELECT count(*) FROM register_line_waiting") == [(0,)]
    for act_on in (drivers.end_source, drivers.let_source_go_on):
        with pytest.raises(NotFound):
            await act_on(feed.database, feed.source.id, feed.now)


async def test_a_source_that_is_not_halted_cannot_be_let_go_on(feed: Feeding) -> None:
    with pytest.raises(Conflict):
        await drivers.let_source_go_on(feed.database, feed.source.id, feed.now)


# ---- refusals --------------------------------------------------------------------------------------------

BAD = {
    "unknown driver": (status(1, "D", driver=999), "driver"),
    "wrong file number": (
        line(1, "status", {"status": "D"}, driver={"file_number": "12"}),
        "driver.file_number",
    ),
    "wrong check character": (
        line(
            1,
            "status",
            {"status": "D"},
            driver={"identity_kind": "A", "document_number": "110105194912310021"},
        ),
        "driver.document_number",
    ),
    "both numbers": (
        line(1, "status", {"status": "D"}, driver={"file_number": "320500000001", "identity_kind": "A"}),
        "driver",
    ),
    "unknown change": (line(1, "name", {"name": "x"}), "change"),
    "a new driver": (line(1, "new", {}), "change"),
    "field nobody asked for": (line(1, "status", {"status": "D", "colour": "red"}), "values"),
    "field beside": (line(1, "status", {"status": "D"}, note="x"), "line"),
    "value missing": (line(1, "validity", {"valid_from": "2026-01-01"}), "values.valid_until"),
    "values no object": (line(1, "status", ["D"]), "values"),
    "status letter": (status(1, "Q"), "values.status"),
    "number for text": (line(1, "status", {"status": 1}), "values.status"),
    "day that is none": (
        line(1, "status", {"status": "N", "extended_until": "2026-02-30"}),
        "values.extended_until",
    ),
    "extension without letter": (
        line(1, "status", {"status": "D", "extended_until": "2027-01-01"}),
        "values.extended_until",
    ),
    "class that is none": (line(1, "classes", {"driving_privileges": "C9"}), "values.driving_privileges"),
    "validity that ends before": (
        line(1, "validity", {"valid_from": "2026-01-01", "valid_until": "2025-01-01", "validity_term": "6"}),
        "values.valid_until",
    ),
    "long term with an end": (
        line(1, "validity", {"valid_from": "2026-01-01", "valid_until": "2030-01-01", "validity_term": "L"}),
        "values.valid_until",
    ),
    "authority that is none": (
        line(1, "authority", {"issuing_authority": "苏?"}),
        "values.issuing_authority",
    ),
    "address that turns round": (
        line(1, "address", {"resident_address": "路\u202e", "address_division": "320506"}),
        "values.resident_address",
    ),
    "tomorrow": (line(1, "status", {"status": "D"}, occurred_at="2026-11-21T00:00:00+08:00"), "occurred_at"),
    "no offset": (line(1, "status", {"status": "D"}, occurred_at="2026-11-20T09:30:00"), "occurred_at"),
    "end of time": (line(1, "status", {"status": "D"}, occurred_at="9999-12-31T23:59:59Z"), "occurred_at"),
    "key twice": (status(1, "D")[:-1] + b',"change":"status"}', "line"),
    "points of no kind": (points(1, "fine", points=3), "values.kind"),
    "points no number": (points(1, points="3"), "values.points"),
    "points true": (points(1, points=True), "values.points"),
    "reference with a number of a person": (points(1, points=3, reference="示例"), "values.reference"),
    "two points after 2022": (points(1, points=2), "values.points"),
    "corrects nothing": (points(1, "correction", points=-1, corrects="x"), "values.corrects"),
}


@pytest.mark.parametrize("fault", BAD)
async def test_a_line_that_breaks_a_rule_is_recorded_refused_and_stops_nothing(
    feed: Feeding, fault: str
) -> None:
    sent, place = BAD[fault]
    before = await feed.row()
    answer = await feed.send(sent, status(2, "D", driver=2))
    assert (answer.done_to, answer.applied, refusals(answer)) == (2, 1, [(1, 1, place)])
    assert (await feed.row(), (await feed.row(2))["status"]) == (before, "D")
    [kept] = await drivers.refused_lines(feed.database, feed.source.id)
    assert (kept.sequence, kept.place, kept.rule) == (1, place, answer.refused[0].rule)


@pytest.mark.parametrize(
    "unread",
    [b"", b"{", b"[]", b"\xff", b'{"sequence": 0}', b'{"sequence": "1"}', b'{"sequence": 99999999999999999999}', b"[" * 4000,
     b'{"sequence": 1, "x": "' + b"x" * 4096 + b'"}', status(1, "D").replace(b'"D"', b"NaN"),
     status(1, "D").replace(b'"sequence": 1', b'"sequence": 1.0'), status(1, "D").replace(b'"D"', rb'"\ud800"')],
)  # fmt: skip
async def test_what_has_no_number_is_answered_and_leaves_its_gap(feed: Feeding, unread: bytes) -> None:
    answer = await feed.send(unread, status(1, "D"))
    assert (answer.done_to, answer.applied, refusals(answer)) == (1, 1, [(1, None, "line")])
    assert await drivers.refused_lines(feed.database, feed.source.id) == []


async def test_a_refusal_holds_nothing_of_the_line(feed: Feeding) -> None:
    canary = "禁鸟canary4711"
    lines = [
        line(1, "address", {"resident_address": canary + "\x00", "address_division": "1"}),
        line(2, "status", {"status": canary}), line(3, canary, {}), line(4, "status", {canary: canary}),
        line(5, "status", {"status": "D"}, driver={"file_number": canary}), points(6, points=3, reference=canary),
        line(7, "status", {"status": "D"}, occurred_at=canary), line(8, "status", {"status": "D"}, **{canary: 1}),
    ]  # fmt: skip
    answer = await feed.send(*lines)
    assert len(answer.refused) == len(lines)
    assert canary not in repr(answer)
    everything = json.dumps(await feed.everything(), ensure_ascii=False)
    assert canary not in everything


async def test_too_large_a_body_is_refused_whole(feed: Feeding) -> None:
    with pytest.raises(TooLarge):
        await feed.send(*[b"{}"] * (drivers.MOST_LINES + 1))
    with pytest.raises(TooLarge):
        await feed.send(b" " * drivers.MOST_OCTETS)


async def test_an_empty_body_only_asks(feed: Feeding) -> None:
    await feed.send(status(1, "D"))
    before = await feed.everything()
    assert await feed.send() == drivers.FeedAnswer(1, 0, 0, 0, ())
    assert await feed.everything() == before


# ---- who may speak for whom ---------------------------------------------------------------------------


async def test_a_source_speaks_for_its_provinces_only(database: Database) -> None:
    feed = await Feeding(database).begin(1, issuing_authority="浙A")
    answer = await feed.send(
        status(1, "D"), points(2, points=3), line(3, "authority", {"issuing_authority": "苏A"})
    )
    assert [place for _, _, place in refusals(answer)] == ["driver"] * 3
    assert (await feed.row())["record_version"] == 1


async def test_a_record_transferred_out_is_taken_over_by_the_province_it_goes_to_and_by_nothing_else(
    database: Database,
) -> None:
    feed = await Feeding(database).begin(1, issuing_authority="浙A", status="C")
    answer = await feed.send(
        status(1, "A"), line(2, "authority", {"issuing_authority": "浙B"}), line(3, "authority", {"issuing_authority": "苏E"}),
        status(4, "A"),
    )  # fmt: skip
    assert refusals(answer) == [(1, 1, "driver"), (2, 2, "driver")]
    row = await feed.row()
    assert (row["issuing_authority"], row["status"]) == ("苏E", "A")


async def test_a_source_may_give_a_driver_away_and_then_not_speak_for_them(feed: Feeding) -> None:
    answer = await feed.send(line(1, "authority", {"issuing_authority": "浙A"}), status(2, "D"))
    assert (answer.applied, refusals(answer)) == (1, [(2, 2, "driver")])


# ---- beside the feed -----------------------------------------------------------------------------------


async def test_a_class_lost_takes_its_school_bus_approval_with_it(database: Database) -> None:
    feed = await Feeding(database).begin(
        1, classes="A1C1", class_history="A1@2021-01-01;C1@2020-01-01", school_bus_classes="A1C1"
    )
    await feed.send(line(1, "classes", {"driving_privileges": "C1"}))
    row = await feed.row()
    assert (row["classes"], row["school_bus_classes"]) == ("C1", "C1")
    assert row["class_history"] == "A1@2021-01-01/2026-11-20;C1@2020-01-01"


async def test_a_line_that_changes_nothing_is_done_and_leaves_no_version(feed: Feeding) -> None:
    answer = await feed.send(status(1, "A"), line(2, "authority", {"issuing_authority": "苏E"}))
    assert answer.applied == 2
    assert (await feed.row())["record_version"] == 1
    assert await feed.rows("SELECT count(*) FROM outbox") == [(0,)]


async def test_several_changes_of_one_driver_in_one_body_are_versions_one_after_the_other(
    feed: Feeding,
) -> None:
    await feed.send(
        status(1, "D"), line(2, "classes", {"driving_privileges": "C1D"}), points(3, points=3), status(4, "A")
    )
    row = await feed.row()
    assert (row["record_version"], row["standing_version"]) == (5, 5)
    assert await feed.rows("SELECT version, standing_version FROM driver_change ORDER BY version") == [
        (2, 2), (3, 3), (4, 4), (5, 5),
    ]  # fmt: skip
    # Others hear of the standing once, and of each kind of change.
    assert await feed.rows("SELECT body FROM outbox WHERE topic = 'standing.changed'") == [
        ({"standing_version": 5, "changed": ["class_history", "classes", "points", "status"]},)
    ]
    told = await feed.rows("SELECT body->>'kind' FROM outbox WHERE topic = 'register.changed' ORDER BY id")
    assert told == [("status",), ("classes",), ("points",), ("status",)]


async def test_an_older_file_does_not_undo_what_a_feed_said_since(feed: Feeding) -> None:
    from liangzheng.drivers import store

    await feed.send(status(1, "D"))
    async with feed.database.read() as tx:
        drawn = feed.now - timedelta(days=1)
        assert await store.standing_made_here_since(tx, [feed.made[0].uuid], drawn) == {feed.made[0].uuid}


def test_the_day_of_the_lines_is_the_day_of_the_tests() -> None:
    assert AT.startswith("2026-11-20") and body(b"a", b"b") == b"a\nb\n"


async def test_the_most_lines_are_counted_with_and_without_a_last_line_feed(feed: Feeding) -> None:
    lines = [status(n, "D" if n % 2 else "H") for n in range(1, drivers.MOST_LINES + 1)]
    whole = b"\n".join(lines)
    take = (feed.database, KEYS, drivers.code_tables(), feed.source.id)
    with pytest.raises(TooLarge):
        await drivers.take_feed(*take, whole + b"\n{}", feed.now)
    answer = await drivers.take_feed(*take, whole, feed.now)
    assert (answer.done_to, answer.applied) == (drivers.MOST_LINES, drivers.MOST_LINES)
