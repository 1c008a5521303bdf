"""Archived photos: what becomes of a pack beside a register file, and what a picture must be to be kept.

Register rows name pictures by their SHA-256. Pictures come from outside: every size is limited before it is
believed, the hash is computed again, the picture's size is read from its header before anything is decoded,
and decoding happens in a process that can do nothing else.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from liangzheng.drivers import store
from liangzheng.drivers.pack import read_pack
from liangzheng.drivers.picture_process import PictureProcess
from liangzheng.infra import blobs, jpeg
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Invalid

_BATCH: Final = 100
_SCAN: Final = b"\xff\xda"
_MOST_SCANS: Final = 64


@dataclass(frozen=True, slots=True)
class PhotoRules:
    """What an archived photo is. Source: docs/reference.md §1.4 (378 × 260 pixels, 24 bits, JPEG, 14–30 KB;
    uploads vary).

    Sizes of files are limits, not the guidance's usual range: archives hold older pictures.
    """

    width: int = 260
    height: int = 378
    least_octets: int = 2 * 1024
    most_octets: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PackReport:
    """What became of a pack. `refused` names the picture (by the first 16 digits of its name) and the rule."""

    added: int
    known: int
    refused: tuple[Invalid, ...]


async def import_pack(
    database: Database,
    path: Path,
    rules: PhotoRules = PhotoRules(),
    on_progress: Callable[[PackReport], None] = lambda _: None,
) -> PackReport:
    """Every good picture of a pack is kept; `on_progress` hears of each hundred. Raises Invalid for a file that is no pack,
    Unavailable for one that cannot be read."""
    added = known = 0
    refused: list[Invalid] = []
    pictures = read_pack(path, rules.most_octets)
    with PictureProcess() as process:
        while batch := await asyncio.to_thread(_checked, pictures, rules, process):
            async with database.transaction() as tx:
                good = [picture for picture in batch if isinstance(picture, bytes)]
                refused += [picture for picture in batch if isinstance(picture, Invalid)]
                missing = await store.missing_portraits(
                    tx, [hashlib.sha256(picture).digest() for picture in good]
                )
                for picture in good:
                    await blobs.put(tx, picture)
                added += len(missing)
                known += len(good) - len(missing)
            on_progress(PackReport(added, known, tuple(refused)))
    return PackReport(added, known, tuple(refused))


def _checked(
    pictures: Iterator[bytes | Invalid], rules: PhotoRules, process: PictureProcess
) -> list[bytes | Invalid]:
    """The next hundred pictures, each either good or the reason it is not."""
    batch: list[bytes | Invalid] = []
    for picture in pictures:
        batch.append(picture if isinstance(picture, Invalid) else _judged(picture, rules, process))
        if len(batch) == _BATCH:
            break
    return batch


def _judged(picture: bytes, rules: PhotoRules, process: PictureProcess) -> bytes | Invalid:
    try:
        check_photo(picture, rules, process)
    except Invalid as invalid:
        return invalid.at(f"picture {hashlib.sha256(picture).hexdigest()[:16]}")
    return picture


def check_photo(picture: bytes, rules: PhotoRules, process: PictureProcess) -> None:
    """The octets are a photo as the rules want it. Raises Invalid. Size, then header, then decoding in
    `process`."""
    if not rules.least_octets <= len(picture) <= rules.most_octets:
        raise Invalid("photo", f"{rules.least_octets} to {rules.most_octets} octets")
    if jpeg.dimensions(picture) != (rules.width, rules.height):
        raise Invalid("photo", f"{rules.width} pixels wide and {rules.height} high")
    # Each scan goes over the whole picture again: in a megabyte there is room for minutes of work. What is counted
    # is at least the scans, for their marker never stands inside the data of one.
    if picture.count(_SCAN) > _MOST_SCANS:
        raise Invalid("photo", f"at most {_MOST_SCANS} scans")
    process.check(picture, rules.width, rules.height)


async def portrait(tx: Connection, portrait_hash: bytes) -> bytes:
    """The picture with that SHA-256. Raises NotFound."""
    return await blobs.get(tx, portrait_hash)
