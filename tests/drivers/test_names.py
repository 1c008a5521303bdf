"""One name in several writings, and names in order."""

from __future__ import annotations

import pytest

from liangzheng.drivers.names import modern, same_name, sort_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("买买提·虚拟江", "买买提•虚拟江"),
        ("买买提·虚拟江", "买买提・虚拟江"),
        ("买买提·虚拟江", "买买提･虚拟江"),
        ("王\ue863明", "王䶮明"),  # the private-use place GBK fonts had it at
        ("王\ue81e", "王\u9fb4"),
        ("王\ue816", "王\U00020087"),
        ("金\uf90a", "金金"),  # a compatibility ideograph
        ("FICTA ANNA", "Ficta  Anna"),
        ("José", "José"),
    ],
)
def test_writings_of_one_name_are_one_name(one: str, other: str) -> None:
    assert same_name(one, other)
    assert same_name(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("王虚明", "王虚鸣"),
        ("王䶮", "王龑"),
        ("刘虚", "劉虚"),
        ("王虚", "王虚明"),
        ("买买提·虚拟江", "买买提虚拟江"),
        ("王虚", ""),
    ],
)
def test_variants_and_other_names_are_other_names(one: str, other: str) -> None:
    assert not same_name(one, other)


def test_every_old_place_leads_to_a_standard_one() -> None:
    old = "".join(chr(point) for point in (*range(0xE78D, 0xE797), 0xE7C7, *range(0xE815, 0xE865)))
    assert len(old) == 91
    assert not any("\ue000" <= character <= "\uf8ff" for character in modern(old))
    assert len(set(modern(old))) == 91
    assert modern("王虚明") == "王虚明"


def test_names_sort_by_pinyin_and_surnames_by_their_reading_as_surnames() -> None:
    names = ["张虚", "单虚", "李拟", "曾例", "王虚明", "ANNA", "李虚", "𠮷虚"]
    assert sorted(names, key=sort_key) == ["ANNA", "李拟", "李虚", "单虚", "王虚明", "曾例", "张虚", "𠮷虚"]
    assert sort_key("单虚").startswith("shan4")
    assert sort_key("曾例").startswith("zeng1")
