"""`lz register` as a person uses it, each command a process of its own."""

from __future__ import annotations

import csv
import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


class Lz:
    """Runs commands over one data directory."""

    def __init__(self, room: Path) -> None:
        self.room = room
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LZ_")}
        self.environment = kept | {
            "LZ_MODE": "test",
            "LZ_DATA_DIR": str(room / "data"),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "COLUMNS": "200",
            "TERM": "dumb",
        }

    def __call__(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "liangzheng", *map(str, words)],
            env=self.environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip


@pytest.fixture
def lz(server_room: Path, tmp_path: Path) -> Lz:
    room = server_room / tmp_path.name
    room.mkdir()
    room.chmod(0o711)
    return Lz(room)


def test_from_a_made_up_file_to_a_suspended_driver(lz: Lz) -> None:
    file = lz.room / "register.csv.gz"
    made = lz(
        "register",
        "generate",
        "--drivers",
        "150",
        "--seed",
        "3",
        "--out",
        file,
        "--portraits",
        "2",
        "--as-of",
        "2026-11-20",
    )
    assert made.returncode == 0, made.stderr
    assert "150 drivers as of 2026-11-20" in made.stdout

    without_keys = lz("register", "import", file)
    assert without_keys.returncode == 1
    assert "run `./lz keys init`" in without_keys.stderr
    assert lz("keys", "init").returncode == 0

    first = lz("register", "import", file, "--strict")
    assert first.returncode == 0, first.stderr
    assert "151 lines" in first.stdout
    assert re.search(r"^imp_\S+ · utf-8$", first.stdout, re.MULTILINE), first.stdout
    assert "portraits added" in first.stdout
    again = lz("register", "import", file, "--strict")
    assert "The register was not changed." in again.stdout

    with gzip.open(file, "rt", encoding="utf-8") as text:
        row = next(csv.DictReader(text))
    number, name = row["document_number"], row["name"]
    shown = lz("register", "show", "--identity", number)
    assert shown.returncode == 0, shown.stderr
    assert number[:3] + "***********" + number[-4:] in shown.stdout
    changed = lz(
        "register",
        "change",
        "--identity",
        number,
        "--status",
        "BD",
        "--points",
        "12",
        "--reason",
        "roadside check",
    )
    assert "standing version 2" in changed.stdout, changed.stderr
    repeated = lz("register", "change", "--identity", number, "--status", "DB", "--reason", "again")
    assert "nothing to change" in repeated.stdout
    after = lz("register", "show", "--identity", number)
    assert "BD 记满12分、暂扣" in after.stdout
    assert "roadside check: points, status" in after.stdout
    for answer in (made, first, again, shown, changed, after):
        assert number not in answer.stdout + answer.stderr
        assert name not in answer.stdout + answer.stderr


def test_mistakes_are_told_in_one_sentence(lz: Lz) -> None:
    assert lz("keys", "init").returncode == 0
    for words, told in (
        (("import", lz.room / "nowhere.csv"), "nowhere.csv cannot be opened"),
        (("generate", "--drivers", "99999999", "--out", lz.room / "r.csv"), "drivers 0 to"),
        (("change", "--reason", "nothing"), "at least one of"),
        (("change", "--identity", "110105194912310021", "--status", "D", "--reason", "x"), "check character"),
        (("change", "--identity", "11010519491231002X", "--status", "AD", "--reason", "x"), "stands alone"),
        (("show",), "--identity NUMBER"),
        (("show", "--identity", "11010519491231002X"), "no driver has this"),
    ):
        answer = lz("register", *words)
        assert answer.returncode == 1, words
        assert told in answer.stderr
        assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr
    assert lz("register", "generate", "--drivers", "many").returncode == 2


def test_in_production_nobody_changes_a_standing_alone_and_who_looks_says_why(lz: Lz) -> None:
    lz.environment |= {"LZ_MODE": "production"}
    changed = lz("register", "change", "--driver", "drv_x", "--status", "D", "--reason", "alone")
    assert (changed.returncode, "two members of staff" in changed.stderr) == (1, True), changed.stderr
    for words, told in (
        ((), "--purpose: why you look"),
        (("--purpose", "a question"), "--case: in which case"),
        (("--purpose", "a question", "--case", "mine"), "case_number"),
    ):
        shown = lz("register", "show", "--driver", "drv_x", *words)
        assert (shown.returncode, told in shown.stderr) == (1, True), shown.stderr
