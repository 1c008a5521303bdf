"""Divisions and authorities: what is known, and who acts at prefecture level."""

from __future__ import annotations

import pytest

from liangzheng.kernel.errors import Invalid, NotFound
from liangzheng.kernel.region import (
    IDENTITY_PREFIXES,
    PROVINCES,
    Authorities,
    Division,
    DivisionLevel,
    Divisions,
    IssuingAuthority,
    is_authority_code,
    is_division_code,
)

P, F, C = DivisionLevel.PROVINCE, DivisionLevel.PREFECTURE, DivisionLevel.COUNTY
ROWS = [
    Division("110000", "北京市", P),
    Division("110101", "东城区", C),
    Division("320000", "江苏省", P),
    Division("320500", "苏州市", F),
    Division("320505", "虎丘区", C),
    Division("410000", "河南省", P),
    Division("419001", "济源市", C),
    Division("441900", "东莞市", F),
    Division("810000", "香港特别行政区", P),
]


@pytest.fixture
def divisions() -> Divisions:
    return Divisions(ROWS, {"110103": "崇文区", "320505": "郊区"})


def test_there_are_34_provinces_and_one_prefix_more_in_identity_numbers() -> None:
    assert len(PROVINCES) == 34
    assert IDENTITY_PREFIXES - set(PROVINCES) == {"83"}
    plates = [province.abbreviation for province in PROVINCES.values() if province.abbreviation]
    assert len(set(plates)) == len(plates) == 31


@pytest.mark.parametrize(
    ("code", "acts"),
    [
        ("110101", "110000"),
        ("110000", "110000"),
        ("320505", "320500"),
        ("320500", "320500"),
        ("320000", "320000"),
        ("419001", "419001"),
        ("441900", "441900"),
        ("810000", "810000"),
    ],
)
def test_who_acts_at_prefecture_level(code: str, acts: str, divisions: Divisions) -> None:
    assert divisions.prefecture(code).code == acts


def test_current_historical_and_known(divisions: Divisions) -> None:
    assert [divisions.current(code) for code in ("110101", "110103", "110199")] == [True, False, False]
    assert [divisions.known(code) for code in ("110101", "110103", "110199")] == [True, True, False]
    assert not divisions.historical("320505")  # current wins over an older list
    assert divisions.historical("110103")
    assert [divisions.name_of(code) for code in ("320505", "110103", "110199")] == ["虎丘区", "崇文区", None]


@pytest.mark.parametrize("look_up", [Divisions.get, Divisions.prefecture])
def test_a_code_that_is_not_current_is_not_found(look_up: object, divisions: Divisions) -> None:
    with pytest.raises(NotFound):
        look_up(divisions, "110103")  # type: ignore[operator]


def test_the_province_of_an_abolished_code_is_still_its_province(divisions: Divisions) -> None:
    assert divisions.province("110103").name == "北京市"
    with pytest.raises(NotFound):
        divisions.province("990000")


def test_counties_of_a_unit(divisions: Divisions) -> None:
    assert [county.code for county in divisions.counties_of("110000")] == ["110101"]
    assert [county.code for county in divisions.counties_of("419001")] == ["419001"]


def test_a_code_given_twice_is_refused() -> None:
    with pytest.raises(Invalid, match="320500"):
        Divisions([*ROWS, Division("320500", "另一个市", F)], {})


@pytest.mark.parametrize("code", ["", "3205", "32050", "3205000", "32050X", "990000", "３20500"])
def test_a_division_code_is_six_digits_with_a_province_prefix(code: str) -> None:
    with pytest.raises(Invalid):
        Division(code, "某地", C)
    assert not is_division_code(code) or code[:2] not in PROVINCES


def test_a_division_has_a_name() -> None:
    with pytest.raises(Invalid):
        Division("320500", "", F)


# --- authorities


@pytest.fixture
def authorities(divisions: Divisions) -> Authorities:
    return Authorities(
        [
            IssuingAuthority("苏E", "苏州市", "320500"),
            IssuingAuthority("苏U", "苏州市", "320500"),
            IssuingAuthority("京A", "北京市", "110000"),
            IssuingAuthority("豫U", "济源市", "419001"),
            IssuingAuthority("豫Z", "直属", None),
        ],
        divisions,
    )


def test_an_authority_serves_a_prefecture_in_a_province(authorities: Authorities) -> None:
    assert getattr(authorities.prefecture_of("苏E"), "name", None) == "苏州市"
    assert authorities.province_of("苏E").code == "320000"
    assert getattr(authorities.prefecture_of("豫U"), "code", None) == "419001"
    assert getattr(authorities.prefecture_of("京A"), "code", None) == "110000"


def test_an_authority_without_a_division_still_has_a_province(authorities: Authorities) -> None:
    assert authorities.prefecture_of("豫Z") is None
    assert authorities.province_of("豫Z").code == "410000"


def test_a_city_may_own_several_letters(authorities: Authorities) -> None:
    assert [authority.code for authority in authorities.serving("320500")] == ["苏E", "苏U"]
    assert [authority.code for authority in authorities.serving("410000")] == ["豫U", "豫Z"]


def test_an_unknown_authority_is_not_found(authorities: Authorities) -> None:
    assert "苏E" in authorities
    assert "苏Z" not in authorities
    with pytest.raises(NotFound):
        authorities.get("苏Z")


@pytest.mark.parametrize("code", ["", "苏", "E苏", "苏e", "苏E1", "港A", "苏1", "苏Ｅ"])
def test_an_authority_code_is_a_province_character_and_a_capital(code: str) -> None:
    assert not is_authority_code(code)
    with pytest.raises(Invalid):
        IssuingAuthority(code, "某市", None)


def test_authorities_given_twice_or_serving_nothing_current_are_refused(divisions: Divisions) -> None:
    twice = [IssuingAuthority("苏E", "苏州市", "320500")] * 2
    with pytest.raises(Invalid, match="苏E"):
        Authorities(twice, divisions)
    with pytest.raises(Invalid, match="current division"):
        Authorities([IssuingAuthority("京A", "北京市", "110103")], divisions)
