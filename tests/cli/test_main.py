"""`./lz` as its user meets it: help, mistakes, and one sentence when something cannot be done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import liangzheng
from liangzheng.cli.main import COMMANDS

SOURCE = Path(liangzheng.__file__).parents[1]


def lz(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "liangzheng", *words],
        capture_output=True,
        encoding="utf-8",
        env={
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "PYTHONPATH": str(SOURCE),
            "PYTHONUTF8": "1",
            "COLUMNS": "120",
            **environment,
        },
        timeout=120,
        check=False,
    )


def test_help_lists_every_command_and_what_the_launcher_does() -> None:
    answer = lz("--help")
    assert answer.returncode == 0
    for name in (*COMMANDS, "test", "lint"):
        assert f" {name} " in answer.stdout, name


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_there_and_explains_itself(name: str) -> None:
    answer = lz(name, "--help")
    assert answer.returncode == 0, answer.stderr
    assert f"lz {name}" in answer.stdout


def test_every_file_of_commands_is_in_the_table() -> None:
    files = {path.stem for path in (SOURCE / "liangzheng" / "cli").glob("*.py")} - {"main"}
    with_an_application = {
        f"liangzheng.cli.{stem}"
        for stem in files
        if "\napp = typer.Typer("
        in (SOURCE / "liangzheng" / "cli" / f"{stem}.py").read_text(encoding="utf-8")
    }
    assert with_an_application <= {command.module for command in COMMANDS.values()}


def test_the_version_is_the_packages() -> None:
    assert lz("--version").stdout.strip() == liangzheng.__version__


def test_a_misspelt_command_is_status_2_with_a_suggestion() -> None:
    answer = lz("setings")
    assert answer.returncode == 2
    assert "'settings'" in answer.stderr


def test_what_cannot_be_done_is_status_1_and_one_sentence() -> None:
    answer = lz("settings", LZ_PORT="many")
    assert answer.returncode == 1
    assert answer.stderr == "lz: LZ_PORT: is a whole number from 0 to 65535\n"
    assert answer.stdout == ""


def test_settings_show_what_is_and_never_a_password(tmp_path: Path) -> None:
    url = "postgresql://lz:s3cr3t@db:5432/lz"
    for words in (["settings"], ["settings", "--json"]):
        answer = lz(*words, LZ_DATABASE_URL=url, LZ_DATA_DIR=str(tmp_path))
        assert answer.returncode == 0, answer.stderr
        assert "s3cr3t" not in answer.stdout
        assert "lz:…@db" in answer.stdout
    values = json.loads(answer.stdout)
    assert values["LZ_DATA_DIR"] == str(tmp_path)
    assert values["LZ_PORT"] == "8765"
