"""`./lz verify`: words, JSON, exit status, and what it remembers."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from typer.testing import CliRunner, Result

from liangzheng.cli import verify as command
from liangzheng.cli.main import application
from liangzheng.cli.qr import draw_qr, in_characters, read_qr
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import Invalid, TooLarge
from liangzheng.kernel.time import FixedClock
from tests.showing.world import NOW, World, signers


class Terminal:
    """A machine without a network: a bundle in a file, a memory, a clock that stands."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FixedClock(NOW)
        self.state = folder / "state" / "verify.json"
        self.bundle = folder / "trust.cbor"
        self.root = signers().root.public_key.fingerprint.hex()
        self.world = World(cast(Database, None), signers())
        self.world.phone.keep(self.world.sign()[1], self.world.snapshot())
        self.give(1)
        monkeypatch.setattr(command, "SystemClock", lambda: self.clock)

    def give(self, version: int, at: datetime = NOW - timedelta(days=1)) -> None:
        """Another bundle arrives."""
        self.bundle.write_bytes(signers().bundle(version, at))

    def code(self) -> str:
        return self.world.phone.show(self.clock.now())

    def run(self, *words: str, root: bool = True, typed: str | None = None) -> Result:
        pinned = ("--root", self.root) if root else ()
        arguments = ["verify", "--trust", str(self.bundle), "--state", str(self.state), *pinned, *words]
        return CliRunner().invoke(application("verify"), arguments, input=typed)


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(tmp_path, monkeypatch)


def test_a_valid_code_says_so_in_both_languages_and_how_old_its_knowledge_is(terminal: Terminal) -> None:
    ran = terminal.run(terminal.code(), "--class", "C2")
    assert ran.exit_code == 0, ran.output
    for said in (
        "✓ 有效 · Valid",
        "样本甲",
        "320***********0018",
        "C2 小型自动挡汽车: 准驾 allowed",
        "60分钟前",
        "24小时前",
    ):
        assert said in ran.output, ran.output


def test_json_says_the_same_for_programs(terminal: Terminal) -> None:
    said = json.loads(terminal.run(terminal.code(), "--json", "--class", "C1").output)
    assert (said["outcome"], said["tone"], said["class"]) == (
        "valid",
        "green",
        {"asked": "C1", "allowed": True},
    )
    assert (said["trust"], said["status_age_s"]) == ({"version": 1, "age_s": 86400}, 3600)


@pytest.mark.parametrize(
    ("snapshot", "exit_code", "word"),
    [
        (None, 3, "状态未核验"),
        ({"status": "D", "may_drive": False}, 1, "暂扣"),
        ({"at": NOW - timedelta(hours=30)}, 0, "超过一天"),
    ],
)
def test_exit_status_and_word_follow_the_answer(
    terminal: Terminal, snapshot: dict[str, object] | None, exit_code: int, word: str
) -> None:
    made = None if snapshot is None else terminal.world.snapshot(**snapshot)  # type: ignore[arg-type]
    terminal.world.phone.snapshot = made
    ran = terminal.run(terminal.code())
    assert (ran.exit_code, word in ran.output) == (exit_code, True), ran.output


def test_a_forgery_names_its_step(terminal: Terminal) -> None:
    stranger = World(cast(Database, None), signers(name="stranger"))
    stranger.phone.keep(stranger.sign()[1])
    ran = terminal.run(stranger.phone.show(NOW))
    assert ran.exit_code == 1
    assert "trusted issuer" in ran.output and "签发方可信" in ran.output


@pytest.mark.parametrize("code", ["LZ1:CUT", "https://pay.example", "lz1:abc", ""])
def test_an_unreadable_code_leaves_with_two(terminal: Terminal, code: str) -> None:
    ran = terminal.run(code)
    assert (ran.exit_code, "无法识读" in ran.output) == (2, True), ran.output


def test_the_code_comes_from_standard_input_or_a_picture_too(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal.run("-", typed=terminal.code() + "\n").exit_code == 0
    picture = tmp_path / "code.png"
    draw_qr(terminal.code(), picture)
    assert terminal.run("--image", str(picture)).exit_code == 0


@pytest.mark.parametrize(
    "words", [(), ("LZ1:A", "--class", "C9"), ("LZ1:A", "--at", "yesterday"), ("LZ1:A", "--at", "2026-11-20")]
)
def test_a_wrong_call_leaves_with_two_and_one_sentence(terminal: Terminal, words: tuple[str, ...]) -> None:
    ran = terminal.run(*words)
    assert ran.exit_code == 2
    assert ran.stderr.startswith("lz: ") and ran.stderr.count("\n") == 1


# --- what it remembers --------------------------------------------------------------------------------


def test_the_root_is_named_once_and_remembered(terminal: Terminal) -> None:
    first = terminal.run(terminal.code(), root=False)
    assert first.exit_code == 2 and "--root" in first.stderr
    assert terminal.run(terminal.code()).exit_code == 0
    assert terminal.run(terminal.code(), root=False).exit_code == 0


def test_a_bundle_of_another_root_is_refused_and_another_root_is_not_taken_in_its_place(
    terminal: Terminal,
) -> None:
    assert terminal.run(terminal.code()).exit_code == 0
    other = signers(name="stranger")
    terminal.bundle.write_bytes(other.bundle(9))
    assert terminal.run(terminal.code(), root=False).exit_code == 2
    terminal.root = other.root.public_key.fingerprint.hex()
    ran = terminal.run(terminal.code())
    assert ran.exit_code == 2 and "another root is pinned" in ran.stderr


def test_an_older_bundle_is_refused_for_good(terminal: Terminal) -> None:
    terminal.give(5)
    assert terminal.run(terminal.code()).exit_code == 0
    terminal.give(4)
    ran = terminal.run(terminal.code())
    assert ran.exit_code == 2 and "older than 5" in ran.stderr
    terminal.give(6)
    assert terminal.run(terminal.code()).exit_code == 0


def test_an_old_bundle_is_said_to_be_old(terminal: Terminal) -> None:
    terminal.give(1, NOW - timedelta(days=8))
    ran = terminal.run(terminal.code())
    assert (ran.exit_code, "信任名单较旧" in ran.output, "8天前" in ran.output) == (0, True, True)


def test_the_same_code_in_the_next_command_was_already_shown(terminal: Terminal) -> None:
    code = terminal.code()
    assert terminal.run(code).exit_code == 0
    ran = terminal.run(code)
    assert ran.exit_code == 1 and "此码已出示过" in ran.output and "样本甲" not in ran.output


def test_an_older_status_in_the_next_command_is_not_taken(terminal: Terminal) -> None:
    terminal.world.phone.snapshot = terminal.world.snapshot(status="D", may_drive=False, standing_version=6)
    assert terminal.run(terminal.code()).exit_code == 1
    terminal.world.phone.snapshot = terminal.world.snapshot(standing_version=5)
    ran = terminal.run(terminal.code())
    assert ran.exit_code == 1 and "不是最新" in ran.output


def test_a_question_about_another_time_remembers_nothing(terminal: Terminal) -> None:
    code, then = terminal.code(), NOW.isoformat()
    assert terminal.run(code, "--at", then).exit_code == 0
    assert terminal.run(code, "--at", then).exit_code == 0
    assert terminal.run(code, "--at", (NOW + timedelta(seconds=91)).isoformat()).exit_code == 1


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "[]",
        "{}",
        '{"root": 5}',
        '{"root": null, "trust_version": "x", "shown": {}, "standings": {}}',
        "[" * 200_000,
        '{"a":' * 200_000,
    ],
    ids=["empty", "a list", "no fields", "a number", "a word", "lists in lists", "objects in objects"],
)
def test_a_memory_that_is_none_is_refused_not_forgotten(terminal: Terminal, kept: str) -> None:
    """Taking it for an empty one would be a way to make a terminal forget."""
    terminal.state.parent.mkdir()
    terminal.state.write_text(kept)
    ran = terminal.run(terminal.code())
    assert ran.exit_code == 2
    assert "verify.json: what an earlier `lz verify` wrote" in ran.output
    assert terminal.state.read_text() == kept


def test_the_memory_holds_no_name_and_no_number_and_is_its_owner_s(terminal: Terminal) -> None:
    terminal.run(terminal.code())
    kept = terminal.state.read_text()
    assert "样本" not in kept and "320" not in json.loads(kept)
    assert terminal.state.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("root", ["", "xy", "ab" * 31, "ab" * 33])
def test_a_root_is_a_fingerprint(terminal: Terminal, root: str) -> None:
    terminal.root = root or " "
    ran = terminal.run(terminal.code())
    assert ran.exit_code == 2 and "64 hexadecimal digits" in ran.stderr


# --- pictures -----------------------------------------------------------------------------------------


def test_a_picture_without_a_code_or_with_two_is_told_so(tmp_path: Path) -> None:
    from PIL import Image

    empty = tmp_path / "empty.png"
    Image.new("L", (80, 80), 255).save(empty)
    with pytest.raises(Invalid, match="0 were found"):
        read_qr(empty)
    parts = []
    for name in ("LZ1:A", "LZ1:B"):
        draw_qr(name, tmp_path / "part.png")
        parts.append(Image.open(tmp_path / "part.png").copy())
    both = Image.new("L", (parts[0].width * 2, parts[0].height), 255)
    for place, part in enumerate(parts):
        both.paste(part, (place * part.width, 0))
    both.save(tmp_path / "both.png")
    with pytest.raises(Invalid, match="2 were found"):
        read_qr(tmp_path / "both.png")


def test_what_is_no_picture_or_too_large_a_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.png"
    path.write_text("LZ1:ABC")
    with pytest.raises(Invalid, match="PNG"):
        read_qr(path)
    with path.open("wb") as out:
        out.truncate(17 * 1024 * 1024)
    with pytest.raises(TooLarge):
        read_qr(path)


def test_a_code_is_drawn_in_characters_with_its_quiet_zone() -> None:
    lines = in_characters("LZ1:ABC").splitlines()
    assert set(lines[0]) == set(lines[1]) == {"█"}
    assert len({len(line) for line in lines}) == 1
