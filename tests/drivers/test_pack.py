"""Packs of pictures: what is read, what another tar makes of ours, and every kind of damage."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from liangzheng.drivers.pack import read_pack, write_pack
from liangzheng.kernel.errors import Invalid, Unavailable

MOST = 4096
FIRST, SECOND = b"the first picture" * 40, b"the second" * 60


def read(path: Path) -> list[bytes | Invalid]:
    return list(read_pack(path, MOST))


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Two pictures: headers at octets 0 and 1536, their end at 3072."""
    write_pack(tmp_path / "p.tar", [FIRST, SECOND])
    return tmp_path / "p.tar"


def header(name: str, size: bytes, kind: bytes = b"0", content: bytes = b"") -> bytes:
    """A member with whatever its header says, its checksum right."""
    head = bytearray(512)
    head[: len(name)] = name.encode()
    head[124:136] = size
    head[156:157] = kind
    head[257:265] = b"ustar\x0000"
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + content + bytes(-len(content) % 512)


def name_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest() + ".jpg"


def test_what_is_written_is_read(pack: Path) -> None:
    assert read(pack) == [FIRST, SECOND]


def test_an_empty_pack_is_a_pack(tmp_path: Path) -> None:
    assert write_pack(tmp_path / "p.tar", []) == []
    assert read(tmp_path / "p.tar") == []


def test_gnu_tar_lists_and_takes_out_what_we_write(pack: Path, tmp_path: Path) -> None:
    listed = subprocess.run(["tar", "-tf", pack], capture_output=True, text=True, check=True)
    assert listed.stdout.split() == [name_of(FIRST), name_of(SECOND)]
    assert not listed.stderr
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "-xf", pack, "-C", tmp_path / "out"], check=True)
    assert (tmp_path / "out" / name_of(SECOND)).read_bytes() == SECOND


@pytest.mark.parametrize("form", ["ustar", "gnu"])
@pytest.mark.parametrize("whole_directory", [False, True])
def test_a_pack_gnu_tar_makes_is_read(form: str, whole_directory: bool, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for picture in (FIRST, SECOND):
        (tmp_path / "in" / name_of(picture)).write_bytes(picture)
    what = ["."] if whole_directory else [name_of(FIRST), name_of(SECOND)]
    subprocess.run(
        ["tar", "-cf", tmp_path / "p.tar", f"--format={form}", "-C", tmp_path / "in", *what], check=True
    )
    found = {picture for picture in read(tmp_path / "p.tar") if isinstance(picture, bytes)}
    assert found == {FIRST, SECOND}


def test_what_python_writes_is_octet_for_octet_what_we_write(pack: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "q.tar", "w", format=tarfile.USTAR_FORMAT) as theirs:
        for picture in (FIRST, SECOND):
            member = tarfile.TarInfo(name_of(picture))
            member.size = len(picture)
            theirs.addfile(member, io.BytesIO(picture))
    assert (tmp_path / "q.tar").read_bytes() == pack.read_bytes()


@pytest.mark.parametrize("octet", [0, 30, 99, 100, 124, 130, 148, 150, 156, 257, 262, 345, 511])
@pytest.mark.parametrize("member", [0, 1536])
def test_a_bit_turned_in_a_header_refuses_the_whole_pack_and_names_the_octet(
    pack: Path, octet: int, member: int
) -> None:
    damaged = bytearray(pack.read_bytes())
    damaged[member + octet] ^= 0x01
    pack.write_bytes(damaged)
    found = read_pack(pack, MOST)
    with pytest.raises(Invalid, match=rf"p\.tar, octet {member}: .*checksum"):
        next(found)


@pytest.mark.parametrize("kept", [0, 100, 512, 700, 1024, 1536, 1600, 3072, 3500, 3584])
def test_a_pack_that_is_cut_off_is_refused_before_any_picture_of_it(pack: Path, kept: int) -> None:
    pack.write_bytes(pack.read_bytes()[:kept])
    with pytest.raises(Invalid, match=r"p\.tar, octet \d+: .*(cut off|two blocks of zeros)"):
        next(read_pack(pack, MOST))


def test_a_pack_cut_where_its_end_is_told_is_read(pack: Path) -> None:
    pack.write_bytes(pack.read_bytes()[: 3072 + 1024])
    assert read(pack) == [FIRST, SECOND]


@pytest.mark.parametrize("place", [3072 + 512, 3072 + 1024, -1])
def test_nothing_but_zeros_comes_after_the_pictures(pack: Path, place: int) -> None:
    damaged = bytearray(pack.read_bytes())
    damaged[place] = 1
    pack.write_bytes(damaged)
    with pytest.raises(Invalid, match=r"octet 3072: .*(two blocks of zeros|nothing after the end)"):
        read(pack)


def test_a_file_of_zeros_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "p.tar").open("wb") as file:
        file.truncate(1 << 40)  # takes no room on the disk
    with pytest.raises(Invalid, match="nothing after the end"):
        read(tmp_path / "p.tar")


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (b"77777777777\0", "cut off"),
        (b"777777777777", "cut off"),
        (b"\x80" + bytes(7) + b"\0\0\1\0", "octal"),
        (b"\xff" * 12, "octal"),
        (b"-0000000001\0", "octal"),
        (b"00000001000x", "octal"),
        (b"0o000000100\0", "octal"),
        (bytes(12), "octal"),
        (b" " * 12, "octal"),
    ],
)
def test_a_size_that_cannot_be_is_refused_without_being_believed(
    tmp_path: Path, size: bytes, told: str
) -> None:
    (tmp_path / "p.tar").write_bytes(header(name_of(b""), size) + bytes(1024))
    with pytest.raises(Invalid, match=rf"octet 0: .*{told}"):
        read(tmp_path / "p.tar")


@pytest.mark.parametrize("kind", [b"L", b"K", b"x", b"g", b"S", b"V", b"M", b"7", b"X", b"\xff"])
def test_headers_that_say_more_header_follows_are_refused(tmp_path: Path, kind: bytes) -> None:
    content = b"path=" + b"a" * 2000
    octets = header("././@LongLink", b"%011o\0" % len(content), kind, content)
    (tmp_path / "p.tar").write_bytes(
        octets + header(name_of(FIRST), b"%011o\0" % len(FIRST), b"0", FIRST) + bytes(1024)
    )
    with pytest.raises(Invalid, match=r"octet 0: .*--format=ustar"):
        read(tmp_path / "p.tar")


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_as_others_write_them_are_refused(tmp_path: Path, form: int) -> None:
    with tarfile.open(tmp_path / "p.tar", "w", format=form) as pack:
        pack.addfile(tarfile.TarInfo("a" * 300))
    with pytest.raises(Invalid, match="--format=ustar"):
        read(tmp_path / "p.tar")


@pytest.mark.parametrize("kind", [b"1", b"2", b"3", b"4", b"6"])
def test_a_link_or_device_is_refused_by_itself_and_the_pictures_beside_it_are_read(
    tmp_path: Path, kind: bytes
) -> None:
    picture = header(name_of(FIRST), b"%011o\0" % len(FIRST), b"0", FIRST)
    (tmp_path / "p.tar").write_bytes(header(name_of(FIRST), b"%011o\0" % 0, kind) + picture + bytes(1024))
    refused, read_ = read(tmp_path / "p.tar")
    assert isinstance(refused, Invalid)
    assert "octet 0" in str(refused)
    assert read_ == FIRST


def test_a_link_with_content_is_refused_for_nobody_knows_whether_it_is_there(tmp_path: Path) -> None:
    octets = header(name_of(FIRST), b"%011o\0" % len(FIRST), b"2", FIRST)
    (tmp_path / "p.tar").write_bytes(octets + bytes(1024))
    with pytest.raises(Invalid, match="plain files"):
        read(tmp_path / "p.tar")


def test_a_picture_larger_than_may_be_is_refused_by_its_size_and_never_read(tmp_path: Path) -> None:
    large = 1 << 30
    with (tmp_path / "p.tar").open("wb") as file:
        file.write(header(name_of(b"x"), b"%011o\0" % large))
        file.seek(512 + large)
        file.write(header(name_of(FIRST), b"%011o\0" % len(FIRST), b"0", FIRST) + bytes(1024))
    tracemalloc.start()
    try:
        refused, good = read(tmp_path / "p.tar")
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert isinstance(refused, Invalid)
    assert "at most" in str(refused)
    assert good == FIRST


def test_a_packed_pack_is_refused_and_not_unpacked(pack: Path) -> None:
    pack.write_bytes(gzip.compress(pack.read_bytes() + bytes(10_000_000)))
    with pytest.raises(Invalid, match="uncompressed tar file"):
        read(pack)


def test_names_may_stand_in_their_directory_and_nowhere_else(tmp_path: Path) -> None:
    names = ("./" + name_of(FIRST), "../" + name_of(FIRST), "/" + name_of(FIRST), name_of(FIRST).upper())
    octets = b"".join(header(name, b"%011o\0" % len(FIRST), b"0", FIRST) for name in names)
    (tmp_path / "p.tar").write_bytes(octets + bytes(1024))
    found = read(tmp_path / "p.tar")
    assert found[0] == FIRST
    assert all(isinstance(refused, Invalid) for refused in found[1:])


def test_a_pipe_a_directory_or_nothing_in_the_place_of_a_pack_is_told_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.tar")
    with pytest.raises(Unavailable, match=r"p\.tar cannot be opened: it is not a plain file"):
        read(tmp_path / "p.tar")
    with pytest.raises(Unavailable, match="not a plain file"):
        read(tmp_path)
    with pytest.raises(Unavailable, match="No such file"):
        read(tmp_path / "nowhere.tar")
