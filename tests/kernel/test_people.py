"""Names, mobiles, file and card numbers, other identity documents."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.people import (
    DRIVER_IDENTITY_KINDS,
    CardCoreNumber,
    FileNumber,
    IdentityKind,
    IdentityNumber,
    Mobile,
    PersonName,
    Sex,
    card_core_check_character,
    name_fault,
)

DIGITS = "0123456789"


def test_sex_has_the_codes_of_the_register() -> None:
    assert [(sex.value, sex.code, sex.chinese) for sex in Sex] == [("male", "1", "男"), ("female", "2", "女")]
    assert [Sex.from_code(sex.code) for sex in Sex] == list(Sex)
    for other in ("0", "9", "", "男", "12"):
        with pytest.raises(Invalid):
            Sex.from_code(other)


# --- other identity documents


def test_identity_kinds_are_the_letters_of_the_register() -> None:
    assert "".join(sorted(kind.value for kind in IdentityKind)) == "ABCDEFGHJKLMNPZ"
    assert IdentityKind("M").chinese == "临时居民身份证"
    assert len({kind.chinese for kind in IdentityKind}) == len(IdentityKind)
    assert {kind.value for kind in DRIVER_IDENTITY_KINDS} == set("ACDEFGM")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("F", "E12345678"),
        ("C", "军字第1234567号"),
        ("G", "D.12/34-5"),
        ("N", "91110000000000000X"),
        ("Z", "1"),
    ],
)
def test_numbers_of_other_documents_pass_by_form(kind: str, text: str) -> None:
    assert IdentityNumber(IdentityKind(kind), text).value == text


@pytest.mark.parametrize("text", ["", "1" * 19, "e1234567", "E 123", "E123\n", "E123\u202e", "'; --"])
def test_numbers_of_other_documents_fail_by_form(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        IdentityNumber(IdentityKind.OVERSEAS_PERSON, text)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "typed", "number"),
    [
        ("F", " e 1234 5678 ", "E12345678"),
        ("F", "Ｅ１２３４ｘ", "E1234X"),
        ("C", "军（虚）字第 1234567 号", "军（虚）字第1234567号"),
        ("A", "110105 19491231 002x", "11010519491231002X"),
        ("M", "１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
    ],
)
def test_a_number_is_read_as_a_person_types_it(kind: str, typed: str, number: str) -> None:
    assert IdentityNumber.typed(IdentityKind(kind), typed) == IdentityNumber(IdentityKind(kind), number)


@pytest.mark.parametrize(
    ("kind", "typed"), [("F", "  "), ("F", "E123'"), ("F", "E" * 19), ("A", "E12345678"), ("M", "1")]
)
def test_what_is_typed_is_checked_all_the_same(kind: str, typed: str) -> None:
    with pytest.raises(Invalid):
        IdentityNumber.typed(IdentityKind(kind), typed)


@pytest.mark.parametrize("kind", ["A", "M"])
def test_cards_that_carry_a_citizen_number_are_checked_in_full(kind: str) -> None:
    with pytest.raises(Invalid, match="check character"):
        IdentityNumber(IdentityKind(kind), "110105194912310021")


@pytest.mark.parametrize(("text", "masked"), [("E12345678", "E*******8"), ("12345", "*****"), ("1", "*")])
def test_document_numbers_print_masked(text: str, masked: str) -> None:
    number = IdentityNumber(IdentityKind.OVERSEAS_PERSON, text)
    assert number.masked == masked
    assert repr(number) == f"IdentityNumber(F, {masked})"


# --- file number and card-core number


def test_a_file_number_is_a_division_and_a_serial() -> None:
    number = FileNumber("320512345678")
    assert number.division == "320500"
    assert repr(number) == "FileNumber(3205******78)"


@pytest.mark.parametrize(
    "text", ["", "32051234567", "3205123456789", "32051234567X", "３20512345678", "3205 2345678"]
)
def test_a_file_number_is_twelve_digits(text: str) -> None:
    with pytest.raises(Invalid, match="12 digits"):
        FileNumber(text)


def test_the_example_of_the_card_core_rule() -> None:
    made = CardCoreNumber.made("330001234567")
    assert made.value == "3340001234567"
    assert made.satisfies_check


def test_a_published_sample_that_breaks_the_check_is_not_refused() -> None:
    assert not CardCoreNumber("4360028416316").satisfies_check


@given(st.text(DIGITS, min_size=12, max_size=12))
def test_the_card_core_check_is_the_weighted_sum_of_the_rule(without: str) -> None:
    weights = (9, 8, 8, 7, 3, 2, 3, 5, 6, 7, 8, 9)
    total = sum(w * int(d) for w, d in zip(weights, without.replace("4", "8"), strict=True))
    assert card_core_check_character(without) == "0123456789X"[total % 11]


@given(st.text(DIGITS, min_size=12, max_size=12))
def test_numbers_we_make_satisfy_the_check_and_changes_of_one_digit_do_not(without: str) -> None:
    made = CardCoreNumber.made(without).value
    assert CardCoreNumber(made).satisfies_check
    for place in (*range(2), *range(3, 13)):
        for other in DIGITS:
            changed = made[:place] + other + made[place + 1 :]
            # The rule reads every 4 as 8, so these two alone are not told apart.
            same = changed.replace("4", "8") == made.replace("4", "8")
            assert CardCoreNumber(changed).satisfies_check is same


def test_a_check_of_ten_is_written_x() -> None:
    found = {card_core_check_character(f"{n:012}") for n in range(200)}
    assert found == set("0123456789X")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "334000123456",
        "33400012345678",
        "3X40001234567",
        "33X00012345X7",
        "33x0001234567",
        "33４0001234567",
    ],
)
def test_a_card_core_number_has_its_form(text: str) -> None:
    with pytest.raises(Invalid, match="13 characters"):
        CardCoreNumber(text)


@pytest.mark.parametrize("text", ["33000123456", "3300012345678", "33000123456X"])
def test_a_card_core_number_is_made_from_twelve_digits(text: str) -> None:
    with pytest.raises(Invalid, match="12 digits"):
        CardCoreNumber.made(text)


# --- names


@pytest.mark.parametrize(
    "text",
    [
        "张三",
        "欧阳某某",
        "马",
        "〇某",
        "𬭚某",
        "某\U0002ebf0",  # extension I, newer than the Unicode tables of Python 3.11
        "某\U000323b0",  # extension J
        "某\ue863",  # private use, from older registers
        "某\ufa0e",  # compatibility ideograph
        "买买提·艾力",
        "O'Neil-Smith, J.",
        "Nguyễn Văn Ví Dụ",
        "ＡＢ",
        "某" * 50,
    ],
)
def test_names_people_have(text: str) -> None:
    assert PersonName(text).value == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "某" * 51,
        " 张三",
        "张三 ",
        "张  三",
        "·艾力",
        "张三\u3000",
        "张\u202e三",
        "张\u200d三",
        "张\u200b三",
        "张\x00三",
        "张\n三",
        "张\ud800",
        "张\u2028三",
        "张3",
        "张😀",
        "<b>张</b>",
        "张;三",
        "张\U0002fffe",
        "--",
    ],
)
def test_names_nobody_has(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        PersonName(text)
    assert caught.value.place == "name"
    assert "张" not in str(caught.value)


@pytest.mark.parametrize(
    "dot", ["\u0387", "\u16eb", "\u2022", "\u2027", "\u2219", "\u22c5", "\u30fb", "\uff65", "\u00b7"]
)
def test_every_middle_dot_is_one_middle_dot(dot: str) -> None:
    assert PersonName(f"买买提{dot}艾力") == PersonName("买买提·艾力")


def test_a_full_stop_is_no_middle_dot() -> None:
    assert PersonName("买买提.艾力") != PersonName("买买提·艾力")


def test_compatibility_ideographs_keep_their_code_points() -> None:
    text = "\uf900某"
    assert unicodedata.normalize("NFC", text) != text
    assert PersonName(text).value == text


@given(
    st.text(
        st.characters(categories=["Lo", "Lu", "Ll", "Mn", "Co"]) | st.sampled_from("·•・ '-.,"), max_size=12
    )
)
def test_a_name_that_passed_passes_again_unchanged(text: str) -> None:
    try:
        name = PersonName(text)
    except Invalid:
        assume(False)
    assert PersonName(name.value) == name
    assert name_fault(name.value) is None


@pytest.mark.parametrize(("text", "masked"), [("张三", "张*"), ("欧阳某某", "欧***"), ("马", "*")])
def test_names_print_masked(text: str, masked: str) -> None:
    assert PersonName(text).masked == masked
    assert f"{PersonName(text)}" == f"PersonName({masked})"


# --- mobiles


@pytest.mark.parametrize("text", ["13000000000", "19912345678"])
def test_mobiles_pass(text: str) -> None:
    assert Mobile(text).value == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12000000000",
        "23000000000",
        "1300000000",
        "130000000000",
        "+8613000000000",
        "1300000000０",
        "13000000000\n",
    ],
)
def test_what_is_no_mobile_fails(text: str) -> None:
    with pytest.raises(Invalid, match="11 digits"):
        Mobile(text)


def test_a_mobile_prints_masked() -> None:
    assert repr(Mobile("13000001234")) == "Mobile(130****1234)"
