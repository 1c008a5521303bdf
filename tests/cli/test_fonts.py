"""`./lz fonts`: which files there are, what of a name is rare, and who draws it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from liangzheng.cli import fonts
from tests.infra.fonts_made_up import font_file


def told(*words: str) -> str:
    result = CliRunner().invoke(fonts.app, list(words))
    assert result.exit_code == 0, result.output
    return result.output


def test_each_character_is_told_with_who_draws_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = font_file(tmp_path / "one.ttf", {"䶮": 300, "𬭚": 500})
    monkeypatch.setenv("LZ_FONTS", str(file))
    said = told("例𬭚\ue863\U0002ebe0\ue000")
    assert f"{file}  A 1 B 0 C 0 D 0 E 1 F 0" in said
    assert f"𬭚 U+2CB5A: {file}" in said
    assert f"U+E863 as U+4DAE: {file}" in said
    assert "U+2EBE0: no font" in said and "U+E000: no font" in said
    assert "例 U+" not in said and "octets goes into the licence" in said
    assert "no character of it is rare" in told("张示例")


def test_without_files_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LZ_FONTS", "off")
    said = told("例𬭚")
    assert "apt-get install" in said and "U+2CB5A: no font" in said and "goes into" not in said


def test_a_file_that_cannot_be_used_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_text("no font")
    monkeypatch.setenv("LZ_FONTS", str(broken))
    assert "cannot be used" in told()
