"""A register file as slices of whole lines: unpacked, its encoding found, memory flat whatever the file's
size.

One driver stands on one line. A quoted field may hold commas and doubled quotes, never a line break; so a
damaged line harms nobody else, and a place in the file is a line number and an octet position.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final, cast

from liangzheng.drivers.names import modern
from liangzheng.drivers.plain_file import open_plain
from liangzheng.kernel.errors import Conflict, Invalid, Unavailable

LONGEST_LINE: Final = 64 * 1024
SLICE_OCTETS: Final = 80 * 1024
"""More than the longest line; so little that what is made of a slice stays in the processor's cache."""
SLICE_LINES: Final = 20_000
_SAMPLE: Final = 1024 * 1024
_UTF8_MARK: Final = b"\xef\xbb\xbf"
ENCODINGS: Final = ("utf-8", "gb18030")


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that could not be read as text. `raw` shows what could be read, U+FFFD where not; `octet` counts
    from 1."""

    line: int
    rule: str
    why: str
    raw: str


@dataclass(frozen=True, slots=True)
class Slice:
    """Consecutive lines. `lines[i]` is line `first_line + i` in UTF-8, without line end; None for those in
    `bad`."""

    first_line: int
    lines: list[bytes | None]
    bad: list[BadLine]
    position: int
    """Octets of unpacked text up to and including the last of these lines."""
    prefix_hash: bytes
    """SHA-256 of those octets."""
    packed_position: int
    """Octets read of the file on disk, for a progress bar."""
    is_text: bool = True
    """Whether the lines are known to be UTF-8. Where not, whoever decodes each field sees it; then `checked` tells where."""

    def checked(self) -> Slice:
        """The same, and every line is UTF-8 or among `bad`."""
        if self.is_text:
            return self
        lines, bad = _line_by_line(self.first_line, self.lines, "utf-8")
        return replace(self, lines=lines, bad=self.bad + bad, is_text=True)


@dataclass(frozen=True, slots=True)
class Start:
    """Where to begin: after `lines` lines and `position` octets that hash to `prefix_hash`. The zero Start is
    the beginning."""

    lines: int = 0
    position: int = 0
    prefix_hash: bytes = hashlib.sha256().digest()


def detect_encoding(sample: bytes) -> str:
    """`utf-8` or `gb18030`, by whichever decodes more lines with Chinese in them. Raises Invalid for UTF-16
    and UTF-32.

    Text of one of the two is all but never valid in whole lines as the other, so a few damaged lines do not
    mislead.
    """
    if sample[:2] in (b"\xff\xfe", b"\xfe\xff") or sample[:200].count(0) > 20:
        raise Invalid("encoding", "UTF-8 or GB 18030; this is UTF-16 or binary: save the file as UTF-8")
    lines = [line for line in sample.split(b"\n")[:-1] or [sample] if not line.isascii()]
    as_utf8 = sum(_decodes(line, "utf-8") for line in lines)
    as_gb = sum(_decodes(line, "gb18030") for line in lines)
    # A line of Chinese in UTF-8 often decodes as (meaningless) GB 18030 too; never the other way round.
    return "utf-8" if not lines or as_utf8 * 2 >= as_gb else "gb18030"


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


class RegisterFile:
    """An open register file, plain or gzip (told by its first octets, not by its name)."""

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        """Raises Unavailable when it cannot be opened or is no plain file, Invalid for an encoding that is not read."""
        self._disk = open_plain(path)
        self.size = os.fstat(self._disk.fileno()).st_size
        self.packed = self._disk.peek(2)[:2] == b"\x1f\x8b"
        self._text = cast(IO[bytes], gzip.GzipFile(fileobj=self._disk)) if self.packed else self._disk
        self._hash = hashlib.sha256()
        self.position = 0
        self._buffer = self._read(_SAMPLE)
        self.encoding = encoding or detect_encoding(self._buffer)
        if self.encoding not in ENCODINGS:
            raise Invalid("encoding", "utf-8 or gb18030")

    def close(self) -> None:
        """The file is closed."""
        self._disk.close()

    def __enter__(self) -> RegisterFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def header(self) -> str:
        """The first line. Raises Invalid when there is none or it cannot be read. Call first."""
        end = self._buffer.find(b"\n")
        line = self._buffer if end < 0 else self._buffer[: end + 1]
        if not line:
            raise Invalid("line 1", "a header line with the names of the columns; the file is empty")
        if len(line) > LONGEST_LINE:
            raise Invalid(
                "line 1", f"a header line, with the names of the columns, of at most {LONGEST_LINE} octets"
            )
        self._take(len(line))
        try:
            return line.removeprefix(_UTF8_MARK).decode(self.encoding).rstrip("\r\n")
        except UnicodeDecodeError:
            raise Invalid(
                "line 1", f"a header line in {self.encoding}; this is no text, or in another encoding"
            ) from None

    def skip_to(self, start: Start) -> None:
        """Continue after `start`, having seen that what lies before is what it was. Raises Conflict when it
        is not."""
        while self.position < start.position:
            if not self._buffer:
                self._buffer = self._read(_SAMPLE)
            if not self._buffer:
                break
            self._take(min(len(self._buffer), start.position - self.position))
        if self.position != start.position or self._hash.digest() != start.prefix_hash:
            raise Conflict(
                "the file has changed since the import that is to be resumed", place=f"octet {start.position}"
            )

    def slices(self, lines_done: int) -> Iterator[Slice]:
        """The rest of the file. Raises Unavailable when it cannot be read on, naming the octet."""
        line = lines_done + 1
        while True:
            whole, overlong = self._whole_lines()
            if not whole and not overlong:
                return
            lines, bad = (
                self._readable(line, whole.removesuffix(b"\n")) if whole else self._overlong(line, overlong)
            )
            prefix_hash, at = self._hash.copy().digest(), self._disk.tell()
            yield Slice(line, lines, bad, self.position, prefix_hash, at, self.encoding != "utf-8")
            line += len(lines)

    def _whole_lines(self) -> tuple[bytes, int]:
        """Octets of whole lines; else the length of an overlong line passed over (0: the end)."""
        if len(self._buffer) < SLICE_OCTETS:
            self._buffer += self._read(SLICE_OCTETS - len(self._buffer))
        buffer = self._buffer
        last = len(buffer) < SLICE_OCTETS
        end = buffer.rfind(b"\n", 0, SLICE_OCTETS) + 1
        if last and len(buffer) - end <= LONGEST_LINE:
            end = len(buffer)  # the last line may lack its line end
        if end == 0:
            return b"", self._swallow()
        if buffer.count(b"\n", 0, end) > SLICE_LINES:
            end = 0
            for _ in range(SLICE_LINES):
                end = buffer.index(b"\n", end) + 1
        return self._take(end), 0

    def _swallow(self) -> int:
        """Passes over a line longer than the buffer, piece by piece; its length."""
        length = 0
        while self._buffer:
            end = self._buffer.find(b"\n")
            if end >= 0:
                return length + len(self._take(end + 1))
            length += len(self._take(len(self._buffer)))
            self._buffer = self._read(_SAMPLE)
        return length

    def _overlong(self, line: int, octets: int) -> tuple[list[bytes | None], list[BadLine]]:
        return [None], [_overlong(line, octets)]

    def _readable(self, line: int, whole: bytes) -> tuple[list[bytes | None], list[BadLine]]:
        try:
            octets = self._in_utf8(whole)
        except UnicodeDecodeError:
            return _line_by_line(line, whole.split(b"\n"), self.encoding)
        if b"\r" in octets:
            octets = octets.replace(b"\r\n", b"\n").removesuffix(b"\r")
        lines: list[bytes | None] = [*octets.split(b"\n")]
        if len(whole) > LONGEST_LINE and max(map(len, filter(None, lines)), default=0) > LONGEST_LINE:
            return _line_by_line(line, whole.split(b"\n"), self.encoding)
        return lines, []

    def _in_utf8(self, octets: bytes) -> bytes:
        """The same text in UTF-8. Raises UnicodeDecodeError, for UTF-8 only later (see Slice)."""
        return octets if self.encoding == "utf-8" else _in_utf8(octets, self.encoding)

    def _take(self, octets: int) -> bytes:
        taken, self._buffer = self._buffer[:octets], self._buffer[octets:]
        self._hash.update(taken)
        self.position += octets
        return taken

    def _read(self, octets: int) -> bytes:
        try:
            return _read_fully(self._text, octets)
        except (OSError, EOFError, zlib.error) as trouble:
            place = self._disk.tell()
            raise Unavailable(
                f"the file cannot be read on near octet {place} on disk: {trouble}"
            ) from trouble


def _line_by_line(
    first: int, raw_lines: Sequence[bytes | None], encoding: str
) -> tuple[list[bytes | None], list[BadLine]]:
    lines: list[bytes | None] = []
    bad: list[BadLine] = []
    for number, raw in enumerate(raw_lines, first):
        if raw is None or len(raw) > LONGEST_LINE:
            bad += [] if raw is None else [_overlong(number, len(raw))]
            lines.append(None)
            continue
        try:
            lines.append(_in_utf8(raw, encoding).removesuffix(b"\r"))
        except UnicodeDecodeError as trouble:
            column = raw.count(b",", 0, trouble.start) + 1
            why = f"text in {encoding} (octet {trouble.start + 1} of the line, about column {column})"
            bad.append(BadLine(number, "encoding", why, raw.decode(encoding, "replace")))
            lines.append(None)
    return lines, bad


def _overlong(line: int, octets: int) -> BadLine:
    why = f"a line of at most {LONGEST_LINE} octets (this one has {octets})"
    return BadLine(line, "line-length", why, "")


def _in_utf8(octets: bytes, encoding: str) -> bytes:
    text = octets.decode(encoding)
    return octets if encoding == "utf-8" else modern(text).encode()


def _read_fully(source: IO[bytes], octets: int) -> bytes:
    pieces = []
    while octets > 0:
        piece = source.read(octets)
        if not piece:
            break
        pieces.append(piece)
        octets -= len(piece)
    return b"".join(pieces)
