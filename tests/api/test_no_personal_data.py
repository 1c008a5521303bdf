"""Canaries: what a person sends is in no log line, no problem and no event, whatever goes wrong."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from liangzheng import accounts
from liangzheng.api import frame
from liangzheng.infra import logs, metrics, spans
from liangzheng.infra.face_simulated import Behaviour
from liangzheng.kernel.errors import Invalid
from liangzheng.wiring import Part, wire
from liangzheng.worker.drain import queue_batch
from liangzheng.worker.loop import work
from liangzheng.worker.schedule import Schedule
from tests.accounts.people import PASSWORD, MadeUp
from tests.api.cast import Cast
from tests.api.conftest import SmallWiring
from tests.api.matrix import ROWS
from tests.api.phone import Phone, registration, submission

CANARY, CANARY_NAME = "320500199001011234", "韦·䶮"


class Everything(logging.Handler):
    """Keeps every line of every logger."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {record.__dict__} {record.exc_info}")


@pytest.fixture
def log() -> Iterator[Everything]:
    """Every line, structlog's too, down to debug."""
    keeper = Everything()
    root = logging.getLogger()
    before = root.level, dict(structlog.get_config())
    root.addHandler(keeper)
    root.setLevel(logging.DEBUG)
    structlog.configure(
        processors=[structlog.stdlib.add_log_level, structlog.processors.KeyValueRenderer()],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    try:
        yield keeper
    finally:
        root.removeHandler(keeper)
        root.setLevel(before[0])
        structlog.configure(**before[1])


async def everything_that_can_go_wrong(phone: Phone, wiring: SmallWiring, person: MadeUp) -> list[str]:
    """Texts of all answers that are problems, and the events and entries left behind."""
    mobile, number, name = person.mobile.value, person.identity.value, person.name.value
    bodies: list[tuple[str, Any]] = [
        ("/holder/accounts", registration(person, name=name + "\x00")),
        ("/holder/accounts", registration(person, identity_number=number[::-1])),
        ("/holder/accounts", registration(person, mobile=number)),
        ("/holder/accounts", registration(person, password=mobile)),
        ("/holder/accounts", registration(person, identity_kind=number)),
        ("/holder/accounts", {**registration(person), number: name}),
        ("/holder/accounts", [registration(person)]),
        ("/holder/accounts", registration(person)),
        ("/holder/accounts", registration(person)),
        ("/holder/sessions", {"mobile": mobile, "password": PASSWORD + "x"}),
        ("/holder/sessions", {"mobile": number, "password": PASSWORD}),
        ("/holder/sessions", {"mobile": mobile, "password": PASSWORD, name: mobile}),
        (f"/holder/{number}", {}),
        (f"/holder/face-checks/{number}/frames", {"nonce": number, "frames": []}),
    ]
    answers = [await phone.post(path, body) for path, body in bodies]
    await phone.log_in(person)
    challenge = (await phone.post("/holder/face-checks", {"purpose": "apply"})).json()
    wiring.face_verifier.will(Behaviour.OUT_OF_REACH)
    answers.append(
        await phone.post(f"/holder/face-checks/{challenge['face_check_id']}/frames", submission(challenge))
    )
    answers.append(await phone.get(f"/holder/face-checks/{name}"))
    assert [answer.status_code for answer in answers].count(201) == 1
    async with wiring.database.read() as tx:
        left = [
            str(dict(row))
            for table in ("outbox", "audit_entry")
            for row in await tx.fetch(f"SELECT * FROM {table}")
        ]
    await wiring.database.close()
    answers.append(await phone.post("/holder/sessions", {"mobile": mobile, "password": PASSWORD}))
    return [answer.text for answer in answers if answer.status_code >= 400] + left


async def test_whatever_goes_wrong_no_log_line_problem_event_or_entry_holds_what_a_person_sent(
    phone: Phone, wiring: SmallWiring, person: MadeUp, log: Everything
) -> None:
    texts = await everything_that_can_go_wrong(phone, wiring, person)
    assert len(texts) >= 15
    canaries = (
        person.mobile.value,
        person.identity.value,
        person.name.value,
        PASSWORD,
        person.identity.value[::-1],
    )
    for canary in canaries:
        assert [text for text in texts if canary in text] == []
        assert [line for line in log.lines if canary in line and "httpx" not in line] == []
    assert any("SIMULATED" in line for line in log.lines)


async def test_a_bug_with_a_number_in_its_message_leaves_no_number_in_the_log(
    phone: Phone, wiring: SmallWiring, person: MadeUp, log: Everything
) -> None:
    class Talkative:
        simulated = True

        async def driver_for(self, *_: object) -> None:
            raise LookupError(f"nobody has {person.identity.value} in row 7")

    wiring.real_name = Talkative()  # type: ignore[assignment]
    answer = await phone.post("/holder/accounts", registration(person))
    assert answer.status_code == 500
    assert person.identity.value not in answer.text
    mine = [line for line in log.lines if "unexpected error" in line]
    assert len(mine) == 1
    assert "LookupError" in mine[0]
    assert answer.json()["error_id"] in mine[0]
    assert [line for line in log.lines if person.identity.value in line and "httpx" not in line] == []


# --- every route, metrics, workers --------------------------------------------------------------------


async def test_no_route_and_no_worker_puts_a_number_or_a_name_into_a_log_a_metric_or_a_problem(
    cast: Cast, log: Everything, tmp_path: Path
) -> None:
    """Every row of the matrix, right and with a canary wherever text goes in; then both workers, over what is left."""
    with spans.exporting(tmp_path / "traces", "test"):
        problems, canaries = await _everywhere(cast)
    assert len(problems) > len(ROWS)
    left = Left.by(log, tmp_path / "traces", problems)
    assert {canary: left.holding(canary) for canary in canaries if left.holding(canary)} == {}
    assert any("SIMULATED" in line for line in left.log)
    assert "lz_http_request_seconds_count" in left.metrics
    assert '"POST /holder/applications"' in left.traces and '"handle ' in left.traces


@dataclass(frozen=True)
class Left:
    """What requests leave behind where operators look, and what they answered when they failed."""

    log: list[str]
    metrics: str
    traces: str
    problems: list[str]

    @classmethod
    def by(cls, log: Everything, traces: Path, problems: list[str]) -> Left:
        """Of the requests so far. The client's own lines are not the service's."""
        lines = [line for line in log.lines if "httpx" not in line]
        [spans_] = [path.read_text(encoding="utf-8") for path in traces.iterdir()]
        return cls(lines, metrics.exposition().decode(), spans_, problems)

    def holding(self, canary: str) -> set[str]:
        """Where it is."""
        texts = {"metric": [self.metrics], "trace": [self.traces], "log": self.log, "problem": self.problems}
        return {where for where, said in texts.items() if any(canary in text for text in said)}


async def test_a_canary_is_seen_wherever_it_is_let_out(
    phone: Phone, log: Everything, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control, by two faults people make: figures by path instead of by route, and an act that says what it was given."""
    planted, away = "320500199001019999", "320500199001018888"

    async def talkative(*_: object, **__: object) -> None:
        logging.getLogger("liangzheng").warning("log-in of %s", planted)
        raise Invalid("mobile", f"another than {planted}")

    with spans.exporting(tmp_path / "traces", "test"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(frame, "_pattern", lambda scope: scope["path"])
            await phone.get(f"/holder/{away}")
        by_path = Left.by(log, tmp_path / "traces", [])
        monkeypatch.setattr(accounts, "log_in", talkative)
        answer = await phone.post("/holder/sessions", {"mobile": "13900000001", "password": PASSWORD})
    metrics.REQUESTS.remove("GET", f"/holder/{away}", "404")
    frame._figure.cache_clear()
    assert by_path.holding(away) == {"metric", "trace"}
    assert Left.by(log, tmp_path / "traces", [answer.text]).holding(planted) == {"log", "problem"}


async def _everywhere(cast: Cast) -> tuple[list[str], list[str]]:
    """The problems and stored refusals that were answered, and what must be found nowhere."""
    people = [cast.mine, cast.theirs]
    canaries = [CANARY, CANARY_NAME, *(each.private[index] for each in people for index in (0, 1))]
    asked = {name: f"{prefix}{CANARY}" for name, prefix in (("person", "per_"), ("driver", "drv_"))}
    problems = []
    for row in ROWS:
        if row.route.startswith("DELETE /") and row.route.endswith("/sessions/current"):
            continue
        headers = cast.headers_of(row.by) | {
            "traceparent": CANARY,
            "User-Agent": CANARY,
            "X-Request-Id": CANARY,
        }
        things = asdict(cast.mine.things)
        wrong = dict.fromkeys(things, CANARY) | asked
        for given, query in ((things, None), (wrong, {"q": CANARY}), (things, {CANARY: CANARY})):
            answer = await cast.call(row, headers, given, query)
            assert CANARY.encode() not in str(answer.headers).encode(), row.route
            refused = row.refusal is not None and row.refusal in answer.text
            problems += [answer.text] if refused or answer.status_code >= 400 else []
        answer = await cast.place.phone.client.request(
            row.method, row.path, headers=headers, json={CANARY: CANARY_NAME, "mobile": CANARY}
        )
        problems += [answer.text] if answer.status_code >= 400 else []
    place = cast.place
    queue = wire(place.wiring.settings, Part.QUEUE, place.world.database, place.clock)
    place.clock.advance(400 * 86400)
    await Schedule(queue).run_due(place.now)
    await queue_batch(queue)()
    await place.issue()
    return problems, canaries


async def test_a_bug_in_a_worker_leaves_no_number_in_its_log(log: Everything) -> None:
    async def batch() -> bool:
        raise LookupError(f"nobody has {CANARY}")

    logs.configure("json", "debug")
    with pytest.raises(LookupError):
        await work("queue", batch, asyncio.Event())
    assert [line for line in log.lines if CANARY in line] == []
    assert CANARY not in metrics.exposition().decode()
