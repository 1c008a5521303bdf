"""Every event that is put has a handler, and every handler an event."""

from __future__ import annotations

import ast
from pathlib import Path

import liangzheng
from liangzheng import accounts, drivers, licences
from liangzheng.infra.reference import load_reference
from liangzheng.kernel.time import SystemClock
from liangzheng.worker.handlers import handlers

SOURCE = Path(liangzheng.__file__).parent
TABLE = handlers(load_reference().authorities, SystemClock().now)


def topics_put() -> set[str]:
    """Texts of the form `thing.happened` in every file that puts events: a topic is never made up at run
    time."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "outbox.put" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in TABLE:
                found.add(node.value)
    return found


def calls_of_put() -> list[ast.expr]:
    """The topic argument of every call of outbox.put and outbox.put_many."""
    found = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Call) and ast.unparse(node.func)
            if named in ("outbox.put", "outbox.put_many") and isinstance(node, ast.Call):
                found.append(node.args[1])
    return found


def test_every_topic_written_out_has_a_handler() -> None:
    written = {arg.value for arg in calls_of_put() if isinstance(arg, ast.Constant)}
    assert len(calls_of_put()) >= 6
    assert written <= set(TABLE), "put by somebody, handled by nobody"


def test_no_handler_waits_for_an_event_nobody_puts() -> None:
    # drivers and accounts name their topics in constants, the queues of reviews theirs in what they are.
    queues = {licences.PHOTO_QUEUE.escalated, accounts.FACE_QUEUE.escalated}
    assert set(TABLE) - topics_put() <= {"standing.changed", "phone-key.ended", "phone-key.bound"} | queues
    assert queues <= set(TABLE)
    assert drivers.STANDING_CHANGED in TABLE
