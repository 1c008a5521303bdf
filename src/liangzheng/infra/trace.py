"""The trace a request belongs to (W3C Trace Context): taken from `traceparent`, else begun here; on every log line.

Spans are written by spans.py, where somebody wants them. Nothing is drawn at random until somebody asks, since most
requests write no log line.
"""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar
from typing import Any, Final

_TRACEPARENT: Final = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_TRACE: Final = b"0" * 32
_NO_SPAN: Final = b"0" * 16


class Trace:
    """One request or one batch of a worker. `trace` and `span` are hexadecimal, 32 and 16 digits."""

    __slots__ = ("_span", "_trace", "held", "owns_held", "parent")

    def __init__(self, traceparent: bytes | None = None) -> None:
        """A header that cannot be read begins a trace of our own (Trace Context §2.2.2)."""
        self._trace, self.parent = _read(traceparent)
        self._span: str | None = None
        self.held: list[dict[str, Any]] | None = None
        """Finished spans that wait for the whole to end; None: each is written when it ends."""
        self.owns_held = False

    @property
    def trace(self) -> str:
        if self._trace is None:
            self._trace = secrets.token_hex(16)
        return self._trace

    @property
    def span(self) -> str:
        """This process's part in the trace."""
        if self._span is None:
            self._span = secrets.token_hex(8)
        return self._span

    def hold(self) -> None:
        """Its spans wait until it ends."""
        self.held, self.owns_held = [], True

    def child(self) -> Trace:
        """A part of it, with a span of its own."""
        made = Trace()
        made._trace, made.parent, made.held = self.trace, self.span, self.held
        return made


CURRENT: Final[ContextVar[Trace | None]] = ContextVar("trace", default=None)


def _read(traceparent: bytes | None) -> tuple[str | None, str | None]:
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent is not None else None
    if found is None:
        return None, None
    version, trace, span, _, more = found.groups()
    if version == b"ff" or (version == b"00" and more) or trace == _NO_TRACE or span == _NO_SPAN:
        return None, None
    return trace.decode(), span.decode()
