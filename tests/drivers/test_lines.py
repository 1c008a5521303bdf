"""Reading a file line by line, in whatever state it is."""

from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.drivers import lines
from liangzheng.drivers.lines import LONGEST_LINE, RegisterFile, Start, detect_encoding
from liangzheng.kernel.errors import Conflict, Invalid, Unavailable


def read(path: Path, encoding: str | None = None) -> tuple[str, list[bytes | None], list[tuple[int, str]]]:
    with RegisterFile(path, encoding) as file:
        header = file.header()
        parts = list(file.slices(1))
        found = [line for part in parts for line in part.lines]
        assert file.position == len(gzip.decompress(path.read_bytes()) if file.packed else path.read_bytes())
    return header, found, [(bad.line, bad.rule) for part in parts for bad in part.bad]


def test_utf_8_and_gb_18030_are_told_apart_also_with_damaged_lines() -> None:
    text = "\n".join(["名,址", *("王虚明,虚构路一号" for _ in range(20)), ""])
    assert detect_encoding(text.encode()) == "utf-8"
    assert detect_encoding(text.encode("gb18030")) == "gb18030"
    damaged = text.encode().replace("王".encode(), b"\xe7\x8e", 5)
    assert detect_encoding(damaged) == "utf-8"
    assert detect_encoding(text.encode("gb18030").replace("王".encode("gb18030"), b"\xff", 5)) == "gb18030"
    assert detect_encoding(b"only,ascii\n") == "utf-8"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_refused(encoding: str) -> None:
    with pytest.raises(Invalid, match="UTF-16"):
        detect_encoding(("name,address\n" * 40).encode(encoding))


def test_the_old_places_of_rare_characters_in_gb_18030_become_their_places_of_2022(tmp_path: Path) -> None:
    path = tmp_path / "g.csv"
    path.write_bytes("名\n".encode("gb18030") + b"\xfe\x59\xfe\x51\xa8\xbc\n")
    assert read(path, "gb18030")[1] == ["\u9fb4\U00020087\u1e3f".encode()]


@pytest.mark.parametrize("packed", [False, True])
def test_lines_are_the_same_however_they_are_cut_into_slices(
    packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "SLICE_OCTETS", 64)
    monkeypatch.setattr(lines, "SLICE_LINES", 3)
    monkeypatch.setattr(lines, "_SAMPLE", 50)
    wanted = [b"a" * (place % 40) for place in range(200)]
    octets = b"\n".join([b"header", *wanted, b"last without an end"])
    path = tmp_path / "r.csv"
    path.write_bytes(gzip.compress(octets) if packed else octets)
    assert read(path) == ("header", [*wanted, b"last without an end"], [])


def test_a_line_that_never_ends_is_passed_over_without_being_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "SLICE_OCTETS", 1000)
    monkeypatch.setattr(lines, "LONGEST_LINE", 100)
    monkeypatch.setattr(lines, "_SAMPLE", 500)
    path = tmp_path / "r.csv"
    path.write_bytes(
        b"h\nfirst\n" + b"x" * 5000 + b"\nthird\n" + b"y" * 101 + b"\n" + b"z" * 100 + b"\n" + b"w" * 3000
    )
    _, found, bad = read(path)
    assert found == [b"first", None, b"third", None, b"z" * 100, None]
    assert bad == [(3, "line-length"), (5, "line-length"), (7, "line-length")]


def test_a_line_that_is_not_text_is_one_bad_line_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes("名\n好,好\n好,".encode() + b"\xe7\x8e,\n" + "好\n".encode())
    with RegisterFile(path, "utf-8") as file:
        file.header()
        [part] = file.slices(1)
    assert not part.is_text
    part = part.checked()
    assert part.is_text
    assert part.lines == ["好,好".encode(), None, "好".encode()]
    [bad] = part.bad
    assert (bad.line, bad.rule) == (3, "encoding")
    assert "octet 5 of the line, about column 2" in bad.why


@given(st.lists(st.text("ab,\r好", max_size=8), max_size=12), st.integers(0, 12))
def test_going_on_after_any_line_gives_the_rest(texts: list[str], done: int) -> None:
    import tempfile

    octets = "\n".join(["h", *texts, ""]).encode()
    with tempfile.NamedTemporaryFile() as kept:
        path = Path(kept.name)
        path.write_bytes(octets)
        done = min(done, len(texts))
        position = len("\n".join(["h", *texts[:done], ""]).encode())
        start = Start(done + 1, position, hashlib.sha256(octets[:position]).digest())
        with RegisterFile(path, "utf-8") as file:
            file.header()
            file.skip_to(start)
            rest = [line for part in file.slices(start.lines) for line in part.lines]
        wanted = [text.removesuffix("\r").encode() for text in texts[done:]]
        # A last line that is empty cannot be told from the end of the line before.
        assert rest == wanted or [*rest, b""] == wanted


def test_another_file_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(b"h\nabc\n")
    for start in (Start(2, 6, bytes(32)), Start(9, 600, hashlib.sha256(b"h\nabc\n").digest())):
        with RegisterFile(path) as file:
            file.header()
            with pytest.raises(Conflict, match="has changed"):
                file.skip_to(start)


def test_a_file_without_a_header_is_refused(tmp_path: Path) -> None:
    for octets in (b"", b"x" * (LONGEST_LINE + 1)):
        path = tmp_path / "r.csv"
        path.write_bytes(octets)
        with RegisterFile(path) as file, pytest.raises(Invalid, match="line 1"):
            file.header()


@pytest.mark.parametrize("kind", ["a pipe", "a directory", "a device"])
def test_what_is_no_plain_file_is_told_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "r.csv"
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a directory":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(Unavailable, match=r"r\.csv cannot be opened: it is not a plain file"):
        RegisterFile(path)
