"""The trace of a request: taken from the caller when it can be read, else our own; on every log line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from liangzheng.infra import logs
from liangzheng.infra.trace import CURRENT, Trace

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.parametrize(
    "header", [f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00", f"01-{TRACE}-{SPAN}-01-later"]
)
def test_a_trace_that_can_be_read_is_gone_on_with(header: str) -> None:
    trace = Trace(header.encode())
    assert (trace.trace, trace.parent) == (TRACE, SPAN)
    assert trace.span not in (SPAN, Trace(header.encode()).span)


@pytest.mark.parametrize(
    "header",
    [
        None, "", "00", f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01-more", f" 00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}",
        "320500199001011234", f"00-{TRACE}-{SPAN}-01\n",
    ],
)  # fmt: skip
def test_what_is_no_trace_begins_our_own(header: str | None) -> None:
    trace = Trace(header.encode() if header is not None else None)
    assert trace.trace != TRACE
    assert len(trace.trace) == 32 and len(trace.span) == 16 and trace.parent is None
    assert trace.trace == trace.trace


def test_every_line_of_a_request_names_its_trace_and_a_line_outside_names_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("json")
    token = CURRENT.set(Trace(f"00-{TRACE}-{SPAN}-01".encode()))
    logs.logger("liangzheng.test").info("one")
    logging.getLogger("liangzheng.other").info("two")
    CURRENT.reset(token)
    logs.logger("liangzheng.test").info("three")
    one, two, three = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert one["trace"] == two["trace"] == TRACE
    assert one["span"] == two["span"]
    assert "trace" not in three
