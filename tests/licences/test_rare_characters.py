"""生僻字: names of every extension come through whole, and the licence brings the pictures of their rare characters."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from liangzheng import licences
from liangzheng.infra import blobs
from liangzheng.infra.fonts import FontFile, Fonts
from liangzheng.kernel.ideographs import rare
from liangzheng.kernel.ids import DriverId, LicenceId
from liangzheng.licences import wanted_in
from liangzheng.licences.model import LicenceNumber
from liangzheng.licences.rare_characters import NoFonts
from liangzheng.standards import cose
from liangzheng.standards.document import DocumentClaims, open_document, pack_document
from liangzheng.standards.errors import BadSignature
from liangzheng.standards.livecode import Verifier, build_code
from tests.api.phone import unb64
from tests.infra.fonts_made_up import font_file, sides_in
from tests.licences.holders import Deployment
from tests.licences.world import AUTHORITIES, NOW, PORTRAIT, World

SIDES = {"㛃": 200, "䶮": 300, "𠮷": 400, "𫍯": 450, "𬭚": 500}


@pytest.fixture
def fonts(tmp_path: Path) -> Fonts:
    return Fonts([FontFile(font_file(tmp_path / "font.ttf", SIDES))])


async def issued(world: World, fonts: Any, **columns: object) -> tuple[DriverId, dict[str, Any]]:
    """A driver, and the row of the licence an issuer with these fonts made."""
    [driver_id] = await world.accepted(**columns)
    assert (await world.issuer(fonts=fonts).batch(NOW)).issued == 1
    [row] = await world.rows("licence", driver_id)
    return driver_id, row


def claims_of(row: dict[str, Any]) -> DocumentClaims:
    return DocumentClaims.decode(cose.parse(cose.seal(row["document"], row["signature"])).payload)


async def blob(world: World, digest: bytes) -> bytes:
    async with world.database.read() as connection:
        return await blobs.get(connection, digest)


async def test_the_licence_brings_a_font_with_exactly_the_rare_characters(world: World, fonts: Fonts) -> None:
    _, row = await issued(world, fonts, name="例𬭚𠮷", resident_address="样本㛃路1号")
    font = await blob(world, row["font_hash"])
    assert sides_in(font) == {"㛃": 200, "𠮷": 400, "𬭚": 500}
    claims = claims_of(row)
    assert claims.font_sha256 == row["font_hash"] == hashlib.sha256(font).digest()
    assert claims.name == "例𬭚𠮷"
    file = pack_document(cose.seal(row["document"], row["signature"]), PORTRAIT, font)
    assert open_document(file, world.keys.bundle).font == font


class Written:
    """Writes down what it was asked to draw."""

    def __init__(self, fonts: Fonts) -> None:
        self._fonts, self.asked = fonts, list[str]()

    def known(self, wanted: Mapping[str, str]) -> Any:
        return self._fonts.known(wanted)

    def draw(self, wanted: Mapping[str, str]) -> Any:
        self.asked.append("".join(sorted(wanted)))
        return self._fonts.draw(wanted)


async def test_who_has_no_rare_character_costs_no_drawing_and_has_no_font(world: World, fonts: Fonts) -> None:
    written = Written(fonts)
    await world.accepted(2, name="买买提·虚拟江")
    await world.accepted(2, name="例𬭚")
    assert (await world.issuer(fonts=written).batch(NOW)).issued == 4
    rows = await world.rows("licence")
    assert sorted(claims_of(row).name for row in rows if row["font_hash"] is None) == ["买买提·虚拟江"] * 2
    assert written.asked == ["𬭚"], "drawn once for two of one name"
    assert (
        await world.count("SELECT count(*) FROM blob WHERE hash <> $1", hashlib.sha256(PORTRAIT).digest())
        == 1
    )


async def test_a_new_version_has_the_same_font_from_another_process(
    world: World, fonts: Fonts, tmp_path: Path
) -> None:
    driver_id, row = await issued(world, fonts, name="例𬭚")
    await world.change(driver_id, valid_until=row["valid_until"].replace(year=2031))
    await world.apply(driver_id)
    again = Fonts([FontFile(font_file(tmp_path / "again.ttf", SIDES))])
    assert (await world.issuer(fonts=again).batch(NOW)).issued == 1
    first, second = sorted(await world.rows("licence", driver_id), key=lambda each: each["version"])
    assert second["version"] == 2 and first["font_hash"] == second["font_hash"] is not None


async def test_what_no_font_has_is_left_out_and_the_licence_is_issued(world: World, fonts: Fonts) -> None:
    _, row = await issued(world, fonts, name="例𬭚\U0002ebe0")
    assert sides_in(await blob(world, row["font_hash"])) == {"𬭚": 500}
    _, row = await issued(world, fonts, name="例\U0002ebe0")
    assert row["font_hash"] is None and claims_of(row).font_sha256 is None
    _, row = await issued(world, NoFonts(), name="例𬭚")
    assert row["font_hash"] is None


async def test_private_code_points_are_kept_and_drawn_as_what_they_became(world: World, fonts: Fonts) -> None:
    """U+E863 of GBK is 䶮 of GB 18030-2022; U+E000 is nobody's: a font's own picture of it would be anything."""
    assert wanted_in("例\ue863\ue000") == {"\ue863": "䶮"}
    _, row = await issued(world, fonts, name="例\ue863\ue000")
    assert claims_of(row).name == "例\ue863\ue000", "the code points of the register are signed"
    assert sides_in(await blob(world, row["font_hash"])) == {"\ue863": 300}


def test_no_authority_has_a_rare_name() -> None:
    """Or it would have to be drawn, too (draft.py)."""
    assert {authority.name for authority in AUTHORITIES if rare(authority.name)} == set()
    assert sum(1 for _ in AUTHORITIES) > 300


async def test_a_verifier_gets_the_font_of_the_name_and_never_of_the_address(
    world: World, fonts: Fonts
) -> None:
    async def told(driver_id: DriverId, row: dict[str, Any], name: str) -> bytes | None:
        number = LicenceNumber(LicenceId(row["id"]), row["version"])
        async with world.database.read() as connection:
            return await licences.font_of_name(connection, driver_id, number, name)

    driver_id, row = await issued(world, fonts, name="例𬭚")
    assert await told(driver_id, row, "例𬭚") == await blob(world, row["font_hash"])
    assert await told(driver_id, row, "例𠮷") is None, "the register's name has changed since"
    driver_id, row = await issued(world, fonts, name="例𬭚", resident_address="样本㛃路1号")
    assert row["font_hash"] is not None and await told(driver_id, row, "例𬭚") is None
    driver_id, row = await issued(world, fonts, name="例甲", resident_address="样本㛃路1号")
    assert row["font_hash"] is not None and await told(driver_id, row, "例甲") is None


NAMES = (
    "例㛃",
    "例𠮷",
    "例𫍯",
    "例𫝀",
    "例𬭚",
    "例𮧵",
    "例䶮𠀀𫖮𫝀𬱖𮯠",
    "阿布都热西提·虚拟江·买买提·虚拟江·𠮷𬭚阿里木别克",
    "\ue863\uf92c鿬例",
    "𬭚" * 50,
)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: f"{len(name)} {rare(name)[0]}")
async def test_a_name_comes_through_register_document_code_and_json_unchanged(
    place: Deployment, name: str, tmp_path: Path
) -> None:
    holder = await place.holder(name=name)
    await place.open_city()
    await holder.apply()
    assert await place.issue() == 1
    [kept] = await place.world.rows("driver", holder.driver_id)
    assert kept["name"] == name
    found = await holder.licence()
    trust = place.wiring.trust()
    opened = open_document(unb64(found["file"]), trust)
    assert (opened.claims.name, opened.font) == (name, None)
    code = build_code(
        unb64(found["credentials"][0]["credential"]),
        None,
        int(place.now.timestamp()),
        bytes(8),
        holder.signer,
    )
    assert Verifier(trust).verify(code, place.now).claims.name == name
    drawn = Fonts([FontFile(font_file(tmp_path / "f.ttf", dict.fromkeys(rare(name), 300)))]).draw(
        wanted_in(name)
    )
    assert drawn.octets is not None


async def test_another_font_is_not_opened_and_none_is_not_either(world: World, fonts: Fonts) -> None:
    _, row = await issued(world, fonts, name="例𬭚")
    font = await blob(world, row["font_hash"])
    signed = cose.seal(row["document"], row["signature"])
    good = pack_document(signed, PORTRAIT, font)
    swapped = good.replace(font, font[:-1] + bytes((font[-1] ^ 1,)))
    assert swapped != good
    with pytest.raises(BadSignature, match="font"):
        open_document(swapped, world.keys.bundle)
