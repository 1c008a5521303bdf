"""The size of a JPEG picture from its header, and which picture it is, without decoding it: what is too large
is never decoded."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from liangzheng.kernel.errors import Invalid

_FRAME_HEADERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BASELINE_AND_PROGRESSIVE: Final = frozenset({0xC0, 0xC1, 0xC2})
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_MOST_SEGMENTS: Final = 64
_MOST_PARTS: Final = 256  # segments of a whole picture; a progressive one has some thirty
_END: Final = 0xD9
_SCAN: Final = 0xDA
_TOLD_BESIDE: Final = frozenset({0xFE, *range(0xE0, 0xF0)})
"""Comments and application segments."""
_MARKER: Final = re.compile(rb"\xff+([^\x00\xff])")
_SCAN_ENDS: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # stuffed octets and restarts belong to a scan


def dimensions(octets: bytes) -> tuple[int, int]:
    """Width and height in pixels of a baseline or progressive JPEG (ITU-T T.81 annex B).

    Raises Invalid for anything that does not begin and end as a JPEG or names no size before its first scan.
    """
    if octets[:3] != b"\xff\xd8\xff" or octets[-2:] != b"\xff\xd9":
        raise Invalid("jpeg", "a whole JPEG picture, from its start marker to its end marker")
    position = 2
    for _ in range(_MOST_SEGMENTS):
        marker, length = _segment(octets, position)
        if marker in _FRAME_HEADERS:
            return _size(octets, position, marker, length)
        if marker == 0xDA:
            break
        position += 2 + length
    raise Invalid("jpeg", "a frame header before the first scan")


def picture_hash(octets: bytes) -> bytes:
    """SHA-256 over the coded picture data of every scan (ITU-T T.81 §B.1.1.5): 32 octets that comments,
    application segments, tables, fill octets and anything behind the end marker do not change.

    A picture saved anew is another picture here. Raises Invalid where there is no scan to hash.
    """
    scans = list(_scans(octets))
    if not scans:
        raise Invalid("jpeg", "a scan of picture data")
    digest = hashlib.sha256()
    for scan in scans:
        digest.update(len(scan).to_bytes(4, "big") + scan)
    return digest.digest()


def bare(octets: bytes) -> bytes:
    """The picture without comments and application segments: no place, no phone, no thumbnail. Raises Invalid as
    `picture_hash`, which it leaves as it is."""
    parts, position = [octets[:2]], 2
    for _ in range(_MOST_PARTS):
        found = _MARKER.match(octets, position)
        if found is None:
            break
        if found[1][0] == _END:
            return b"".join((*parts, b"\xff\xd9"))
        marker, length = _segment(octets, found.end() - 2)
        begins, position = found.end() - 2, found.end() + length
        if marker == _SCAN:
            following = _SCAN_ENDS.search(octets, position)
            position = following.start() if following else len(octets)
        if marker not in _TOLD_BESIDE:
            parts.append(octets[begins:position])
    raise Invalid("jpeg", "segments that follow one another to the end marker")


def _scans(octets: bytes) -> Iterator[bytes]:
    position = 2
    for _ in range(_MOST_PARTS):
        found = _MARKER.match(octets, position)
        if found is None:
            break
        if found[1][0] == _END:
            return
        marker, length = _segment(octets, found.end() - 2)
        position = found.end() + length
        if marker == _SCAN:
            following = _SCAN_ENDS.search(octets, position)
            end = following.start() if following else len(octets)
            yield octets[position:end].rstrip(b"\xff")  # fill octets before the next marker
            position = end
    raise Invalid("jpeg", "segments that follow one another to the end marker")


def _segment(octets: bytes, position: int) -> tuple[int, int]:
    """Marker and length (0 for markers that stand alone) of the segment at `position`."""
    if position + 4 > len(octets) or octets[position] != 0xFF:
        raise Invalid("jpeg", "segments that follow one another to the first scan")
    marker = octets[position + 1]
    if marker in _ALONE:
        return marker, 0
    length = int.from_bytes(octets[position + 2 : position + 4], "big")
    if length < 2 or position + 2 + length > len(octets):
        raise Invalid("jpeg", "segments that end inside the picture")
    return marker, length


def _size(octets: bytes, position: int, marker: int, length: int) -> tuple[int, int]:
    if marker not in _BASELINE_AND_PROGRESSIVE or length < 8:
        raise Invalid("jpeg", "a baseline or progressive JPEG")
    height = int.from_bytes(octets[position + 5 : position + 7], "big")
    width = int.from_bytes(octets[position + 7 : position + 9], "big")
    if not width or not height:
        raise Invalid("jpeg", "a width and a height above nought")
    return width, height
