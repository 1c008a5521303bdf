"""How large a code gets as a QR symbol: level L, never above version 18, and read back from a small picture."""

from __future__ import annotations

import numpy as np
import pytest
import zxingcpp

from liangzheng.standards.keys import Alg
from tests.standards.making import deployment

# Name, whether with a snapshot, most characters, most QR version at level L, alike for both algorithms. Status index
# and standing version are those of a nation in full use.
SIZES = [
    ("张示例", False, 469, 12),
    ("张示例", True, 660, 14),
    ("阿卜杜拉·买买提明", True, 687, 15),
    ("张" * 50, True, 876, 17),
    ("𠀀" * 50, True, 951, 18),
]


def version_of(code: str) -> int:
    """The version of the smallest QR symbol at level L, after reading it back from four pixels a module."""
    symbol = zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.QRCode, ec_level="L")
    assert symbol.ec_level == "L"
    read = zxingcpp.read_barcodes(np.array(symbol.to_image(scale=4)))
    assert [barcode.text for barcode in read] == [code]
    modules = np.array(symbol.to_image(scale=1, add_quiet_zones=False)).shape[0]
    return (modules - 17) // 4


@pytest.mark.parametrize("alg", list(Alg))
@pytest.mark.parametrize(("name", "full", "characters", "version"), SIZES)
def test_a_code_stays_within_its_size(alg: Alg, name: str, full: bool, characters: int, version: int) -> None:
    place = deployment(alg)
    credential = place.credential(name=name, status_list=487, status_index=(1 << 20) - 1)
    code = place.code(credential, place.snapshot(standing_version=300, points=11) if full else None)
    assert len(code) <= characters
    assert version_of(code) <= version


def test_a_young_deployment_has_codes_of_version_11() -> None:
    """While the first status list is not half full, two octets less."""
    place = deployment(Alg.ES256)
    code = place.code(place.credential(status_list=0, status_index=65535))
    assert len(code) <= 468
    assert version_of(code) == 11


def test_the_longest_code_of_all_is_within_version_18() -> None:
    """Every item at its longest at once."""
    place = deployment(Alg.SM2)
    credential = place.credential(
        name="𠀀" * 50,
        masked_number="X" * 7 + "*" * 4 + "Y" * 7,
        classes="A1A2A3B1B2C1C2C3C4C5C6DEFMNP"[:15],
        authority="新疆兵团",
        version=70000,
        status_list=487,
    )
    snapshot = place.snapshot(status="BDHIJKLMNPSTU", points=999, version=70000, standing_version=1 << 20)
    code = place.code(credential, snapshot)
    assert len(code) <= 1046, "alphanumeric capacity of version 18 at level L"
    assert version_of(code) <= 18
