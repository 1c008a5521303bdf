"""Made-up registers: the same again, right throughout, and of every sort."""

from __future__ import annotations

import csv
import gzip
import hashlib
import tarfile
from collections import Counter
from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest

from drivers.conftest import AS_OF
from drivers.test_screen import chunk_of, judged
from liangzheng import drivers
from liangzheng.drivers import draw, fictional
from liangzheng.drivers.columns import HEADERS, CodeTables
from liangzheng.drivers.damage import DAMAGES
from liangzheng.drivers.generate import CASES, MOST_DRIVERS, Generator
from liangzheng.drivers.pack import write_pack
from liangzheng.kernel.classes import DrivingClass
from liangzheng.kernel.errors import Invalid, Unavailable
from liangzheng.kernel.people import Sex
from liangzheng.kernel.status import StatusLetter

Lines = Callable[..., list[list[str]]]
PICTURES = [f"{number:02x}" * 32 for number in range(16)]
PLACE = {header: place for place, header in enumerate(HEADERS)}


def column(rows: list[list[str]], header: str) -> list[str]:
    return [row[PLACE[header]] for row in rows]


@pytest.fixture(scope="module")
def rows(tables: CodeTables) -> list[list[str]]:
    generator = Generator(tables, seed=1, as_of=AS_OF, portraits=PICTURES)
    return [next(csv.reader([",".join(generator.next_fields())])) for _ in range(6000)]


def test_every_line_keeps_every_rule_and_raises_no_doubt(rows: list[list[str]]) -> None:
    assert [place for place, row in enumerate(rows) if judged(row) != (True, [])] == []
    assert len(chunk_of(rows).rows) == len(rows)


def test_every_status_class_kind_of_document_and_term_is_there(rows: list[list[str]]) -> None:
    assert {letter for status in column(rows, "status") for letter in status} == {
        letter.value for letter in StatusLetter
    }
    held = {spell.split("@")[0] for history in column(rows, "class_history") for spell in history.split(";")}
    assert held == {cls.value for cls in DrivingClass}
    assert set(column(rows, "identity_kind")) == set("ACDEFGM")
    assert set(column(rows, "validity_term")) == {"6", "10", "L"}
    for header in (
        "school_bus_classes",
        "extended_until",
        "points_exceeded_on",
        "former_file_number",
        "notes",
        "portrait",
    ):
        assert any(column(rows, header)), header
    assert "1" in column(rows, "hearing_aid_condition")
    assert "1" in column(rows, "probation")
    assert any(len(number) == 15 for number in column(rows, "document_number"))


def test_the_first_lines_show_every_case_also_in_the_smallest_register(good_lines: Lines) -> None:
    small = good_lines(len(CASES), seed=99)
    assert {letter for status in column(small, "status") for letter in status} == {
        letter.value for letter in StatusLetter
    }
    names = column(small, "name")
    assert {rare for rare in fictional.RARE if any(rare in name for name in names)} == set(fictional.RARE)
    assert max(map(len, names)) == 50
    assert any("·" in name for name in names)
    assert AS_OF.isoformat() in column(small, "valid_until")
    assert date.fromordinal(AS_OF.toordinal() - 1).isoformat() in column(small, "valid_until")


def test_nobody_is_meant(rows: list[list[str]]) -> None:
    assert all("虚构路" in address for address in column(rows, "resident_address"))
    marks = set(fictional.MARKS) | {"示", "样", "·"}
    chinese = [name for name in column(rows, "name") if not name.replace(" ", "").replace("'", "").replace("-", "").isalpha()
               or name[0] >= "\u4e00"]  # fmt: skip
    assert all(marks & set(name) for name in chinese if not name[0].isascii())


def test_provinces_are_in_proportion_to_their_people(rows: list[list[str]]) -> None:
    found = Counter(division[:2] for division in column(rows, "address_division"))
    people = sum(fictional.POPULATION.values())
    for province, weight in fictional.POPULATION.items():
        expected = len(rows) * weight / people
        assert abs(found[province] - expected) < 6 * expected**0.5 + 6, province


def test_no_identity_or_file_number_comes_twice(rows: list[list[str]]) -> None:
    assert len(set(column(rows, "document_number"))) == len(rows)
    assert len(set(column(rows, "file_number"))) == len(rows)


def test_a_line_does_not_depend_on_how_many_follow_but_on_the_seed(good_lines: Lines) -> None:
    assert good_lines(300)[:120] == good_lines(120)
    assert good_lines(300)[110:] != good_lines(300, seed=8)[110:]


def test_the_same_options_give_the_same_octets(tables: CodeTables, tmp_path: Path) -> None:
    options = drivers.GenerateOptions(300, 4, AS_OF, portraits=3, damaged=0.1)
    reports = [drivers.generate_register(tmp_path / name / "r.csv.gz", tables, options)
               for name in ("a", "b") if not (tmp_path / name).mkdir()]  # fmt: skip
    assert (tmp_path / "a/r.csv.gz").read_bytes() == (tmp_path / "b/r.csv.gz").read_bytes()
    assert (tmp_path / "a/r.portraits.tar").read_bytes() == (tmp_path / "b/r.portraits.tar").read_bytes()
    assert reports[0].damaged == reports[1].damaged > 10


def test_damage_leaves_the_other_lines_as_they_were(tables: CodeTables, tmp_path: Path) -> None:
    for name, damaged in (("good.csv", 0.0), ("bad.csv", 0.2)):
        drivers.generate_register(tmp_path / name, tables, drivers.GenerateOptions(300, 4, AS_OF, 0, damaged))
    good, bad = ((tmp_path / name).read_bytes().split(b"\n") for name in ("good.csv", "bad.csv"))
    assert 30 < sum(one != other for one, other in zip(good, bad, strict=True)) < 100


def test_every_known_damage_is_refused_with_its_rule(good_lines: Lines) -> None:
    """Those that leave a line of text; the others are of test_lines and test_import."""
    for damage, fields in zip(DAMAGES, good_lines(100 + len(DAMAGES))[100:], strict=True):
        if damage.rule in ("encoding", "line-length", "field-count", "quotes"):
            continue
        row = next(csv.reader([damage.make(fields).decode()]))
        assert not judged(row)[0], damage.title
        [reject] = chunk_of([row]).rejects
        assert (damage.column, damage.rule) in [(broken.column, broken.rule) for broken in reject.broken], (
            damage.title
        )


def test_more_drivers_than_there_are_numbers_are_refused(tables: CodeTables, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="drivers"):
        drivers.generate_register(
            tmp_path / "r.csv", tables, drivers.GenerateOptions(MOST_DRIVERS + 1, 1, AS_OF)
        )
    with pytest.raises(Unavailable, match="cannot be written"):
        drivers.generate_register(
            tmp_path / "no/r.csv", tables, drivers.GenerateOptions(1, 1, AS_OF, portraits=0)
        )


def test_who_is_on_the_picture_is_of_the_sex_and_about_the_age_of_the_record(rows: list[list[str]]) -> None:
    shown = [row for row in rows if row[PLACE["portrait"]]]
    for row in shown:
        who = draw.whose(PICTURES.index(row[PLACE["portrait"]]))
        years = (AS_OF - date.fromisoformat(row[PLACE["birth_date"]])).days / 365.25
        assert who == (Sex.from_code(row[PLACE["sex"]]), years >= draw.OLD_FROM), row[PLACE["name"]]
    assert {row[PLACE["portrait"]] for row in shown} == set(PICTURES), "each of them is somebody's"
    assert 0.9 < len(shown) / len(rows) < 1


@pytest.mark.parametrize("count", range(1, 9))
def test_a_small_pack_is_shared_and_the_sexes_apart_as_soon_as_both_are_in_it(count: int) -> None:
    names = [f"{number:02x}" * 32 for number in range(count)]
    for who, album in draw.albums(names).items():
        assert album
        if count > 1:
            assert {draw.whose(names.index(name)).sex for name in album} == {who.sex}


def test_a_packed_file_holds_the_same_lines(tables: CodeTables, tmp_path: Path) -> None:
    for name in ("r.csv", "r.csv.gz"):
        drivers.generate_register(
            tmp_path / name, tables, drivers.GenerateOptions(200, 4, AS_OF, portraits=0)
        )
    assert gzip.decompress((tmp_path / "r.csv.gz").read_bytes()) == (tmp_path / "r.csv").read_bytes()


def test_portraits_are_of_the_published_size_and_travel_under_their_hash(tmp_path: Path) -> None:
    from PIL import Image

    everybody = [(number, who) for number in range(4) for who in draw.EVERYBODY]
    pictures = [draw.portrait(1, number, who) for number, who in everybody]
    assert pictures == [draw.portrait(1, number, who) for number, who in everybody]
    assert {draw.portrait(1, number) for number in range(4)} < set(pictures), (
        "whom it shows goes by the number"
    )
    names = write_pack(tmp_path / "p.tar", pictures)
    assert len(set(names)) == 16
    with tarfile.open(tmp_path / "p.tar") as pack:
        for member in pack:
            octets = pack.extractfile(member).read()  # type: ignore[union-attr]
            assert member.name == hashlib.sha256(octets).hexdigest() + ".jpg"
            with Image.open(BytesIO(octets)) as image:
                assert (image.size, image.mode, image.format) == ((260, 378), "RGB", "JPEG")
                assert [round(dots) for dots in image.info["dpi"]] == [300, 300]
            assert 8_000 < len(octets) < 30_000
