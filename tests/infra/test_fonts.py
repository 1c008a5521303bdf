"""A font with nothing but a few characters: exactly those, the same octets every time, and none where none can be made."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from liangzheng.infra import fonts as module
from liangzheng.infra import setting_words
from liangzheng.infra.fonts import DEBIAN, Drawn, FontFile, Fonts
from liangzheng.infra.metrics import RARE_FONTS
from liangzheng.kernel.errors import Invalid
from tests.infra.fonts_made_up import NOTICE, font_file, sides_in


def as_itself(text: str) -> dict[str, str]:
    return {character: character for character in text}


def counted(outcome: str) -> float:
    found: float = RARE_FONTS.labels(outcome)._value.get()
    return found


@pytest.fixture
def one(tmp_path: Path) -> FontFile:
    return FontFile(font_file(tmp_path / "one.ttf", {"䶮": 300, "𠮷": 400, "𬭚": 500, "例": 700}))


def test_it_has_what_was_asked_for_and_nothing_else(one: FontFile) -> None:
    drawn = Fonts([one]).draw(as_itself("𠮷𬭚"))
    assert drawn.missing == () and drawn.octets is not None
    assert sides_in(drawn.octets) == {"𠮷": 400, "𬭚": 500}
    font = TTFont(BytesIO(drawn.octets))
    assert font.flavor == "woff2"
    assert set(font.keys()) - {"GlyphOrder"} == {
        "OS/2", "cmap", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "name", "post",
    }, "outlines and a character map, no layout and no programs"  # fmt: skip
    assert font["name"].getDebugName(0) == NOTICE, "whose outlines they are goes with them"


def test_the_same_characters_are_the_same_octets_in_any_order_process_and_year(one: FontFile) -> None:
    first = Fonts([one]).draw(as_itself("𠮷𬭚"))
    assert Fonts([one]).draw(as_itself("𬭚𠮷")).octets == first.octets
    program = (
        "import sys, time\n"
        "time.time = lambda: 2e9\n"
        "from liangzheng.infra.fonts import Fonts, FontFile\n"
        f"drawn = Fonts([FontFile.parse({str(one)!r})]).draw({as_itself('𠮷𬭚')!r})\n"
        "sys.stdout.buffer.write(drawn.octets)"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, env={"PYTHONPATH": _path(), "PYTHONHASHSEED": "7"}
    )  # fmt: skip
    assert elsewhere.stdout == first.octets


def _path() -> str:
    return ":".join(path for path in sys.path if path)


def test_the_first_file_that_has_a_character_draws_it(one: FontFile, tmp_path: Path) -> None:
    other = FontFile(font_file(tmp_path / "two.ttf", {"𠮷": 111, "𮧵": 222}))
    drawn = Fonts([one, other]).draw(as_itself("𠮷𮧵"))
    assert drawn.octets is not None and sides_in(drawn.octets) == {"𠮷": 400, "𮧵": 222}
    turned = Fonts([other, one]).draw(as_itself("𠮷𮧵"))
    assert turned.octets is not None and sides_in(turned.octets) == {"𠮷": 111, "𮧵": 222}


def test_a_character_no_file_has_is_named_and_the_others_are_drawn(one: FontFile) -> None:
    drawn = Fonts([one]).draw(as_itself("𠮷𮧵"))
    assert drawn.missing == ("𮧵",)
    assert drawn.octets is not None and sides_in(drawn.octets) == {"𠮷": 400}
    assert Fonts([one]).draw(as_itself("𮧵")) == Drawn(None, ("𮧵",))


def test_without_files_or_wishes_there_is_none(one: FontFile) -> None:
    assert Fonts(()).draw(as_itself("𠮷")) == Drawn(None, ("𠮷",))
    assert Fonts([one]).draw({}) == Drawn(None, ())


def test_a_character_may_be_drawn_as_another(one: FontFile) -> None:
    drawn = Fonts([one]).draw({"\ue863": "䶮"})
    assert drawn.octets is not None and sides_in(drawn.octets) == {"\ue863": 300}


@pytest.mark.parametrize(("em", "cubic"), [(1000, True), (2000, False), (2048, True)])
def test_outlines_of_either_sort_and_any_em_come_out_alike(tmp_path: Path, em: int, cubic: bool) -> None:
    file = font_file(tmp_path / "file", {"𠮷": em // 2}, em=em, cubic=cubic)
    drawn = Fonts([FontFile(file)]).draw(as_itself("𠮷"))
    assert drawn.octets is not None and sides_in(drawn.octets) == {"𠮷": 500}
    font = TTFont(BytesIO(drawn.octets))
    assert font["head"].unitsPerEm == 1000 and font["hmtx"][font.getBestCmap()[ord("𠮷")]][0] == 1000


def test_one_that_grows_too_large_is_none_and_counted(one: FontFile, monkeypatch: pytest.MonkeyPatch) -> None:
    before = counted("too large")
    monkeypatch.setattr(module, "LARGEST", 100)
    assert Fonts([one]).draw(as_itself("𠮷")) == Drawn(None, ("𠮷",))
    assert counted("too large") == before + 1


def test_a_damaged_file_draws_nothing_and_stops_nobody(one: FontFile, tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(one.path.read_bytes()[:200])
    none = tmp_path / "none.ttf"
    none.write_text("no font at all")
    drawn = Fonts([FontFile(broken), FontFile(none), one]).draw(as_itself("𠮷"))
    assert drawn.octets is not None, "the next file is asked"
    assert Fonts([FontFile(broken)]).draw(as_itself("𠮷")) == Drawn(None, ("𠮷",))


@pytest.mark.parametrize("forbids", [0x0002, 0x0100, 0x0200])
def test_a_maker_who_forbids_parts_in_documents_is_heard(tmp_path: Path, forbids: int) -> None:
    file = FontFile(font_file(tmp_path / "file.ttf", {"𠮷": 400}, forbids=forbids))
    assert Fonts([file]).draw(as_itself("𠮷")).octets is None
    allowed = FontFile(font_file(tmp_path / "allowed.ttf", {"𠮷": 400}, forbids=0x0008))
    assert Fonts([allowed]).draw(as_itself("𠮷")).octets is not None


def test_what_was_made_is_remembered_up_to_a_bound(one: FontFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 2)
    fonts, before = Fonts([one]), counted("made")
    assert fonts.known(as_itself("𠮷")) is None
    first = fonts.draw(as_itself("𠮷"))
    assert fonts.known(as_itself("𠮷")) is first and fonts.draw(as_itself("𠮷")) is first
    fonts.draw(as_itself("䶮"))
    fonts.known(as_itself("𠮷"))
    fonts.draw(as_itself("𬭚"))
    assert fonts.known(as_itself("䶮")) is None, "the one not asked for longest is let go of"
    assert fonts.known(as_itself("𠮷")) is first
    assert counted("made") == before + 3


def test_the_files_are_named_in_the_settings(one: FontFile) -> None:
    assert Fonts.named([str(one)]).files == (one,)
    assert Fonts.named([]).files == ()
    assert setting_words.fonts("LZ_FONTS", "off") == ()
    assert setting_words.fonts("LZ_FONTS", "/a.ttf, /many.ttc#2") == ("/a.ttf", "/many.ttc#2")
    with pytest.raises(Invalid, match="absolute path"):
        setting_words.fonts("LZ_FONTS", "a.ttf")
    assert FontFile.parse("/many.ttc#2") == FontFile(Path("/many.ttc"), 2)
    with pytest.raises(Invalid, match="LZ_FONTS"):
        Fonts.named(["/not/there.ttf"])
    for wrong in ("relative.ttf", "/file#x", "/file#-1"):
        with pytest.raises(ValueError, match="absolute path"):
            FontFile.parse(wrong)
    assert {str(file) for file in Fonts.named(None).files} <= set(DEBIAN)


@pytest.mark.skipif(not Path(DEBIAN[2]).exists(), reason="needs Debian's fonts-hanazono")
def test_debians_fonts_draw_extensions_a_to_f() -> None:
    drawn = Fonts.named(None).draw(as_itself("㛃𠮷𫍯𫝀𬭚𮧵\U0002ebe0"))
    assert drawn.missing == () and drawn.octets is not None
    assert len(drawn.octets) < 4096
