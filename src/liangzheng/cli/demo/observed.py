"""What an operator sees of the service while it runs: its figures, and one request followed to what was done because of it."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final

from liangzheng.cli.demo.account import prove_mobile
from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.desk import Desk
from liangzheng.cli.demo.held import StepFailed, hold
from liangzheng.cli.demo.kept import Actor
from liangzheng.cli.demo.stage import Stage
from liangzheng.staff import Duty

_WITHIN_S: Final = 20.0
_ROUTE: Final = "/staff/look-ups"
_TOPIC: Final = "driver.looked-up"


class Observed(Desk):
    """The steps of who watches. `holder`: the driver, asked late."""

    def __init__(self, stage: Stage, actor: Actor, holder: Callable[[], Client]) -> None:
        super().__init__(stage, actor)
        self._holder = holder

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act of each."""
        return [("figures", self.figures), ("one trace", self.trace), ("nobody in it", self.canaries)]

    async def figures(self) -> str:
        """/metrics counts a request under its route and status, on the operators' port alone."""
        operators = Client("127.0.0.1", self.stage.metrics_port)
        counted = re.compile(
            r'lz_http_request_seconds_count\{method="GET",route="/holder/account",status="([0-9]+)"\} ([0-9.]+)'
        )
        before = await self._scraped(operators, counted)
        (await asyncio.to_thread(self._holder().get, "/holder/account")).expect(200)
        refused = await asyncio.to_thread(self.stage.client.get, "/holder/account")
        hold(refused.status == 401, f"who has not logged in is refused ({refused.status})")
        after = await self._scraped(operators, counted)
        for status in ("200", "401"):
            more = after.get(status, 0.0) - before.get(status, 0.0)
            hold(more == 1, f"one more answer {status} is counted, and not {more:.0f}")
        public = await asyncio.to_thread(self.stage.client.get, "/metrics")
        hold(public.status == 404, f"the public port has no figures ({public.status})")
        ready = await asyncio.to_thread(operators.get, "/readyz")
        hold(ready.status == 200, "and the operators' port says that it is ready")
        return f"one more 200 and one more 401 of GET /holder/account; {sum(after.values()):.0f} in all; none on the public port"

    async def _scraped(self, operators: Client, counted: re.Pattern[str]) -> dict[str, float]:
        status, octets = await asyncio.to_thread(operators.octets, "/metrics")
        hold(status == 200, f"/metrics answers ({status})")
        return {name: float(value) for name, value in counted.findall(octets.decode())}

    async def trace(self) -> str:
        """A caller's trace id is in the answer, the API's spans, its log lines, and in the spans of what the queue did for it."""
        trace = secrets.token_hex(16)
        officer = (await self.officer(Duty.PATROL)).in_trace(trace)
        (await self.look(officer, "roadside-check", self.case("R"))).expect(201)
        # Of the same trace: a text message, which the simulated gateway writes a line of log about.
        mobile = f"199{secrets.randbelow(10**8):08d}"
        caller = self.stage.client.in_trace(trace)
        await prove_mobile(self.stage.settings, caller, mobile, purpose="register")
        requests = await self._until(
            lambda: [span for span in self._spans("api") if span["traceId"] == trace]
        )
        names = {span["name"] for span in requests}
        hold(f"POST {_ROUTE}" in names, f"the API's spans have the request, and not only {', '.join(names)}")
        parts = {span["spanId"]: span for span in requests}
        inside = [span for span in requests if span.get("parentSpanId") in parts]
        hold(bool(inside), "and what it spent its time on, as parts of it")
        handled = await self._until(lambda: [span for span in self._spans("queue") if _follows(span, trace)])
        hold(handled[0]["name"] == f"handle {_TOPIC}", f"the queue's span, and not {handled[0]['name']}")
        links = [link for span in handled for link in span["links"] if link["traceId"] == trace]
        hold(len(links) == 1 and links[0]["spanId"] in parts, "it names the one span the event was put in")
        lines = await self._until(lambda: [line for line in self._log() if line.get("trace") == trace])
        return (
            f"{trace[:8]}…: {len(requests)} spans of the API, {len(lines)} lines of its log, and the queue's "
            f"'{handled[0]['name']}' of another process links to it"
        )

    async def canaries(self) -> str:
        """No figure, span or line of log holds the driver's name or numbers, or any other identity or mobile number."""
        operators = Client("127.0.0.1", self.stage.metrics_port)
        status, figures = await asyncio.to_thread(operators.octets, "/metrics")
        hold(status == 200, "/metrics answers")
        written = {"figures": figures.decode()}
        for kind, folder, ending in (
            ("spans", self.stage.traces, "*.jsonl*"),
            ("logs", self.stage.processes.logs, "*.log"),
        ):
            written[kind] = "\n".join(path.read_text("utf-8") for path in sorted(folder.glob(ending)))
        actor = self.actor
        secrets_ = (actor.identity_number, actor.mobile, actor.name, actor.password)
        personal = re.compile(r"(?<![0-9A-Za-z.])(?:[1-9]\d{16}[0-9Xx]|1[3-9]\d{9})(?![0-9A-Za-z.])")
        hold(personal.search(f" {actor.identity_number} ") is not None, "what is looked for would be found")
        for kind, text in written.items():
            hold(len(text) > 1000, f"there are {kind} to look into")
            hold(not any(secret in text for secret in secrets_), f"no {kind} hold what is the driver's")
            found = personal.search(text) if kind != "spans" else None  # a span's times are long numbers
            hold(found is None, f"no {kind} hold an identity or mobile number")
        return (
            ", ".join(f"{kind}: {len(text.splitlines())} lines" for kind, text in written.items())
            + ", nobody in them"
        )

    async def _until(self, found: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        until = time.monotonic() + _WITHIN_S
        while time.monotonic() < until:
            if there := await asyncio.to_thread(found):
                return there
            await asyncio.sleep(0.1)
        raise StepFailed(f"nothing of the trace was written within {_WITHIN_S:.0f} s")

    def _spans(self, service: str) -> Iterator[dict[str, Any]]:
        for path in self.stage.traces.glob(f"liangzheng-{service}-*.jsonl*"):
            for line in _lines(path):
                for resource in line["resourceSpans"]:
                    for scope in resource["scopeSpans"]:
                        yield from scope["spans"]

    def _log(self) -> Iterator[dict[str, Any]]:
        yield from _lines(self.stage.processes.logs / "api.log")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of JSON there; others, and one that is being written, are passed over."""
    for line in path.read_text("utf-8", errors="replace").splitlines(keepends=True):
        if line.startswith("{") and line.endswith("\n"):
            yield json.loads(line)


def _follows(span: dict[str, Any], trace: str) -> bool:
    return any(link["traceId"] == trace for link in span.get("links", ()))
