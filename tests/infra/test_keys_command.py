"""`./lz keys`: works on a data directory alone."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import pytest
from typer.testing import CliRunner

from liangzheng.cli.keys import app
from liangzheng.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from liangzheng.standards.trust import TrustBundle


class Told:
    """Runs a command over one data directory, and gives what it printed."""

    def __call__(self, *words: str) -> str:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return str(result.output)


@pytest.fixture
def told(server_room: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setenv("LZ_MODE", "test")
    # As root a data directory must be one the database's user could enter; pytest's own are closed.
    monkeypatch.setenv("LZ_DATA_DIR", str(server_room / f"keys-{secrets.token_hex(8)}"))
    monkeypatch.setenv("COLUMNS", "120")
    return Told()


def test_keys_are_made_listed_rotated_and_marked(told: Told, tmp_path: Path) -> None:
    fingerprint = re.search(r"[0-9a-f]{64}", told("init", "--alg", "SM2"))
    assert fingerprint
    assert told("list").count(" active ") == 33
    assert "1 keys rotated; trust bundle version 2" in told("rotate", "--province", "苏", "--lead-hours", "1")
    [planned] = [line for line in told("list").splitlines() if " planned " in line]
    assert "CN-32 苏" in planned and "SM2" in planned
    kid = planned.split()[0]
    assert "rotate --province CN-32" in told("compromise", kid, "--at", "2026-11-20T00:00:00")
    assert [line.split()[0] for line in told("list").splitlines() if " compromised " in line] == [kid]
    out = tmp_path / "bundle.cbor"
    told("trust-bundle", "--out", str(out))
    assert TrustBundle.load(out.read_bytes(), bytes.fromhex(fingerprint[0])).version == 4
    told("trust-bundle", "--out", str(out), "--no-sign")
    assert TrustBundle.load(out.read_bytes(), bytes.fromhex(fingerprint[0])).version == 4


@pytest.mark.parametrize("text", ["苏", "32", "CN-32", "320000"])
def test_a_province_is_named_as_people_name_it(told: Told, text: str) -> None:
    told("init")
    told("rotate", "--province", text, "--lead-hours", "1")
    assert "CN-32" in next(line for line in told("list").splitlines() if " planned " in line)


def test_everything_is_rotated_at_once(told: Told) -> None:
    told("init")
    assert "33 keys rotated; trust bundle version 2, 66 keys" in told("rotate", "--all")


@pytest.mark.parametrize(
    ("words", "failure"),
    [
        (("init",), Conflict),
        (("rotate",), Invalid),
        (("rotate", "--province", "台"), Invalid),
        (("compromise", "zz"), Invalid),
        (("compromise", "0011223344556677"), NotFound),
        (("init", "--alg", "RSA"), Invalid),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    told: Told, words: tuple[str, ...], failure: type[Exception]
) -> None:
    told("init")
    with pytest.raises(failure):
        told(*words)
    assert "trust bundle version 1 " in told("list")


def test_before_init_there_is_nothing_to_list(told: Told) -> None:
    with pytest.raises(NotFound, match="keys init"):
        told("list")


def test_key_files_are_not_made_in_production_unless_someone_says_so(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LZ_MODE", "production")
    with pytest.raises(Forbidden):
        told("init")
