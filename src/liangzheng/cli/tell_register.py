"""Telling of the changes in a file: in bodies, again where an answer was lost, on from where the deployment stands."""

from __future__ import annotations

import asyncio
import http.client
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from liangzheng import drivers
from liangzheng.infra.postgres import attach
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Conflict, Invalid, NotAuthenticated, NotFound, TooMany, Unavailable
from liangzheng.kernel.ids import SourceId
from liangzheng.kernel.time import SystemClock
from liangzheng.standards.keys import Signer
from liangzheng.wiring import feed_policy, index_keys

LINES_A_BODY: Final = 1_000
_SHOWN_REFUSED: Final = 20
_TIMEOUT_S: Final = 60.0
WAITS_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Before a body is sent again that found nobody: a minute in all, long enough for a restart."""
_LONGEST_WAIT_S: Final = 60.0


@dataclass(slots=True)
class Told:
    """What became of a file. `too_far`: lines of this pass over it that there was no room for yet."""

    done_to: int = 0
    read: int = 0
    sent: int = 0
    passed_over: int = 0
    applied: int = 0
    refused: int = 0
    older: int = 0
    too_far: int = 0
    shown: list[str] = field(default_factory=list)

    def refuse(self, what: str) -> None:
        """One more line that has no effect; the first ones are shown."""
        self.refused += 1
        if self.refused <= _SHOWN_REFUSED:
            self.shown.append(f"refused: {what}")

    def count(self, answer: dict[str, Any]) -> None:
        """What an answer says. A number past `done_to` is refused for want of room, not for good."""
        self.done_to = answer["done_to"]
        self.applied += answer["applied"]
        self.older += len(answer["older"])
        for each in answer["refused"]:
            sequence = each["sequence"]
            if sequence is not None and sequence > self.done_to:
                self.too_far += 1
                continue
            number = "no number" if sequence is None else f"line {sequence}"
            self.refuse(f"{number}, {each['place']}: {each['rule']}")


Advance = Callable[[int], None]


def lines_in(file: Path) -> int:
    """How many lines a file has, for the bar."""
    try:
        with file.open("rb") as opened:
            return sum(piece.count(b"\n") for piece in iter(lambda: opened.read(1 << 20), b"")) or 1
    except OSError as error:
        raise NotFound(f"{file} cannot be read: {error.strerror}") from None


def send(
    file: Path, source_id: SourceId, url: str, signer: Signer, told: Told, advance: Advance = lambda _: None
) -> None:
    """The file is told to a deployment; `told` says how far, also when this raises."""
    # Not patiently: nothing is under way yet, and whoever mistyped the address wants to hear it.
    told.done_to = post_body(url, source_id, signer, b"")["done_to"]
    for body in bodies(file, told):
        told.count(post_patiently(url, source_id, signer, body))
        _tell_progress(told, advance)


async def apply(file: Path, source_id: SourceId, told: Told, advance: Advance) -> None:
    """The file is applied to this deployment's own database."""
    settings, clock = Settings.from_env(), SystemClock()
    keys, tables, policy = index_keys(settings), drivers.code_tables(), feed_policy(settings)
    async with attach(settings) as database:

        async def take(body: bytes) -> drivers.FeedAnswer:
            return await drivers.take_feed(database, keys, tables, source_id, body, clock.now(), policy)

        told.done_to = (await take(b"")).done_to
        pieces = bodies(file, told)
        while (body := await asyncio.to_thread(next, pieces, None)) is not None:
            told.count(msgspec.to_builtins(await take(body)))
            _tell_progress(told, advance)


def _tell_progress(told: Told, advance: Advance) -> None:
    advance(told.read)
    if not sys.stderr.isatty():
        print(f"done to {told.done_to}", file=sys.stderr, flush=True)


def bodies(file: Path, told: Told) -> Iterator[bytes]:
    """The file in bodies, without what is done; once more over it while lines found no room and others moved on.

    Holds one body at a time, whatever the file is. Raises NotFound.
    """
    passes = 0
    while True:
        passed, told.read, told.too_far = told.done_to, 0, 0
        passes += 1
        yield from _pass(file, passed, told, first=passes == 1)
        if not told.too_far or told.done_to == passed:
            break
    for _ in range(told.too_far):
        told.refuse(
            f"too far ahead of line {told.done_to + 1}, which is missing: send it again after that one"
        )


def _pass(file: Path, done_to: int, told: Told, *, first: bool) -> Iterator[bytes]:
    lines: list[bytes] = []
    octets = 0
    for line in _lines(file):
        told.read += 1
        if line is None:
            if first:
                told.refuse(f"line {told.read} of the file: at most {drivers.LONGEST_LINE} octets")
            continue
        sequence = drivers.sequence_of(line.rstrip(b"\n"))
        if sequence is not None and sequence <= done_to:
            told.passed_over += first
            continue
        if sequence is None and not first:
            continue
        if lines and (len(lines) == LINES_A_BODY or octets + len(line) >= drivers.MOST_OCTETS):
            yield b"".join(lines)
            lines, octets = [], 0
        lines.append(line)
        octets += len(line)
        told.sent += first
    if lines:
        yield b"".join(lines)


def _lines(file: Path) -> Iterator[bytes | None]:
    """The lines; None for one that is longer than any may be, of which no more than that is ever held."""
    most = drivers.LONGEST_LINE + 1
    try:
        with file.open("rb") as opened:
            while line := opened.readline(most):
                if len(line) < most or line.endswith(b"\n"):
                    yield line
                    continue
                while line and not line.endswith(b"\n"):
                    line = opened.readline(1 << 16)
                yield None
    except OSError as error:
        raise NotFound(f"{file} cannot be read: {error.strerror}") from None


def post_patiently(url: str, source_id: SourceId, signer: Signer, body: bytes) -> dict[str, Any]:
    """As `post_body`, again after a while where nobody answered or too much was asked: a repeat has no effect."""
    for wait_s in WAITS_S:
        try:
            return post_body(url, source_id, signer, body)
        except (Unavailable, TooMany) as later:
            time.sleep(min(max(wait_s, later.retry_after_s or 0), _LONGEST_WAIT_S))
    return post_body(url, source_id, signer, body)


def post_body(url: str, source_id: SourceId, signer: Signer, body: bytes) -> dict[str, Any]:
    """The deployment's answer to one signed body. Raises Conflict, NotAuthenticated, TooMany, Unavailable, Invalid."""
    where = urlsplit(url)
    if where.scheme not in ("http", "https") or where.hostname is None:
        raise Invalid("--url", "http:// or https:// with a host")
    of = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    connection = of(where.hostname, where.port, timeout=_TIMEOUT_S)
    headers = {
        "Authorization": f"Source {drivers.prove(source_id, signer, body)}",
        "Content-Type": "application/x-ndjson",
    }
    try:
        connection.request("POST", where.path.rstrip("/") + "/source/register-changes", body, headers)
        reply = connection.getresponse()
        octets, after = reply.read(), reply.headers.get("Retry-After", "")
    except (OSError, http.client.HTTPException) as trouble:
        raise Unavailable(f"the deployment does not answer: {type(trouble).__name__}") from trouble
    finally:
        connection.close()
    return _read(reply.status, octets, int(after) if after.isascii() and after.isdigit() else None)


def _read(status: int, octets: bytes, retry_after_s: int | None) -> dict[str, Any]:
    try:
        answer = msgspec.json.decode(octets)
    except msgspec.DecodeError:
        answer = None
    if status == 200 and isinstance(answer, dict):
        return answer
    why = (
        (answer.get("detail") or answer.get("title"))
        if isinstance(answer, dict)
        else "not a deployment's words"
    )
    said = f"the deployment answered {status}: {why}"
    if status == 429:
        raise TooMany(said, retry_after_s=retry_after_s)
    if status >= 500:
        raise Unavailable(said, retry_after_s=retry_after_s)
    raise NotAuthenticated(said) if status == 401 else Conflict(said)
