"""A register file over HTTP: sent in parts, released by another person, imported, its rejects read."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from liangzheng import drivers
from liangzheng.drivers.draw import portrait
from liangzheng.drivers.generate import Generator
from liangzheng.drivers.pack import write_pack
from tests.accounts.people import MADE_UP
from tests.api.phone import done, refused
from tests.drivers.conftest import AS_OF, written
from tests.staff.place import Badge, Place

PATH = "/staff/register-uploads"


@pytest.fixture
def file(tmp_path: Path) -> bytes:
    generator = Generator(drivers.code_tables(), seed=7, as_of=AS_OF, portraits=["ab" * 32])
    lines = [generator.next_fields() for _ in range(20)]
    lines[3][0] = "not a number"
    return written(tmp_path / "register.csv", lines).read_bytes()


async def clerk(place: Place, region: str = "nationwide") -> Badge:
    return await place.on_duty("register", region=region)


async def begun(who: Badge, file: bytes, name: str = "register.csv") -> dict[str, Any]:
    body = {"file_name": name, "octets": len(file), "drawn_at": "2026-11-19T00:00:00Z"}
    return dict(done(await who.post(PATH, body), 201))


async def part(who: Badge, upload: str, start: int, octets: bytes) -> httpx.Response:
    headers = who.phone.headers | {"Content-Type": "application/octet-stream"}
    return await who.phone.client.put(f"{PATH}/{upload}/parts?start={start}", content=octets, headers=headers)


async def sent(who: Badge, file: bytes, name: str = "register.csv") -> str:
    upload = str((await begun(who, file, name))["upload"])
    half = len(file) // 2
    assert done(await part(who, upload, 0, file[:half]), 200)["received"] == half
    assert done(await part(who, upload, half, file[half:]), 200)["state"] == "sent"
    return upload


async def imported(place: Place, tmp_path: Path) -> drivers.Upload | None:
    return await drivers.import_next_upload(
        place.database, place.wiring.key_index, tmp_path / "work", place.clock, drivers.ImportOptions()
    )


async def test_no_more_than_ten_wait_however_many_begin_at_once(place: Place, file: bytes) -> None:
    who = await clerk(place)
    body = {"file_name": "register.csv", "octets": len(file), "drawn_at": "2026-11-19T00:00:00Z"}
    answers = await asyncio.gather(*(who.post(PATH, body) for _ in range(24)))
    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [409] * 14
    assert {answer.json()["rule"] for answer in answers if answer.status_code == 409} == {"too-many-waiting"}


async def test_a_file_is_sent_in_parts_released_by_another_and_imported(
    place: Place, file: bytes, tmp_path: Path
) -> None:
    one, other = await clerk(place), await clerk(place)
    upload = await sent(one, file)
    assert await imported(place, tmp_path) is None  # nobody has released it
    release = {"decision": "release"}
    refused(await one.post(f"{PATH}/{upload}/decisions", release), 403, "forbidden")
    for badge in (one, other):  # one person under two staff numbers
        await badge.link(MADE_UP[1].identity)
    again = await other.post(f"{PATH}/{upload}/decisions", release)
    assert refused(again, 403, "forbidden")["rule"] == "own-proposal"
    await other.link(MADE_UP[2].identity)
    assert done(await other.post(f"{PATH}/{upload}/decisions", release), 201)["state"] == "released"
    ended = await imported(place, tmp_path)
    assert ended is not None and ended.state is drivers.UploadState.FINISHED
    found = done(await one.get(f"{PATH}/{upload}"), 200)
    assert found["counts"] == {"fresh": 19, "changed": 0, "unchanged": 0, "rejected": 1}
    assert found["octets_done"] == found["octets"] == len(file)
    rejects = await one.get(f"{PATH}/{upload}/rejects")
    assert rejects.headers["content-type"] == "text/csv; charset=utf-8" and "not a number" in rejects.text
    # Of the file itself nothing is left, here and on disk.
    async with place.database.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM register_upload_part WHERE kind = 'file'") == 0
        acts = await tx.fetch("SELECT act FROM audit_entry WHERE act LIKE 'register%' ORDER BY at, id")
    assert {row["act"] for row in acts} >= {
        "register-upload.begun", "register-upload.released", "register.imported", "register-upload.rejects-read",
        "register-upload.refused",
    }  # fmt: skip
    assert list((tmp_path / "work").iterdir()) == []


async def test_a_pack_of_portraits_is_sent_and_its_pictures_kept(place: Place, tmp_path: Path) -> None:
    good, small = portrait(7, 1), b"\xff\xd8 no picture"
    names = write_pack(tmp_path / "register.portraits.tar", [good, small])
    pack = (tmp_path / "register.portraits.tar").read_bytes()
    one, other = await clerk(place), await clerk(place)
    for counts in ({"fresh": 1, "unchanged": 0}, {"fresh": 0, "unchanged": 1}):
        upload = await sent(one, pack, "register.portraits.tar")
        refused(await one.post(f"{PATH}/{upload}/decisions", {"decision": "release"}), 403, "forbidden")
        done(await other.post(f"{PATH}/{upload}/decisions", {"decision": "release"}), 201)
        ended = await imported(place, tmp_path)
        assert ended is not None and ended.state is drivers.UploadState.FINISHED, ended
        assert ended.counts == {"changed": 0, "rejected": 1} | counts
    told = (await one.get(f"{PATH}/{upload}/rejects")).text.splitlines()
    assert told[0] == "reject_picture,reject_reason"
    assert told[1].startswith(f"picture {names[1][:16]},")
    async with place.database.read() as tx:
        assert await drivers.portrait(tx, bytes.fromhex(names[0])) == good
        assert await tx.fetchval("SELECT count(*) FROM register_upload_part WHERE kind = 'file'") == 0
        kept = await tx.fetchval(
            "SELECT count(*) FROM audit_entry WHERE act = 'register-upload.pictures-kept'"
        )
    assert kept == 2
    assert list((tmp_path / "work").iterdir()) == []


async def test_a_pack_that_is_cut_off_keeps_nothing(place: Place, tmp_path: Path) -> None:
    write_pack(tmp_path / "a.tar", [portrait(7, 2)])
    one, other = await clerk(place), await clerk(place)
    upload = await sent(one, (tmp_path / "a.tar").read_bytes()[:8_000], "a.tar")
    done(await other.post(f"{PATH}/{upload}/decisions", {"decision": "release"}), 201)
    ended = await imported(place, tmp_path)
    assert ended is not None and ended.state is drivers.UploadState.FAILED
    assert "tar" in (ended.fault or "")


async def test_a_part_sent_again_changes_nothing_and_a_gap_is_named(place: Place, file: bytes) -> None:
    one = await clerk(place)
    upload = str((await begun(one, file))["upload"])
    for _ in range(2):
        assert done(await part(one, upload, 0, file[:100]), 200)["received"] == 100
    assert refused(await part(one, upload, 200, file[200:300]), 409, "conflict")["rule"] == "gap"
    refused(await part(one, upload, 100, file[100:] + b"more"), 422, "invalid")
    refused(await part(await clerk(place), upload, 100, file[100:]), 404, "not-found")


async def test_what_is_no_register_fails_with_the_reason_and_one_refused_is_gone(
    place: Place, tmp_path: Path
) -> None:
    one, other = await clerk(place), await clerk(place)
    upload = await sent(one, b"these,are,not\nour,columns,1\n")
    done(await other.post(f"{PATH}/{upload}/decisions", {"decision": "release"}), 201)
    ended = await imported(place, tmp_path)
    assert ended is not None and ended.state is drivers.UploadState.FAILED and ended.fault
    own = await sent(one, b"taken back\n")
    assert done(await one.post(f"{PATH}/{own}/decisions", {"decision": "refuse"}), 201)["state"] == "refused"
    refused(await other.post(f"{PATH}/{own}/decisions", {"decision": "release"}), 409, "conflict")
    async with place.database.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM register_upload_part") == 0


async def test_a_duty_of_one_region_imports_nothing(place: Place, file: bytes) -> None:
    local = await clerk(place, "3209")
    body = {"file_name": "x.csv", "octets": 3, "drawn_at": "2026-11-19T00:00:00Z"}
    assert (await local.post(PATH, body)).status_code in (403, 404)
    assert (await local.get(PATH)).status_code in (403, 404)


async def test_a_file_nobody_releases_is_gone_after_a_week(place: Place, file: bytes) -> None:
    one = await clerk(place)
    upload = await sent(one, file)
    place.clock.advance(8 * 86400)
    async with place.database.transaction() as tx:
        await drivers.forget_uploads(tx, place.clock.now())
        assert (await drivers.list_uploads(tx))[0].state is drivers.UploadState.REFUSED
        assert await tx.fetchval("SELECT count(*) FROM register_upload_part") == 0
    assert upload
