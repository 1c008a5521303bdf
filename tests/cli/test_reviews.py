"""`lz reviews` as an operator uses it: nothing waits, what is not there is said; the demonstration does the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from liangzheng.cli import reviews
from liangzheng.kernel.errors import Invalid, NotFound
from liangzheng.kernel.ids import ApplicationId
from liangzheng.licences import PhotoReason


def test_the_catalogue_is_listed_with_what_the_holder_reads() -> None:
    told = CliRunner().invoke(reviews.app, ["reasons"])
    assert told.exit_code == 0
    assert [line.split()[0] for line in told.stdout.splitlines()] == [reason.value for reason in PhotoReason]
    assert "请在白色背景前拍摄。" in told.stdout


def test_a_reason_outside_the_catalogue_is_called_wrongly() -> None:
    told = CliRunner().invoke(reviews.app, ["refuse", str(ApplicationId.new()), "--reason", "because"])
    assert told.exit_code == 2


def test_an_id_of_another_kind_is_told_apart() -> None:
    told = CliRunner().invoke(reviews.app, ["approve", "drv_x"])
    assert isinstance(told.exception, Invalid)


def test_an_empty_queue_and_an_unknown_review(
    server_room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = server_room / tmp_path.name
    room.mkdir()
    room.chmod(0o711)
    monkeypatch.setenv("LZ_DATA_DIR", str(room / "data"))
    monkeypatch.setenv("LZ_MODE", "test")
    listed = CliRunner().invoke(reviews.app, ["list"])
    assert listed.exit_code == 0, listed.exception
    assert "0 open, 0 in a hand, 0 late, 0 escalated" in listed.stdout
    assert CliRunner().invoke(reviews.app, ["take"]).stdout == "nothing waits\n"
    unknown = CliRunner().invoke(reviews.app, ["approve", str(ApplicationId.new())])
    assert isinstance(unknown.exception, NotFound)
