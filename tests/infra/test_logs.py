"""Log lines: what is on the list and nothing else, whoever writes them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from liangzheng.infra import logs, metrics
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import DriverId

NUMBER = "320500199001011234"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_holds_its_event_and_the_fields_on_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    driver = DriverId.new()
    logs.logger("liangzheng.test").info("licence issued", driver=driver, ms=12, outcome="valid")
    (line,) = _lines(capsys)
    assert line["event"] == "licence issued"
    assert (line["driver"], line["ms"], line["outcome"], line["level"]) == (str(driver), 12, "valid", "info")


def test_a_field_that_is_not_on_the_list_is_left_out_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    before = metrics.LOG_FIELDS_DROPPED._value.get()
    logs.logger("liangzheng.test").info("applied", identity_number=NUMBER, name="韦·䶮", reason="x")
    text = capsys.readouterr().err
    assert NUMBER not in text
    assert "韦" not in text
    assert json.loads(text)["dropped_fields"] == 2
    assert metrics.LOG_FIELDS_DROPPED._value.get() == before + 2


def test_a_value_that_is_no_plain_value_is_named_by_its_type(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    logs.logger("liangzheng.test").info("applied", subject={"number": NUMBER}, reason=["a", NUMBER])
    text = capsys.readouterr().err
    assert NUMBER not in text
    assert json.loads(text)["subject"] == "dict"


def test_the_standard_librarys_logging_takes_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    logging.getLogger("liangzheng.test").warning(
        "event failed", extra={"topic": "a.b", "mobile": "13800000000"}
    )
    (line,) = _lines(capsys)
    assert (line["event"], line["topic"], line["level"]) == ("event failed", "a.b", "warning")
    assert "13800000000" not in json.dumps(line)


def test_an_exception_is_logged_by_type_and_place_without_its_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("json")
    try:
        raise ValueError(f"bad number {NUMBER}")
    except ValueError:
        logging.getLogger("liangzheng.test").exception("request failed")
    (line,) = _lines(capsys)
    assert NUMBER not in json.dumps(line)
    assert line["error"] == "ValueError"
    assert str(line["at"]).startswith("test_logs.py:")


def test_one_of_our_own_failures_may_speak_because_it_names_rules_not_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("json")
    try:
        raise NotFound("no such licence")
    except NotFound:
        logs.logger("liangzheng.test").info("request failed", exc_info=True)
    (line,) = _lines(capsys)
    assert line["error"] == "NotFound: no such licence"


def test_what_a_library_says_is_withheld(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    logging.getLogger("some.library").error("could not send %s to %s", NUMBER, "somewhere")
    (line,) = _lines(capsys)
    assert NUMBER not in json.dumps(line)
    assert line["logger"] == "some.library"


def test_the_console_form_leaves_out_the_same_things(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("console")
    logs.logger("liangzheng.test").info("applied", identity_number=NUMBER, reason="no photo")
    text = capsys.readouterr().err
    assert NUMBER not in text
    assert "no photo" in text


def test_levels_below_the_one_set_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "warning")
    logs.logger("liangzheng.test").info("chatter")
    logging.getLogger("liangzheng.test").info("chatter")
    assert capsys.readouterr().err == ""


def test_figures_are_written_in_the_prometheus_format() -> None:
    metrics.EVENTS.labels(outcome="valid").inc()
    text = metrics.exposition().decode()
    assert 'lz_outbox_events_total{outcome="valid"}' in text
