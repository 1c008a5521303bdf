"""Rules of one record, change by change from a good one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from liangzheng.drivers.model import (
    KEEP,
    ClassHeld,
    ClassHistory,
    Driver,
    Standing,
    StandingChange,
    ValidityTerm,
)
from liangzheng.drivers.rules import (
    Facts,
    Letters,
    Spells,
    broken_rules,
    decide_change,
    doubts,
    record_line,
    whole_number,
)
from liangzheng.infra.reference import load_reference
from liangzheng.kernel.classes import Classes, DrivingClass
from liangzheng.kernel.errors import Invalid, NotFound
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.people import FileNumber, IdentityKind, IdentityNumber, PersonName, Sex
from liangzheng.kernel.status import Status

DAY = date(2026, 11, 20)
GOOD = Facts(
    identity_kind="A", document_number="11010519491231002X", sex=2, birth_date=date(1949, 12, 31),
    first_issue_date=date(1980, 5, 1), classes="C1", class_history=Spells.parse("C1@1980-05-01"),
    valid_from=date(2020, 5, 1), valid_until=date(2030, 5, 1), validity_term="10", status=Letters("A", False), extended_until=None,
    probation=False, probation_until=None, school_bus_classes="", card_core_number="3340001234567",
)  # fmt: skip


def test_a_good_record_breaks_no_rule_and_raises_no_doubt() -> None:
    assert broken_rules(GOOD) == []
    assert doubts(GOOD, load_reference().divisions) == []


@pytest.mark.parametrize(
    ("written", "text", "beside_normal"),
    [("A", "A", False), ("AH", "H", True), ("HAB", "BH", True), ("DB", "BD", False)],
)
def test_letters_overrule_an_a_beside_them_and_that_is_a_doubt(
    written: str, text: str, beside_normal: bool
) -> None:
    letters = Letters.parse(written)
    assert letters == (text, beside_normal)
    found = doubts(GOOD._replace(status=letters), load_reference().divisions)
    assert found == ["status-normal"] * beside_normal


@pytest.mark.parametrize(
    ("number", "doubted"),
    [
        ("110105194912310021", []),  # 北京朝阳, in force
        ("999999194912310021", ["number-division"]),
        ("810000194912310021", []),  # Hong Kong residence permit: of no division, and no doubt
    ],
)
def test_a_number_of_no_known_division_is_a_doubt_and_no_refusal(number: str, doubted: list[str]) -> None:
    assert doubts(GOOD._replace(document_number=number), load_reference().divisions) == doubted


def test_a_division_code_of_the_past_is_no_doubt() -> None:
    divisions = load_reference().divisions
    past = "110103"  # 北京崇文, merged in 2010
    with pytest.raises(NotFound):
        divisions.get(past)
    assert doubts(GOOD._replace(document_number=past + "194912310021"), divisions) == []


@pytest.mark.parametrize("written", ["", "AA", "AAH", "AHH", "AO", "a"])
def test_letters_that_are_none_or_twice_are_refused_with_and_without_an_a(written: str) -> None:
    with pytest.raises(Invalid, match="status"):
        Letters.parse(written)


@pytest.mark.parametrize(
    ("new", "column", "rule"),
    [
        ({"document_number": "110105194912310021"}, "document_number", "identity-number"),
        ({"birth_date": date(1949, 12, 30)}, "birth_date", "identity-number"),
        ({"identity_kind": "F", "document_number": "x"}, "document_number", "identity-number"),
        ({"first_issue_date": date(1949, 12, 31)}, "first_issue_date", "date-order"),
        ({"valid_from": date(1980, 4, 30)}, "valid_from", "date-order"),
        ({"valid_until": date(2020, 5, 1)}, "valid_until", "date-order"),
        ({"valid_until": None}, "valid_until", "validity-term"),
        ({"validity_term": "L"}, "valid_until", "validity-term"),
        ({"extended_until": date(2027, 1, 1)}, "extended_until", "extension"),
        ({"probation_until": date(1980, 5, 1)}, "probation_until", "date-order"),
        ({"school_bus_classes": "C2"}, "school_bus_classes", "school-bus"),
        ({"classes": "C2"}, "class_history", "classes-agree"),
        ({"class_history": Spells.parse("C1@1980-04-30")}, "class_history", "class-dates"),
        (
            {"class_history": Spells.parse("C1@1980-05-01;D@1999-01-01/1999-01-01")},
            "class_history",
            "class-dates",
        ),
        ({"class_history": Spells.parse("C6@2022-03-31"), "classes": "C6"}, "class_history", "class-exists"),
    ],
)
def test_one_wrong_thing_breaks_its_rule(new: dict[str, object], column: str, rule: str) -> None:
    assert (column, rule) in [broken[:2] for broken in broken_rules(GOOD._replace(**new))]  # type: ignore[arg-type]


def test_a_class_gained_too_young_is_refused_and_on_the_birthday_is_not() -> None:
    young = GOOD._replace(
        document_number="11010520040229007X", birth_date=date(2004, 2, 29), first_issue_date=date(2022, 4, 1),
        valid_from=date(2022, 4, 1),
    )  # fmt: skip
    for code, first, good in (("C1", "2022-04-01", True), ("B2", "2024-02-29", True), ("B2", "2024-02-28", False),
                              ("A1", "2023-03-01", True), ("A1", "2023-02-28", False)):  # fmt: skip
        facts = young._replace(classes=code, class_history=Spells.parse(f"{code}@{first}"))
        found = [broken.rule for broken in broken_rules(facts) if broken.rule != "identity-number"]
        assert found == ([] if good else ["class-age"]), (code, first)


def test_an_age_limit_that_is_not_certain_refuses_no_record() -> None:
    student = GOOD._replace(
        document_number="11010520001229001X", birth_date=date(2000, 12, 29), first_issue_date=date(2021, 3, 1),
        valid_from=date(2021, 3, 1), classes="A2", class_history=Spells.parse("A2@2021-03-01"),
    )  # fmt: skip
    assert "class-age" not in [broken.rule for broken in broken_rules(student)]


def test_old_numbers_become_long_ones_and_others_stay() -> None:
    assert whole_number("A", "110105491231002") == "11010519491231002X"
    assert whole_number("M", "110105491231002") == "11010519491231002X"
    assert whole_number("F", "110105491231002") == "110105491231002"
    assert whole_number("A", "11010549123100X") == "11010549123100X"
    assert whole_number("A", "110105491331002") == "110105491331002"


@pytest.mark.parametrize("text", ["C1", "C1@", "C9@2012-03-04", "C1@2012-W10-1", "C1@2012-02-30", "C1@2012-03-04/", ";",
                                  "C1@2012-03-04;C1@2013-03-04", "C1@2012-03-04/2013", "c1@2012-03-04"])  # fmt: skip
def test_a_class_history_is_written_in_one_way_only(text: str) -> None:
    with pytest.raises(Invalid):
        Spells.parse(text)


def test_a_class_history_goes_to_text_and_back() -> None:
    history = ClassHistory.parse("B2@2010-01-02/2013-01-02;A2@2013-01-02;D@2015-06-07")
    assert str(history) == "B2@2010-01-02/2013-01-02;A2@2013-01-02;D@2015-06-07"
    assert str(history.held) == "A2D"
    assert history.since(DrivingClass.A2) == date(2013, 1, 2)
    assert history.since(DrivingClass.B2) is None
    assert str(ClassHistory.parse("").held) == "无"


STANDING = Standing(
    driver_id=DriverId.new(), version=3, status=Status.parse("A"), extended_until=None, points=0,
    classes=Classes.parse("C1", DAY), class_history=ClassHistory.parse("C1@2012-03-04"),
    first_issue_date=date(2012, 3, 4), valid_from=date(2018, 3, 4), valid_until=date(2028, 3, 4),
    validity_term=ValidityTerm.TEN_YEARS, authority="苏E", portrait_hash=None,
)  # fmt: skip


def test_a_change_changes_what_it_names_and_nothing_else() -> None:
    after = decide_change(STANDING, StandingChange(status=Status.parse("D"), points=9), DAY)
    assert after == replace(STANDING, status=Status.parse("D"), points=9)
    assert decide_change(STANDING, StandingChange(), DAY) == STANDING
    assert StandingChange().status is KEEP


def test_classes_gained_begin_and_classes_lost_end_on_the_day() -> None:
    after = decide_change(STANDING, StandingChange(classes=Classes.parse("B2D", DAY)), DAY)
    assert str(after.class_history) == "C1@2012-03-04/2026-11-20;B2@2026-11-20;D@2026-11-20"
    back = decide_change(after, StandingChange(classes=Classes.parse("D", DAY)), DAY)
    assert str(back.class_history) == "C1@2012-03-04/2026-11-20;D@2026-11-20", (
        "a class held for no day leaves no trace"
    )


def test_the_term_follows_the_validity() -> None:
    forever = decide_change(STANDING, StandingChange(valid_until=None), DAY)
    assert forever.validity_term is ValidityTerm.LONG_TERM
    ten = decide_change(forever, StandingChange(valid_until=date(2028, 3, 4)), DAY)
    assert ten.validity_term is ValidityTerm.TEN_YEARS
    six = decide_change(forever, StandingChange(valid_until=date(2024, 3, 4)), DAY)
    assert six.validity_term is ValidityTerm.SIX_YEARS


def test_an_extension_ends_with_its_letter() -> None:
    extended = decide_change(
        STANDING, StandingChange(status=Status.parse("N"), extended_until=date(2027, 1, 1)), DAY
    )
    assert extended.extended_until == date(2027, 1, 1)
    assert decide_change(extended, StandingChange(status=Status.parse("A")), DAY).extended_until is None


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (StandingChange(points=-1), "points"),
        (StandingChange(points=1000), "points"),
        (StandingChange(valid_until=date(2018, 3, 4)), "valid_until"),
        (StandingChange(valid_from=date(2012, 3, 3)), "valid_from"),
        (StandingChange(extended_until=date(2027, 1, 1)), "extended_until"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(change: StandingChange, place: str) -> None:
    with pytest.raises(Invalid) as refused:
        decide_change(STANDING, change, DAY)
    assert refused.value.place == place


def test_c6_cannot_be_gained_before_it_existed() -> None:
    with pytest.raises(Invalid, match="C6"):
        decide_change(
            STANDING, StandingChange(classes=Classes((DrivingClass.C1, DrivingClass.C6))), date(2022, 3, 31)
        )
    assert decide_change(
        STANDING, StandingChange(classes=Classes((DrivingClass.C1, DrivingClass.C6))), date(2022, 4, 1)
    )


def test_the_record_line_tells_classes_probation_school_bus_hearing_aid_and_notes() -> None:
    driver = Driver(
        driver_id=STANDING.driver_id, record_version=1, updated_at=datetime(2026, 1, 1, tzinfo=UTC),
        identity=IdentityNumber(IdentityKind.RESIDENT_CARD, "11010519491231002X"), name=PersonName("王虚明"), name_key="",
        sex=Sex.FEMALE, nationality="CHN", birth_date=date(1949, 12, 31),
        standing=replace(STANDING, classes=Classes.parse("C1D", DAY), class_history=ClassHistory(
            (ClassHeld(DrivingClass.D, date(2020, 1, 2)), ClassHeld(DrivingClass.C1, date(2012, 3, 4))))),
        points_reset_on=None, points_exceeded_on=None, study_notice_on=None, review_due_on=None, review_valid_until=None,
        probation=True, probation_until=date(2021, 1, 2), school_bus_classes=Classes.parse("C1", DAY), hearing_aid=True,
        card_core_number=None, resident_address="虚构路1号", address_division="110105", department=None,
        first_issuing_authority=None, file_number=FileNumber("110100000001"), former_file_number=None, reissue_count=0,
        notes="须戴眼镜",
    )  # fmt: skip
    assert record_line(driver) == (
        "C1 2012-03-04；D 2020-01-02；实习期至2021年01月02日；校车驾驶资格 C1；驾驶机动车应当佩戴助听设备；须戴眼镜"
    )
    assert "1949" not in repr(driver)
    assert "王" not in repr(driver)
