"""Pairs of pictures, and how far apart an engine finds them: what an operator's calibration is measured on."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from liangzheng.infra.face import FaceFrame
from liangzheng.infra.face_dlib import Comparer
from liangzheng.infra.face_rates import Measured
from liangzheng.kernel.errors import Invalid

HEADER: Final = ("path_a", "path_b", "same")
LARGEST_PICTURE_OCTETS: Final = 8 * 1024 * 1024
MOST_PAIRS: Final = 100_000
_SAME: Final = {"1": True, "yes": True, "0": False, "no": False}


class Apart(Protocol):
    """How far apart two pictures are, None without one face in each."""

    async def __call__(self, one: bytes, other: bytes) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Pair:
    """Two files, and whether they show one person."""

    one: Path
    other: Path
    same: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """What was measured, and of how many pairs nothing could be."""

    measured: tuple[Measured, ...]
    not_compared: int


def read_pairs(file: Path) -> list[Pair]:
    """The pairs of a CSV with the columns path_a, path_b (from its own folder, or absolute) and same (1 or 0, yes or no).

    Raises Invalid naming the line, also for one picture against itself and for a pair that was named before.
    """
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(file.name, f"is a CSV in UTF-8 that can be read ({type(error).__name__})") from None
    rows = csv.reader(text.splitlines(), strict=True)
    try:
        if tuple(next(rows, ())) != HEADER:
            raise Invalid(f"{file.name}:1", "path_a,path_b,same")
        return list(_pairs(file, rows))
    except csv.Error:
        raise Invalid(file.name, "is a CSV") from None


def _pairs(file: Path, rows: Iterator[list[str]]) -> Iterator[Pair]:
    seen: set[frozenset[bytes]] = set()
    for number, row in enumerate(rows, 2):
        place = f"{file.name}:{number}"
        if number > MOST_PAIRS + 1:
            raise Invalid(place, f"at most {MOST_PAIRS} pairs")
        if len(row) != len(HEADER) or row[2] not in _SAME:
            raise Invalid(place, "two paths and same: 1 or 0")
        pair = Pair(file.parent / row[0], file.parent / row[1], _SAME[row[2]])
        # One picture against itself, or a pair again, would count for evidence and be none.
        hashes = frozenset(hashlib.sha256(octets_of(path, place)).digest() for path in (pair.one, pair.other))
        if len(hashes) == 1:
            raise Invalid(place, "two different pictures")
        if hashes in seen:
            raise Invalid(place, "a pair that was not named before")
        seen.add(hashes)
        yield pair


def octets_of(path: Path, place: str) -> bytes:
    """A picture's octets. Raises Invalid at `place`."""
    try:
        if path.stat().st_size <= LARGEST_PICTURE_OCTETS:
            return path.read_bytes()
    except OSError as error:
        raise Invalid(place, f"{path.name} can be read ({error.strerror})") from None
    raise Invalid(place, f"{path.name} has at most {LARGEST_PICTURE_OCTETS // 1024 // 1024} MiB")


def apart_by(comparer: Comparer) -> Apart:
    """As a face check compares: the first as the archived photo, the second as a frontal frame."""

    async def apart(one: bytes, other: bytes) -> float | None:
        seen = await comparer.compare(one, [FaceFrame(0, 0, other)])
        return None if seen is None or seen.portrait_faces != 1 else seen.distance

    return apart


async def measure(
    pairs: Sequence[Pair], apart: Apart, told: Callable[[int], None] = lambda done: None
) -> Findings:
    """Every pair is compared, one after the other; `told` hears how many are done. Raises Unavailable."""
    measured: list[Measured] = []
    for number, pair in enumerate(pairs, 1):
        distance = await apart(octets_of(pair.one, pair.one.name), octets_of(pair.other, pair.other.name))
        if distance is not None:
            measured.append(Measured(distance, pair.same))
        told(number)
    return Findings(tuple(measured), len(pairs) - len(measured))
