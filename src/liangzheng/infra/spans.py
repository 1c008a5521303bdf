"""Spans: what a request or a batch spent its time on, written as OTLP/JSON where the operator names a directory.

One file a process, one span a line, each line an ExportTraceServiceRequest as any OpenTelemetry collector reads it
(opentelemetry-proto 1.x, JSON encoding: ids in hexadecimal, times in nanoseconds as text). A span is named by a word
of the code and holds plain values from a short list, never a path, a parameter or an error's text. Without a
directory a span costs one look at a variable.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Token
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

import msgspec

from liangzheng.infra.trace import CURRENT, Trace

MOST_LINKS: Final = 100
"""Of one span, to those whose events it handles."""

MOST_OCTETS: Final = 64 << 20
"""Of one file; then it is put aside as NAME.1, in place of the one before, and begun anew."""

ATTRIBUTES: Final = frozenset(
    {
        "http.request.method", "http.route", "http.response.status_code", "error.type", "db.system.name",
        "messaging.destination.name", "messaging.batch.message_count", "role", "count", "outcome",
    }
)  # fmt: skip
"""The only ones there are: words of OpenTelemetry's conventions where it has one."""

_ENCODE: Final = msgspec.json.Encoder().encode
_ERROR: Final = 2


class Kind(IntEnum):
    """As in opentelemetry-proto `SpanKind`."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    CONSUMER = 5


class Exporter:
    """Writes finished spans of this process to one file."""

    def __init__(self, directory: Path, service: str) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = directory / f"{service}-{os.getpid()}.jsonl"
        self._resource = {"attributes": _attributes({"service.name": service})}
        self._file: BinaryIO = self._path.open("ab", buffering=0)
        self._octets = self._path.stat().st_size

    def write(self, span: dict[str, Any]) -> None:
        """A disk that is full loses spans, never a request."""
        line = {
            "resourceSpans": [
                {
                    "resource": self._resource,
                    "scopeSpans": [{"scope": {"name": "liangzheng"}, "spans": [span]}],
                }
            ]
        }
        octets = _ENCODE(line) + b"\n"
        with suppress(OSError):
            if self._octets + len(octets) > MOST_OCTETS:
                self._file.close()
                self._path.replace(self._path.with_suffix(".jsonl.1"))
                self._file = self._path.open("ab", buffering=0)
                self._octets = 0
            self._file.write(octets)
            self._octets += len(octets)

    def close(self) -> None:
        self._file.close()


_exporter: Exporter | None = None


@contextmanager
def exporting(directory: Path | None, service: str) -> Iterator[None]:
    """Spans of this process are written while the block lasts; None: there are none."""
    global _exporter
    if directory is None:
        yield
        return
    before, _exporter = _exporter, Exporter(directory, service)
    try:
        yield
    finally:
        _exporter.close()
        _exporter = before


def are_written() -> bool:
    """Whether anybody wants spans."""
    return _exporter is not None


class Span:
    """Open while its block lasts; log lines inside it name it. Made by `span`."""

    __slots__ = ("_attributes", "_began", "_kind", "_links", "_name", "_token", "_trace")

    def __init__(self, trace: Trace, name: str, kind: Kind, attributes: dict[str, str | int]) -> None:
        self._trace, self._name, self._kind, self._attributes = trace, name, kind, attributes
        self._began = time.time_ns()
        self._links: list[str] = []
        self._token: Token[Trace | None] | None = None

    def says(self, **attributes: str | int) -> None:
        """More of it, known only now; a dot in a name is written as two underscores."""
        self._attributes |= {name.replace("__", "."): value for name, value in attributes.items()}

    def follows(self, earlier: Iterable[str | None]) -> Self:
        """It is done because of what happened in these spans (`here`), in traces of their own: a link to each."""
        self._links = list(dict.fromkeys(each for each in earlier if each is not None))[:MOST_LINKS]
        return self

    def drop(self) -> None:
        """Nobody need read it, nor what was inside: nothing was done."""
        if self._trace.held is not None:
            self._trace.held.clear()
            self._name = ""

    def __enter__(self) -> Self:
        self._token = CURRENT.set(self._trace)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            # Whoever is thrown away elsewhere (a generator that was never finished) has no context to put back.
            with suppress(ValueError):
                CURRENT.reset(self._token)
        if kind is not None:
            self._attributes["error.type"] = kind.__name__
        if self._name:
            write(
                self._trace,
                self._name,
                self._kind,
                self._began,
                time.time_ns(),
                self._attributes,
                kind is not None,
                self._links,
            )
        if self._trace.owns_held and self._trace.held is not None and _exporter is not None:
            for span in self._trace.held:
                _exporter.write(span)


class _Nothing(Span):
    """What there is when nobody wants spans."""

    __slots__ = ()

    def __init__(self) -> None:
        pass

    def says(self, **attributes: str | int) -> None:
        pass

    def follows(self, earlier: Iterable[str | None]) -> Self:
        return self

    def drop(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


_NOTHING: Final = _Nothing()


def here() -> str | None:
    """The current span as `trace-span`, to be kept with what is done later because of it; None when nobody wants spans."""
    current = CURRENT.get()
    return f"{current.trace}-{current.span}" if _exporter is not None and current is not None else None


def span(name: str, kind: Kind = Kind.INTERNAL, **attributes: str | int) -> Span:
    """A part of the trace that is current, or of one of its own: `with spans.span("transaction", Kind.CLIENT): …`."""
    if _exporter is None:
        return _NOTHING
    current = CURRENT.get()
    made = Span(Trace() if current is None else current.child(), name, kind, {})
    made.says(**attributes)
    return made


def whole(trace: Trace, name: str, kind: Kind = Kind.INTERNAL, **attributes: str | int) -> Span:
    """The span of a trace that begins here; what is inside is held until it ends, so that `drop` drops all of it."""
    if _exporter is None:
        return _NOTHING
    trace.hold()
    made = Span(trace, name, kind, {})
    made.says(**attributes)
    return made


def write(
    trace: Trace, name: str, kind: Kind, began_ns: int, ended_ns: int, attributes: dict[str, str | int], failed: bool = False,
    links: Iterable[str] = (),
) -> None:  # fmt: skip
    """One finished span: of `trace`, whose own ids it has."""
    if _exporter is None:
        return
    made: dict[str, Any] = {
        "traceId": trace.trace,
        "spanId": trace.span,
        "name": name,
        "kind": int(kind),
        "startTimeUnixNano": str(began_ns),
        "endTimeUnixNano": str(ended_ns),
        "attributes": _attributes({name: value for name, value in attributes.items() if name in ATTRIBUTES}),
        "status": {"code": _ERROR} if failed else {},
    }
    if links:
        parted = [each.partition("-") for each in links]
        made["links"] = [{"traceId": of, "spanId": one} for of, _, one in parted]
    if trace.parent is not None:
        made["parentSpanId"] = trace.parent
    if trace.held is not None:
        trace.held.append(made)
    else:
        _exporter.write(made)


def _attributes(values: dict[str, str | int]) -> list[dict[str, Any]]:
    return [
        {
            "key": name,
            "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value[:200]},
        }
        for name, value in values.items()
    ]
