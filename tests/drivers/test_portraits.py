"""Archived photos: what is kept, and what a pack from outside cannot do."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from PIL import Image

from drivers.conftest import Import, changed, one, written
from liangzheng import drivers
from liangzheng.drivers import draw, picture_process
from liangzheng.drivers.pack import write_pack
from liangzheng.drivers.portraits import PhotoRules, check_photo
from liangzheng.infra import guarded
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import Invalid, NotFound, Unavailable
from liangzheng.kernel.ids import DriverId

Lines = Callable[..., list[list[str]]]
GOOD = draw.portrait(1, 1)


def picture(width: int = 260, height: int = 378, mode: str = "RGB", kind: str = "JPEG") -> bytes:
    page = io.BytesIO()
    Image.effect_noise((width, height), 50).convert(mode).save(page, kind)
    return page.getvalue()


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as pack:
        for name, octets in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(octets)
            pack.addfile(member, io.BytesIO(octets))
    return path


def name_of(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest() + ".jpg"


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (picture(300, 378), "260 pixels wide"),
        (picture(mode="L"), "24-bit"),
        (picture(mode="CMYK"), "24-bit"),
        (picture(kind="PNG"), "JPEG"),
        (GOOD[:-2], "JPEG"),
        (GOOD + b"PK\x03\x04 a second file" + b"\xff\xd9", "nothing after"),
        (GOOD + GOOD, "nothing after"),
        (GOOD[:700] + b"\xff\xd9" + bytes(3000) + b"\xff\xd9", "JPEG|limits|nothing after"),
        (b"\xff\xd8\xff\xd9", "octets"),
        (GOOD[:-2] + bytes(1024 * 1024) + b"\xff\xd9", "octets"),
    ],
)
def test_what_is_not_a_photo_as_it_must_be_is_refused(octets: bytes, told: str) -> None:
    with drivers.PictureProcess() as process, pytest.raises(Invalid, match=told):
        check_photo(octets, PhotoRules(), process)


def test_a_picture_that_says_it_is_huge_is_refused_by_its_header() -> None:
    with drivers.PictureProcess() as process:
        huge = GOOD.replace((378).to_bytes(2, "big") + (260).to_bytes(2, "big"), b"\xff\xff\xff\xff", 1)
        assert huge != GOOD
        with pytest.raises(Invalid, match="260 pixels wide"):
            check_photo(huge, PhotoRules(), process)
        check_photo(GOOD, PhotoRules(), process)


def test_a_decoder_that_died_between_two_pictures_costs_neither() -> None:
    with drivers.PictureProcess() as process:
        check_photo(GOOD, PhotoRules(), process)
        child = process._child._child
        assert child is not None
        child.kill()
        child.wait()
        check_photo(GOOD, PhotoRules(), process)
        assert process._child._child is not child


def test_a_picture_with_exif_is_a_photo_too() -> None:
    page = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "fictional"
    with Image.open(io.BytesIO(GOOD)) as drawn:
        drawn.save(page, "JPEG", exif=exif, quality=95)
    octets = page.getvalue().replace(
        b"JFIF", b"JFXX", 1
    )  # whoever reads its resolution must look into the EXIF
    with drivers.PictureProcess() as process:
        check_photo(octets, PhotoRules(), process)


def of_many_scans(scans: int) -> bytes:
    """A progressive picture whose last scan is said again and again, as long as it may be."""
    page = io.BytesIO()
    Image.new("RGB", (260, 378), "white").save(page, "JPEG", progressive=True)
    octets = page.getvalue()
    last = octets[octets.rindex(b"\xff\xda") : -2]
    return octets[:-2] + last * (scans - octets.count(b"\xff\xda")) + b"\xff\xd9"


def test_a_picture_of_ten_thousands_of_scans_is_refused_before_it_is_decoded() -> None:
    asked: list[bytes] = []

    class Process(picture_process.PictureProcess):
        def check(self, picture: bytes, width: int, height: int) -> None:
            asked.append(picture)

    with pytest.raises(Invalid, match="at most 64 scans"):
        check_photo(of_many_scans(20_000), PhotoRules(), Process())
    with pytest.raises(Invalid, match="at most 64 scans"):
        check_photo(of_many_scans(65), PhotoRules(least_octets=1), Process())
    assert not asked


def test_a_progressive_picture_with_as_many_scans_as_may_be_is_a_photo() -> None:
    with drivers.PictureProcess() as process:
        check_photo(of_many_scans(64), PhotoRules(least_octets=1), process)


def test_the_decoder_is_held_to_its_limits_and_granted_time_picture_by_picture() -> None:
    with drivers.PictureProcess() as process:
        granted = []
        for _ in range(40):
            check_photo(GOOD, PhotoRules(), process)
            assert process._child._child is not None
            child = psutil.Process(process._child._child.pid)
            granted.append(child.rlimit(psutil.RLIMIT_CPU)[0])
        assert max(granted) <= sum(child.cpu_times()[:2]) + 1 + picture_process.CPU_SECONDS
        for limit, most in guarded.LIMITS.items():
            assert child.rlimit(limit) == (most, most)
        assert child.rlimit(psutil.RLIMIT_AS)[1] == guarded.MEMORY


async def test_rows_find_their_pictures_and_a_picture_that_is_missing_is_counted(
    bring_in: Import, database: Database, good_lines: Lines, tmp_path: Path
) -> None:
    here, away = write_pack(tmp_path / "p.tar", [GOOD])[0], "cd" * 32
    lines = good_lines(103)[100:]
    path = written(
        tmp_path / "r.csv",
        [changed(lines[0], portrait=here), changed(lines[1], portrait=away), changed(lines[2], portrait="")],
    )
    report = await bring_in(path, portraits=tmp_path / "p.tar")
    assert (report.portraits_added, report.portraits_refused) == (1, ())
    assert report.warnings == {"portrait-missing": 1}
    async with database.read() as tx:
        ids = [
            DriverId(row["driver_id"])
            for row in await tx.fetch("SELECT driver_id FROM driver ORDER BY import_line")
        ]
        standings = [await drivers.standing(tx, driver_id) for driver_id in ids]
        assert [await drivers.portrait_on_file(tx, standing) for standing in standings] == [
            True,
            False,
            False,
        ]
        records = await drivers.licence_records(tx, ids)
        assert [records[driver_id].portrait_hash for driver_id in ids] == [bytes.fromhex(here), None, None]
        assert await drivers.standings(tx, [*ids, DriverId.new()]) == {
            standing.driver_id: replace(standing, portrait_hash=records[standing.driver_id].portrait_hash)
            for standing in standings
        }
        assert await drivers.standings(tx, ids[2:]) == {ids[2]: standings[2]}
        assert await drivers.portrait(tx, bytes.fromhex(here)) == GOOD
        with pytest.raises(NotFound):
            await drivers.portrait(tx, bytes.fromhex(away))


async def test_bad_members_of_a_pack_are_refused_one_by_one_and_the_good_are_kept(
    database: Database, tmp_path: Path
) -> None:
    wrong_size = picture(100, 100)
    pack = packed(
        tmp_path / "p.tar",
        {
            name_of(GOOD): GOOD,
            "../../etc/passwd": b"x",
            "0" * 64 + ".jpg": GOOD,
            name_of(wrong_size): wrong_size,
            name_of(bytes(2_000_000)): bytes(2_000_000),
        },
    )
    with tarfile.open(pack, "a") as more:
        link = tarfile.TarInfo(name_of(b"link"))
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        more.addfile(link)
    report = await drivers.import_pack(database, pack)
    assert (report.added, report.known, len(report.refused)) == (1, 0, 5)
    assert await one(database, "SELECT count(*) FROM blob") == 1
    strict = drivers.PhotoRules(least_octets=len(GOOD) + 1)
    assert len((await drivers.import_pack(database, pack, strict)).refused) == 6
    again = await drivers.import_pack(database, pack)
    assert (again.added, again.known) == (0, 1)


async def test_a_pack_that_is_no_tar_or_is_not_there_is_refused_in_a_sentence(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "p.tar").write_bytes(b"not a tar file" * 100)
    with pytest.raises(Invalid, match="tar file"):
        await drivers.import_pack(database, tmp_path / "p.tar")
    with pytest.raises(Unavailable, match="cannot be opened"):
        await drivers.import_pack(database, tmp_path / "nowhere.tar")
    whole = packed(tmp_path / "whole.tar", {name_of(GOOD): GOOD}).read_bytes()
    (tmp_path / "short.tar").write_bytes(whole[:1500])
    with pytest.raises(Invalid, match="cut off"):
        await drivers.import_pack(database, tmp_path / "short.tar")
