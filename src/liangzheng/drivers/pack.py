"""A pack of pictures: an uncompressed tar of plain files named `<SHA-256 in hex>.jpg`, read and written.

Packs come from outside, so the format is read by its plainest form alone: POSIX.1-1988 ustar headers, checksum
and all, without the extensions in which a header may say how much more header follows. Every size is held
against the file before it is believed, and the whole structure is walked before the first picture is read: a
pack that is damaged or cut off is refused as a whole, not imported up to where it breaks.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Final

from liangzheng.drivers.plain_file import open_plain
from liangzheng.kernel.errors import Invalid, Unavailable

_BLOCK: Final = 512
_NOTHING: Final = bytes(_BLOCK)
_END: Final = 2 * _BLOCK
_RECORD: Final = 20 * _BLOCK
_MOST_PADDING: Final = 1024 * 1024
_MAGICS: Final = (b"ustar\x0000", b"ustar  \x00")
_OCTAL: Final = re.compile(rb" *([0-7]{1,12})[ \x00]*")
_MEMBER: Final = re.compile(rb"(?:\./)?([0-9a-f]{64})\.jpg")
_PLAIN: Final = (b"0", b"\x00")
_DIRECTORY: Final = b"5"
_WITHOUT_CONTENT: Final = (b"1", b"2", b"3", b"4", _DIRECTORY, b"6")
"""Links, devices, directories, pipes: what is no picture and has no octets to pass over."""


@dataclass(frozen=True, slots=True)
class _Member:
    name: bytes
    kind: bytes
    octet: int
    """Where its content begins."""
    size: int


def read_pack(path: Path, most_octets: int) -> Iterator[bytes | Invalid]:
    """Pictures of a pack whose octets have the hash they are named by; Invalid for each member that has not.

    Raises Invalid, before anything is given, for a file that is no pack or is damaged, naming the octet;
    Unavailable for one that cannot be read.
    """
    with open_plain(path) as file:
        try:
            for _ in _members(file, path.name):
                pass
            for member in _members(file, path.name):
                if member.kind != _DIRECTORY:
                    yield _picture(file, member, most_octets)
        except OSError as trouble:
            raise Unavailable(
                f"portrait pack {path.name} cannot be read: {trouble.strerror or trouble}"
            ) from trouble


def _picture(file: BufferedReader, member: _Member, most_octets: int) -> bytes | Invalid:
    named = _MEMBER.fullmatch(member.name)
    if named is None or member.kind not in _PLAIN:
        return Invalid(
            f"portrait pack, octet {member.octet - _BLOCK}",
            "plain files named by the SHA-256 of their content, <64 hex digits>.jpg",
        )
    place = f"picture {named[1][:16].decode()}"
    if member.size > most_octets:
        return Invalid(place, f"at most {most_octets} octets")
    file.seek(member.octet)
    octets = file.read(member.size)
    if hashlib.sha256(octets).hexdigest().encode() != named[1]:
        return Invalid(place, "named by the SHA-256 of its content")
    return octets


def _members(file: BufferedReader, name: str) -> Iterator[_Member]:
    """Every member, to the end that says that it is the end. Raises Invalid."""
    length = os.fstat(file.fileno()).st_size
    octet = 0
    while True:
        place = f"portrait pack {name}, octet {octet}"
        file.seek(octet)
        header = file.read(_BLOCK)
        if len(header) < _BLOCK:
            raise Invalid(
                place, "an uncompressed tar file to its end, two blocks of zeros; this one is cut off"
            )
        if header == _NOTHING:
            _check_end(file, place, octet, length)
            return
        member = _parsed(header, place, octet + _BLOCK)
        # Padded to whole blocks.
        octet = member.octet + -(-member.size // _BLOCK) * _BLOCK
        if octet > length:
            raise Invalid(
                place, f"a member inside the file; this one has {member.size} octets and is cut off"
            )
        yield member


def _parsed(header: bytes, place: str, octet: int) -> _Member:
    """Source: POSIX.1-2017, pax, "ustar Interchange Format"."""
    told = _OCTAL.fullmatch(header[148:156])
    # The checksum is counted as if spaces stood in its place.
    if told is None or int(told[1], 8) != sum(header) - sum(header[148:156]) + 8 * 0x20:
        raise Invalid(place, "an uncompressed tar file; the header here has not its checksum")
    if header[257:265] not in _MAGICS or header[345:500].strip(b"\0"):
        raise Invalid(place, "a header in ustar format, without a prefix (tar --format=ustar)")
    size = _OCTAL.fullmatch(header[124:136])
    if size is None:
        raise Invalid(place, "a size in octal digits")
    name, kind = header[:100].partition(b"\0")[0], header[156:157]
    member = _Member(name, kind, octet, int(size[1], 8))
    if kind not in _PLAIN and (kind not in _WITHOUT_CONTENT or member.size):
        raise Invalid(place, "plain files and no extended headers (tar --format=ustar)")
    return member


def _check_end(file: BufferedReader, place: str, octet: int, length: int) -> None:
    if file.read(_BLOCK) != _NOTHING:
        raise Invalid(place, "two blocks of zeros at the end")
    rest = length - octet - _END
    if rest > _MOST_PADDING or file.read(_MOST_PADDING).strip(b"\0"):
        raise Invalid(place, f"nothing after the end but up to {_MOST_PADDING} octets of zeros")


def write_pack(path: Path, pictures: Iterable[bytes]) -> list[str]:
    """A pack of these pictures; returns their names (SHA-256 in hex), in order. The same pictures give the
    same file."""
    names = []
    with path.open("wb") as pack:
        for picture in pictures:
            name = hashlib.sha256(picture).hexdigest()
            pack.write(_header(f"{name}.jpg".encode(), len(picture)))
            pack.write(picture + bytes(-len(picture) % _BLOCK))
            names.append(name)
        end = pack.tell() + _END
        pack.write(bytes(_END + -end % _RECORD))
    return names


def _header(name: bytes, size: int) -> bytes:
    """A plain file that its owner may write and everyone read, of nobody and no time."""
    head = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size + b"00000000000\0"
    tail = b"0" + bytes(100) + b"ustar\x0000"
    checksum = sum(head) + sum(tail) + 8 * 0x20
    return (head + b"%06o\0 " % checksum + tail).ljust(_BLOCK, b"\0")
