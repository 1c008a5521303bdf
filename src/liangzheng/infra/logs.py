"""Structured logs. A line holds an event and fields from a short list; anything else is dropped and counted.

An allow-list, because a deny-list forgets: no identity number, name or mobile reaches a log through a field
nobody thought of. Exceptions are logged by type and place; their text is left out unless it is one of our own
failures, whose messages never quote a value.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, Literal

import structlog

from liangzheng.infra import metrics, trace
from liangzheng.kernel.errors import Failure

FIELDS: Final[frozenset[str]] = frozenset(
    {
        # written by structlog itself
        "event", "level", "timestamp", "logger",
        # what and whom, by id only
        "subject", "driver", "licence", "application", "credential", "person", "verifier", "import_id",
        "event_id", "topic", "bucket", "act", "outcome", "step", "code", "rule", "wave", "measure",
        "authority",
        # how much and how long
        "count", "handled", "failed", "parked", "waiting", "attempt", "attempts", "limit", "line", "lines",
        "rejected", "ms", "seconds", "bytes", "batch", "size", "depth", "version", "number",
        # where and how
        "method", "route", "status", "request", "role", "mode", "host", "port", "pid", "exit", "signal",
        "source",
        "trace", "span", "reason", "log", "kid", "alg", "workers", "level_number", "dropped_fields", "error", "at",
    }
)  # fmt: skip

_PLAIN: Final = (str, int, float, bool, type(None))
_LONGEST: Final = 300
# Loggers of others whose messages we do not write, and so do not trust to be free of values.
_QUIET: Final = ("asyncpg", "uvicorn.access", "httpx", "httpcore", "asyncio")


def configure(how: Literal["console", "json"] = "console", level: str = "info") -> None:
    """Log lines go to standard error: coloured for people (`console`) or one JSON object each (`json`).

    Lines of the standard library's `logging` take the same way through the same list.
    """
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        with_trace,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if how == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(), _without_foreign_text],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _error_by_type,
                only_allowed,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def logger(name: str) -> Any:
    """A structlog logger: `log.info("licence issued", licence=str(licence_id), ms=12)`."""
    return structlog.get_logger(name)


def with_trace(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The line names the trace and span it was written in, if any."""
    current = trace.CURRENT.get()
    if current is not None:
        line["trace"], line["span"] = current.trace, current.span
    return line


def only_allowed(_logger: object, _method: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """The line's fields that are in `FIELDS`, as plain values of limited length; the rest is counted."""
    kept: dict[str, Any] = {}
    dropped = 0
    for name, value in line.items():
        if name not in FIELDS:
            dropped += 1
        elif isinstance(value, _PLAIN):
            kept[name] = value[:_LONGEST] if isinstance(value, str) else value
        else:
            # Ids and enums print safely; everything else prints its type.
            kept[name] = str(value) if hasattr(value, "prefix") else type(value).__name__
    if dropped:
        kept["dropped_fields"] = dropped
        metrics.LOG_FIELDS_DROPPED.inc(dropped)
    return kept


def _error_by_type(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """`exc_info` becomes `error` (its type, with the code of a Failure) and `at` (the innermost place)."""
    exc_info = line.pop("exc_info", None)
    if exc_info is True:
        exc_info = sys.exc_info()
    error = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    if isinstance(error, BaseException):
        line["error"] = type(error).__name__ + (f": {error}" if isinstance(error, Failure) else "")
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is not None:
            code = trace.tb_frame.f_code
            line["at"] = f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} {code.co_name}"
    return line


def _without_foreign_text(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A line of someone else's logger keeps its logger and level; its text may quote anything and goes."""
    line.pop("color_message", None)  # uvicorn says everything twice
    name = str(line.get("logger", ""))
    if not name.startswith(("liangzheng", "uvicorn.error")):
        line["event"] = "message of a library, withheld"
    return line
