"""Spans as OTLP/JSON: one a line, in the trace of whoever asked, with nothing in them but words of the code."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from liangzheng.infra import outbox, spans
from liangzheng.infra.postgres import Database
from liangzheng.infra.spans import Kind, exporting, span
from liangzheng.infra.trace import CURRENT, Trace
from liangzheng.kernel.errors import Unavailable
from liangzheng.kernel.ids import DriverId
from liangzheng.worker.loop import work
from tests.conftest import NOW

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def written(directory: Path) -> list[dict[str, Any]]:
    """Every span, in the order they ended; each line is a whole export request of this service."""
    found = []
    for path in sorted(directory.glob("*.jsonl*")):
        for line in path.read_text(encoding="utf-8").splitlines():
            [resource] = json.loads(line)["resourceSpans"]
            [named] = resource["resource"]["attributes"]
            assert named == {"key": "service.name", "value": {"stringValue": "test"}}
            [scope] = resource["scopeSpans"]
            found += scope["spans"]
    return found


def said(of: dict[str, Any]) -> dict[str, Any]:
    """Its attributes."""
    return {each["key"]: next(iter(each["value"].values())) for each in of["attributes"]}


def test_a_span_is_a_part_of_the_trace_that_is_current(tmp_path: Path) -> None:
    token = CURRENT.set(Trace(f"00-{TRACE}-{PARENT}-01".encode()))
    try:
        with exporting(tmp_path, "test"), span("outer", Kind.CLIENT, role="issuer"), span("inner") as inner:
            inner.says(count=3)
        here = CURRENT.get()
        assert here is not None
    finally:
        CURRENT.reset(token)
    inside, outside = written(tmp_path)
    assert {each["traceId"] for each in (inside, outside)} == {TRACE}
    assert (outside["parentSpanId"], inside["parentSpanId"]) == (here.span, outside["spanId"])
    assert (outside["kind"], inside["kind"]) == (3, 1)
    assert (said(outside), said(inside)) == ({"role": "issuer"}, {"count": "3"})
    assert (
        int(outside["startTimeUnixNano"])
        <= int(inside["startTimeUnixNano"])
        <= int(inside["endTimeUnixNano"])
    )
    assert len({outside["spanId"], inside["spanId"], PARENT, here.span}) == 4


def test_what_is_not_on_the_list_is_left_out_and_an_error_is_its_type(tmp_path: Path) -> None:
    with exporting(tmp_path, "test"), pytest.raises(LookupError), span("act", number="320500199001011234"):
        raise LookupError("nobody has 320500199001011234")
    [only] = written(tmp_path)
    assert said(only) == {"error.type": "LookupError"}
    assert only["status"] == {"code": 2}
    assert "3205001990" not in json.dumps(only)


def test_without_a_directory_there_is_nothing(tmp_path: Path) -> None:
    with exporting(None, "test"), span("act") as one, span("act") as another:
        one.says(count=1)
        assert one is another
        assert not spans.are_written()
        assert CURRENT.get() is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_full_is_put_aside_and_one_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "MOST_OCTETS", 1000)
    with exporting(tmp_path, "test"):
        for _ in range(20):
            with span("act"):
                pass
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 2 and max(sizes) <= 1000


async def test_a_batch_its_transactions_and_its_handlers_are_one_trace_and_idle_ones_leave_none(
    database: Database, tmp_path: Path
) -> None:
    async with database.transaction() as tx:
        for _ in range(2):
            await outbox.put(tx, "test.done", DriverId.new(), {}, NOW)
    handled: list[str] = []

    async def handle(tx: Any, events: Any) -> None:
        handled.extend(event.topic for event in events)

    async def batch() -> bool:
        return bool(await outbox.drain(database, {"test.done": handle}, NOW))

    with exporting(tmp_path, "test"):
        await work("queue", batch, asyncio.Event(), until_empty=True)
    assert handled == ["test.done", "test.done"]
    found = written(tmp_path)
    names = [each["name"] for each in found]
    assert names.count("batch queue") == 1  # the second had nothing to do
    assert len({each["traceId"] for each in found}) == 1
    whole = found[names.index("batch queue")]
    assert "parentSpanId" not in whole
    handling = found[names.index("handle test.done")]
    assert handling["kind"] == Kind.CONSUMER
    assert said(handling)["messaging.destination.name"] == "test.done"
    around = next(each for each in found if each["spanId"] == handling["parentSpanId"])
    assert (around["name"], around["parentSpanId"]) == ("transaction", whole["spanId"])
    assert said(around) == {"db.system.name": "postgresql"}


async def test_a_batch_that_was_put_off_says_so(tmp_path: Path) -> None:
    stop = asyncio.Event()

    async def batch() -> bool:
        stop.set()
        raise Unavailable("the signer is out of reach")

    with exporting(tmp_path, "test"):
        await work("issuer", batch, stop)
    [only] = written(tmp_path)
    assert (only["name"], only["status"], said(only)["error.type"]) == (
        "batch issuer",
        {"code": 2},
        "Unavailable",
    )


async def test_what_is_done_later_links_to_the_span_that_asked_for_it(
    database: Database, tmp_path: Path
) -> None:
    async def handle(tx: Any, events: Any) -> None:
        pass

    async def asked_for(trace: str) -> None:
        token = CURRENT.set(Trace(f"00-{trace}-{PARENT}-01".encode()))
        try:
            async with database.transaction() as tx:
                with span("request"):
                    await outbox.put(tx, "test.done", subject, {}, NOW)
                    await outbox.put_many(tx, "test.done", [(subject, {}), (subject, {})], NOW)
        finally:
            CURRENT.reset(token)

    subject, other = DriverId.new(), "0" * 31 + "1"
    with exporting(tmp_path, "test"):
        await asked_for(TRACE)
        await asked_for(other)
        await outbox.drain(database, {"test.done": handle}, NOW)
    found = written(tmp_path)
    asking = {each["traceId"]: each["spanId"] for each in found if each["name"] == "request"}
    [handling] = [each for each in found if each["name"] == "handle test.done"]
    assert handling["links"] == [{"traceId": trace, "spanId": asking[trace]} for trace in (TRACE, other)]
    assert all("links" not in each for each in found if each is not handling)


async def test_an_event_put_without_spans_belongs_to_none(database: Database, tmp_path: Path) -> None:
    token = CURRENT.set(Trace(f"00-{TRACE}-{PARENT}-01".encode()))
    try:
        async with database.transaction() as tx:
            await outbox.put(tx, "test.done", DriverId.new(), {}, NOW)
            assert await tx.fetchval("SELECT trace FROM outbox") is None
        with exporting(tmp_path, "test"), pytest.raises(LookupError):
            async with database.transaction() as tx:
                with span("request"):
                    await outbox.put(tx, "test.done", DriverId.new(), {}, NOW)
                raise LookupError
        assert spans.here() is None
    finally:
        CURRENT.reset(token)


def test_links_are_as_many_as_may_be_each_once(tmp_path: Path) -> None:
    many = [f"{number:032x}-{number:016x}" for number in range(spans.MOST_LINKS + 5)]
    with exporting(tmp_path, "test"), span("handle").follows([None, many[0], *many]):
        pass
    [only] = written(tmp_path)
    assert [link["spanId"] for link in only["links"]] == [each[33:] for each in many[: spans.MOST_LINKS]]
