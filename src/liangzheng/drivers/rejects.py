"""The file of lines that were not imported, each with its line, column, rule and reason, and its fields to be
corrected.

It is itself a register file: the columns that tell what was wrong begin with `reject_` and are passed over by
the import. It holds personal data, so only its owner may read it.
"""

from __future__ import annotations

import csv
import io
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from liangzheng.drivers.columns import HEADERS
from liangzheng.drivers.split import REJECT_PREFIX, Reject
from liangzheng.kernel.errors import Conflict, Unavailable

REJECT_HEADERS: Final = tuple(REJECT_PREFIX + name for name in ("line", "column", "rule", "reason", "raw"))
_HEADER: Final = (",".join(REJECT_HEADERS + HEADERS) + "\n").encode()
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")


_ROUND: Final = re.compile(r"(.+)\.rejects(?:-([0-9]{1,4}))?\.csv")


def rejects_beside(path: Path) -> Path:
    """Where the rejects of a file go by default: `x.csv.rejects.csv`; those of that file `x.csv.rejects-2.csv`, and
    so on."""
    again = _ROUND.fullmatch(path.name)
    if again is None:
        return path.with_name(path.name + ".rejects.csv")
    return path.with_name(f"{again[1]}.rejects-{int(again[2] or 1) + 1}.csv")


def _cell(text: str) -> str:
    # A spreadsheet would run such a field as a formula; no good field begins so.
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def written(rejects: Iterable[Reject]) -> bytes:
    """The lines of the file for these rejects, UTF-8."""
    page = io.StringIO(newline="")
    lines = csv.writer(page, lineterminator="\n")
    for reject in rejects:
        lines.writerow(
            (
                reject.line,
                ";".join(broken.column for broken in reject.broken),
                ";".join(broken.rule for broken in reject.broken),
                "; ".join(
                    f"{broken.column}: {broken.why}" if broken.column else broken.why
                    for broken in reject.broken
                ),
                _cell(reject.raw),
                *map(_cell, reject.fields or [""] * len(HEADERS)),
            )
        )
    return page.getvalue().encode("utf-8", "replace")


class RejectsFile:
    """Appended to in step with the import: what a chunk adds is on disk before the chunk is committed."""

    def __init__(self, path: Path, length: int) -> None:
        """Opens for continuing after `length` octets; what a crash left behind them is cut off. 0 begins
        anew."""
        try:
            handle = os.open(
                path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600
            )
        except OSError as trouble:
            raise Unavailable(f"the rejects file {path} cannot be written: {trouble.strerror}") from trouble
        self.path = path
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise Conflict(f"{path} is there and is no file; name another (--rejects)")
        self._file = os.fdopen(handle, "r+b")
        if not self._is_ours():
            self._file.close()
            raise Conflict(f"{path} is there and is no rejects file; name another (--rejects)")
        os.fchmod(handle, 0o600)
        if os.fstat(handle).st_size < length:
            self._file.close()
            raise Conflict(
                f"the rejects file {path} is not the one the import that is to be resumed has written; begin anew (--anew)"
            )
        self._file.truncate(length)
        self._file.seek(length)
        self.length = length
        if length == 0:
            self._write(_HEADER)

    def _is_ours(self) -> bool:
        """Whether the file is empty or begins as a rejects file does: nothing else is written over."""
        self._file.seek(0)
        start = self._file.read(len(_HEADER))
        return not start or start == _HEADER

    def add(self, rejects: list[Reject]) -> None:
        """The rejects are on disk."""
        if rejects:
            self._write(written(rejects))

    def back_to(self, length: int) -> None:
        """What was added after `length` is gone: its chunk was not committed."""
        self._file.truncate(length)
        self._file.seek(length)
        self.length = length

    def close(self) -> None:
        """Closed."""
        self._file.close()

    def _write(self, octets: bytes) -> None:
        try:
            self._file.write(octets)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as trouble:
            raise Unavailable(
                f"the rejects file {self.path} cannot be written: {trouble.strerror}"
            ) from trouble
        self.length += len(octets)
