"""Importing register files into a real PostgreSQL."""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from drivers.conftest import AS_OF, Import, changed, one, physical, register_of, written
from liangzheng import drivers
from liangzheng.drivers import store
from liangzheng.drivers.columns import HEADERS, CodeTables
from liangzheng.drivers.damage import DAMAGES
from liangzheng.drivers.rejects import REJECT_HEADERS
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import Conflict, Invalid, Unavailable
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.status import Status
from liangzheng.kernel.time import FixedClock

Lines = Callable[..., list[list[str]]]


def rejects_in(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


async def test_every_good_line_is_in_the_register_and_found_by_both_its_numbers(
    bring_in: Import, database: Database, good_lines: Lines, tmp_path: Path
) -> None:
    lines = good_lines(300)
    report = await bring_in(written(tmp_path / "r.csv", lines))
    assert (report.fresh, report.rejected, report.lines) == (300, 0, 301)
    assert await one(database, "SELECT count(*) FROM driver") == 300
    assert (
        await one(database, "SELECT count(*) FROM key_index k JOIN driver d ON d.driver_id = k.owner") == 600
    )
    assert not (tmp_path / "r.csv.rejects.csv").exists()
    assert await one(database, "SELECT state FROM register_import") == "finished"
    assert await one(database, "SELECT count(*) FROM audit_entry WHERE act = 'register.imported'") == 1


async def test_bad_lines_are_rejected_with_line_column_and_rule_and_their_neighbours_are_imported(
    bring_in: Import, good_lines: Lines, tmp_path: Path
) -> None:
    good = good_lines(101 + len(DAMAGES))[100:]
    mixed = [
        line for damage, fields in zip(DAMAGES, good, strict=False) for line in (fields, damage.make(fields))
    ]
    report = await bring_in(written(tmp_path / "r.csv", mixed))
    assert (report.fresh, report.rejected) == (len(DAMAGES), len(DAMAGES))
    assert report.rejects_file is not None
    for place, (damage, reject) in enumerate(zip(DAMAGES, rejects_in(report.rejects_file), strict=True)):
        assert reject["reject_line"] == str(2 * place + 3), damage.title
        assert damage.column in reject["reject_column"].split(";"), damage.title
        assert damage.rule in reject["reject_rule"].split(";"), damage.title
        assert reject["reject_reason"]


async def test_a_rejects_file_can_be_corrected_and_imported_as_it_is(
    bring_in: Import, database: Database, good_lines: Lines, tmp_path: Path
) -> None:
    good = good_lines(102)[100:]
    report = await bring_in(written(tmp_path / "r.csv", [good[0], changed(good[1], sex="9")]))
    assert report.rejects_file is not None
    text = report.rejects_file.read_text(encoding="utf-8")
    fields = next(csv.reader(text.splitlines()[1:]))
    fields[len(REJECT_HEADERS) + HEADERS.index("sex")] = good[1][HEADERS.index("sex")]
    corrected = written(tmp_path / "corrected.csv", [fields], header=REJECT_HEADERS + HEADERS)
    assert (await bring_in(corrected)).fresh == 1
    assert await one(database, "SELECT count(*) FROM driver") == 2


async def test_what_is_rejected_again_goes_into_the_next_rejects_file(
    bring_in: Import, good_lines: Lines, tmp_path: Path
) -> None:
    path = written(tmp_path / "r.csv", [changed(good_lines(101)[100], sex="9")])
    for name in ("r.csv.rejects.csv", "r.csv.rejects-2.csv", "r.csv.rejects-3.csv"):
        report = await bring_in(path)
        assert report.rejects_file == tmp_path / name
        assert rejects_in(tmp_path / name)[0]["reject_column"] == "sex"
        path = report.rejects_file


@pytest.mark.parametrize(
    "octets", [b"", b"\n", b"a,person,of,whom\nnothing,is,to,be,told\n", bytes(range(256)) * 9]
)
async def test_what_is_no_register_is_refused_in_one_sentence_that_repeats_nothing_of_it(
    octets: bytes, bring_in: Import, tmp_path: Path
) -> None:
    (tmp_path / "r.csv").write_bytes(octets)
    with pytest.raises(Invalid, match=r"the file is empty|all of them|no text|binary") as told:
        await bring_in(tmp_path / "r.csv")
    assert "person" not in str(told.value)
    assert not (tmp_path / "r.csv.rejects.csv").exists()


async def test_a_file_whose_name_is_no_text_is_imported(
    bring_in: Import, database: Database, good_lines: Lines, tmp_path: Path
) -> None:
    path = written(tmp_path / os.fsdecode(b"r\xff.csv"), good_lines(2))
    assert (await bring_in(path)).fresh == 2
    assert await one(database, "SELECT file_name FROM register_import") == "r\ufffd.csv"


async def test_a_pipe_in_the_place_of_a_register_is_told_at_once(bring_in: Import, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "r.csv")
    with pytest.raises(Unavailable, match="not a plain file"):
        await bring_in(tmp_path / "r.csv")


@pytest.mark.parametrize("begins", ["=", "\uff1d", "\uff20"])
async def test_the_rejects_file_is_for_its_owner_alone_and_runs_no_formulas(
    begins: str, bring_in: Import, good_lines: Lines, tmp_path: Path
) -> None:
    evil = changed(good_lines(101)[100], name=begins + "cmd|' /C calc'!A0")
    report = await bring_in(written(tmp_path / "r.csv", [evil]))
    assert report.rejects_file is not None
    assert report.rejects_file.stat().st_mode & 0o777 == 0o600
    assert rejects_in(report.rejects_file)[0]["name"].startswith("'" + begins)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (HEADERS[1:], "missing: 'document_number'"),
        ((*HEADERS, "shoe_size"), "unknown: 'shoe_size'"),
        ((*HEADERS[:-1], "name"), "there twice: 'name'"),
        (("",), "missing: all of them"),
        (("# A paper about something else",), "missing: all of them, from 'document_number' to 'notes'"),
    ],
)
async def test_a_file_without_the_right_columns_is_refused_before_anything_is_imported(
    header: tuple[str, ...],
    told: str,
    bring_in: Import,
    database: Database,
    good_lines: Lines,
    tmp_path: Path,
) -> None:
    path = written(tmp_path / "r.csv", good_lines(2), header=header)
    with pytest.raises(Invalid, match=told):
        await bring_in(path)
    assert await one(database, "SELECT count(*) FROM register_import") == 0
    assert await one(database, "SELECT count(*) FROM driver") == 0


async def test_a_file_that_is_not_there_or_is_utf_16_is_refused_in_a_sentence(
    bring_in: Import, good_lines: Lines, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable, match="cannot be opened"):
        await bring_in(tmp_path / "nowhere.csv")
    wide = tmp_path / "wide.csv"
    wide.write_text(
        "\n".join([",".join(HEADERS), *(",".join(line) for line in good_lines(3))]), encoding="utf-16"
    )
    with pytest.raises(Invalid, match="UTF-16"):
        await bring_in(wide)


async def test_running_a_file_again_writes_not_one_row(
    bring_in: Import, database: Database, good_lines: Lines, tmp_path: Path
) -> None:
    lines = good_lines(400)
    lines.insert(50, changed(lines[10], resident_address="虚构路二号"))  # twice about one person
    lines.insert(60, changed(lines[300], file_number=lines[20][HEADERS.index("file_number")]))
    path = written(tmp_path / "r.csv", lines)
    first = await bring_in(path)
    assert (first.fresh, first.rejected) == (400, 2)
    before, rejects = await physical(database), (tmp_path / "r.csv.rejects.csv").read_bytes()
    again = await bring_in(path)
    assert (again.fresh, again.changed, again.unchanged, again.rejected) == (0, 0, 400, 2)
    assert await physical(database) == before
    assert (tmp_path / "r.csv.rejects.csv").read_bytes() == rejects
    assert await one(database, "SELECT count(*) FROM register_import_seen") == 0


async def test_the_second_line_about_a_person_is_refused_and_names_the_first(
    bring_in: Import, good_lines: Lines, tmp_path: Path
) -> None:
    good = good_lines(102)[100:]
    path = written(tmp_path / "r.csv", [*good, changed(good[0], file_number="320500000001")])
    report = await bring_in(path)
    assert report.rejects_file is not None
    [reject] = rejects_in(report.rejects_file)
    assert (reject["reject_line"], reject["reject_rule"]) == ("4", "twice")
    assert "line 2" in reject["reject_reason"]


async def test_a_person_met_twice_in_a_later_file_keeps_the_first_line_whatever_changed(
    bring_in: Import, database: Database, good_lines: Lines, tmp_path: Path
) -> None:
    good = good_lines(102)[100:]
    await bring_in(written(tmp_path / "one.csv", good))
    moved = changed(good[0], resident_address="虚构路九十九号")
    # Unchanged first, then different: the first line counts. Different first, then as before: likewise.
    report = await bring_in(written(tmp_path / "two.csv", [good[0], moved]))
    assert (report.unchanged, report.changed, report.rejected) == (1, 0, 1)
    report = await bring_in(written(tmp_path / "three.csv", [moved, good[0]]))
    assert (report.unchanged, report.changed, report.rejected) == (0, 1, 1)
    again = await bring_in(written(tmp_path / "three.csv", [moved, good[0]]))
    assert (again.unchanged, again.changed, again.rejected) == (1, 0, 1)


async def test_a_changed_line_changes_the_record_with_history_version_and_event(
    bring_in: Import, database: Database, good_lines: Lines, tmp_path: Path
) -> None:
    good = [line for line in good_lines(140)[100:] if line[HEADERS.index("status")] == "A"][:3]
    await bring_in(written(tmp_path / "one.csv", good))
    lines = [
        changed(good[0], status="D", accumulated_points="9"),
        changed(good[1], resident_address="虚构路一号"),
        good[2],
    ]
    report = await bring_in(written(tmp_path / "two.csv", lines))
    assert (report.fresh, report.changed, report.unchanged) == (0, 2, 1)
    async with database.read() as tx:
        rows = await tx.fetch(
            "SELECT status, points, standing_version, record_version FROM driver ORDER BY import_line"
        )
        history = await tx.fetch(
            "SELECT version, standing_version, before, after, source FROM driver_change ORDER BY 2 DESC"
        )
        events = await tx.fetch("SELECT topic, body FROM outbox")
    assert sorted((row["standing_version"], row["record_version"]) for row in rows) == [
        (1, 1),
        (1, 2),
        (2, 2),
    ]
    assert history[0]["after"] == {"status": "D", "points": 9}
    assert history[0]["before"]["status"] == "A"
    assert history[0]["source"].startswith("register import imp_")
    assert history[1]["after"] == {"resident_address": "虚构路一号"}
    assert [(event["topic"], dict(event["body"])) for event in events] == [
        ("standing.changed", {"standing_version": 2, "changed": ["points", "status"]})
    ]


async def test_a_new_file_number_moves_in_the_index_and_another_drivers_is_refused(
    bring_in: Import, database: Database, good_lines: Lines, tmp_path: Path
) -> None:
    good = good_lines(102)[100:]
    await bring_in(written(tmp_path / "one.csv", good))
    taken = changed(good[0], file_number=good[1][HEADERS.index("file_number")])
    report = await bring_in(written(tmp_path / "two.csv", [taken]))
    assert report.rejects_file is not None
    assert rejects_in(report.rejects_file)[0]["reject_rule"] == "taken"
    report = await bring_in(written(tmp_path / "three.csv", [changed(good[0], file_number="320500000001")]))
    assert report.changed == 1
    assert await one(database, "SELECT count(*) FROM key_index") == 4


async def suspended_here(database: Database, at: datetime) -> None:
    async with database.transaction() as tx:
        driver_id = DriverId(await tx.fetchval("SELECT driver_id FROM driver"))
        change = drivers.StandingChange(status=Status.parse("D"))
        await drivers.change_standing(tx, driver_id, change, "roadside", at)


async def test_no_file_drawn_before_lifts_a_suspension_and_its_other_columns_are_taken(
    bring_in: Import, database: Database, good_lines: Lines, tmp_path: Path, clock: FixedClock
) -> None:
    line = good_lines(101)[100]
    await bring_in(written(tmp_path / "r.csv", [line]))
    await suspended_here(database, clock.now())
    before = clock.now() - timedelta(hours=1)
    same = await bring_in(tmp_path / "r.csv", as_of=before)
    assert (same.unchanged, same.changed, same.warnings["standing-newer-here"]) == (1, 0, 1)
    moved = written(tmp_path / "moved.csv", [changed(line, resident_address="虚构路9号")])
    other = await bring_in(moved, as_of=before)
    assert (other.changed, other.warnings["standing-newer-here"]) == (1, 1)
    assert await one(database, "SELECT status || resident_address FROM driver") == "D虚构路9号"
    assert await one(database, "SELECT standing_version FROM driver") == 2


async def test_a_file_drawn_later_says_what_the_standing_is_even_when_it_said_so_before(
    bring_in: Import, database: Database, good_lines: Lines, tmp_path: Path, clock: FixedClock
) -> None:
    path = written(tmp_path / "r.csv", good_lines(101)[100:])
    await bring_in(path)
    said = await one(database, "SELECT status FROM driver")
    await suspended_here(database, clock.now())
    report = await bring_in(path, as_of=clock.now() + timedelta(hours=1))
    assert (report.changed, report.warnings.get("standing-newer-here")) == (1, None)
    assert await one(database, "SELECT status FROM driver") == said
    assert await one(database, "SELECT standing_version FROM driver") == 3


async def test_a_file_is_as_old_as_its_last_writing_unless_said_otherwise(
    bring_in: Import, database: Database, good_lines: Lines, tmp_path: Path, clock: FixedClock
) -> None:
    path = written(tmp_path / "r.csv", good_lines(101)[100:])
    await bring_in(path)
    await suspended_here(database, clock.now())
    hour_before = clock.now().timestamp() - 3600
    os.utime(path, (hour_before, hour_before))
    assert (await bring_in(path)).unchanged == 1
    assert await one(database, "SELECT status FROM driver") == "D"


async def test_gb_18030_utf_8_and_packed_files_give_the_same_register(
    bring_in: Import, database: Database, tables: CodeTables, tmp_path: Path, clock: FixedClock
) -> None:
    for name, encoding in (("u.csv", "utf-8"), ("g.csv", "gb18030"), ("p.csv.gz", "utf-8")):
        options = drivers.GenerateOptions(400, 5, AS_OF, portraits=3, encoding=encoding)
        drivers.generate_register(tmp_path / name, tables, options)
    utf8 = await bring_in(tmp_path / "u.csv")
    register = await register_of(database)
    gb = await bring_in(tmp_path / "g.csv")
    packed = await bring_in(tmp_path / "p.csv.gz")
    assert (utf8.encoding, gb.encoding, packed.encoding) == ("utf-8", "gb18030", "utf-8")
    assert (utf8.fresh, gb.unchanged, packed.unchanged) == (400, 400, 400)
    assert await register_of(database) == register


async def test_columns_in_another_order_a_byte_order_mark_and_windows_line_ends_change_nothing(
    bring_in: Import, database: Database, good_lines: Lines, tmp_path: Path
) -> None:
    lines = good_lines(150)
    await bring_in(written(tmp_path / "one.csv", lines))
    backwards = []
    for line in lines:
        fields = next(csv.reader([",".join(line)]))
        backwards.append([f'"{field.replace(chr(34), chr(34) * 2)}"' for field in reversed(fields)])
    text = "\r\n".join([",".join(reversed(HEADERS)), *(",".join(line) for line in backwards), "", ""])
    (tmp_path / "two.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    before = await physical(database)
    report = await bring_in(tmp_path / "two.csv")
    assert (report.unchanged, report.rejected) == (150, 0)
    assert await physical(database) == before


async def test_old_fifteen_digit_numbers_are_kept_in_their_long_form(
    bring_in: Import, database: Database, good_lines: Lines, tmp_path: Path
) -> None:
    line = changed(
        good_lines(110)[105],
        document_number="110105491231002",
        identity_kind="A",
        birth_date="1949-12-31",
        sex="2",
    )
    await bring_in(written(tmp_path / "r.csv", [line]))
    assert await one(database, "SELECT document_number FROM driver") == "11010519491231002X"


async def test_odd_but_possible_values_are_imported_and_counted(
    bring_in: Import, database: Database, good_lines: Lines, tmp_path: Path
) -> None:
    good = good_lines(104)[100:]
    lines = [
        changed(good[0], card_core_number="4360028416316"),
        changed(good[1], sex={"1": "2", "2": "1"}[good[1][HEADERS.index("sex")]]),
        changed(good[2], status="N", extended_until=""),
        changed(good[3], status="HA", extended_until=""),
    ]
    report = await bring_in(written(tmp_path / "r.csv", lines))
    assert report.fresh == 4
    assert await one(database, "SELECT status FROM driver ORDER BY import_line DESC LIMIT 1") == "H"
    assert report.warnings == {
        "card-core-check": 1,
        "number-sex": 1,
        "extension-day": 1,
        "status-normal": 1,
        "portrait-missing": 1,
    }


async def test_a_packed_file_that_breaks_off_keeps_what_was_read_and_says_where(
    bring_in: Import, database: Database, tables: CodeTables, tmp_path: Path
) -> None:
    whole = tmp_path / "whole.csv.gz"
    drivers.generate_register(whole, tables, drivers.GenerateOptions(12_000, 5, AS_OF, portraits=0))
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    with pytest.raises(Unavailable, match="octet"):
        await bring_in(broken)
    kept = await one(database, "SELECT fresh FROM register_import")
    assert kept == await one(database, "SELECT count(*) FROM driver") > 3_000
    garbled = bytearray(gzip.compress(gzip.decompress(whole.read_bytes()), 1))
    garbled[len(garbled) // 2] ^= 0xFF
    (tmp_path / "garbled.csv.gz").write_bytes(bytes(garbled))
    with pytest.raises(Unavailable, match="octet"):
        await bring_in(tmp_path / "garbled.csv.gz")


async def test_two_imports_at_once_are_refused(
    bring_in: Import, database: Database, good_lines: Lines, tmp_path: Path
) -> None:
    path = written(tmp_path / "r.csv", good_lines(3))
    async with database.read() as other:
        assert await store.hold_import_lock(other)
        with pytest.raises(Conflict, match="another import"):
            await bring_in(path)
    assert (await bring_in(path)).fresh == 3


async def test_the_rejects_file_is_never_the_file_itself(
    bring_in: Import, good_lines: Lines, tmp_path: Path
) -> None:
    path = written(tmp_path / "r.csv", good_lines(3))
    before = path.read_bytes()
    with pytest.raises(Invalid, match="rejects file"):
        await bring_in(path, rejects_file=path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", ["another file", "a link", "a pipe"])
async def test_what_is_no_rejects_file_is_not_written_over(
    bring_in: Import, good_lines: Lines, tmp_path: Path, kind: str
) -> None:
    path, victim = written(tmp_path / "r.csv", [*good_lines(2), b"damaged"]), tmp_path / "victim.txt"
    victim.write_text("somebody's notes")
    beside = tmp_path / "r.csv.rejects.csv"
    if kind == "a pipe":
        os.mkfifo(beside)
    elif kind == "a link":
        beside.symlink_to(victim)
    else:
        beside.write_text("somebody's notes")
    with pytest.raises((Conflict, Unavailable)):
        await bring_in(path)
    assert victim.read_text() == "somebody's notes"
    assert kind != "another file" or beside.read_text() == "somebody's notes"


async def test_every_ideograph_of_unicode_survives_file_and_database(
    bring_in: Import, database: Database, good_lines: Lines, tmp_path: Path
) -> None:
    """Some 97,000 code points, thirty to a name: all planes of ideographs, also newer than this Python knows."""
    blocks = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x20000, 0x2A6DF), (0x2A700, 0x2EE5D), (0x30000, 0x323AF)]
    characters = [chr(point) for start, end in blocks for point in range(start, end + 1)]
    names = ["".join(characters[place : place + 30]) for place in range(0, len(characters), 30)]
    lines = good_lines(100 + len(names))[100:]
    await bring_in(
        written(
            tmp_path / "r.csv", [changed(line, name=name) for line, name in zip(lines, names, strict=True)]
        )
    )
    async with database.read() as connection:
        found = [
            row["name"] for row in await connection.fetch("SELECT name FROM driver ORDER BY import_line")
        ]
    assert found == names
    utf8 = await register_of(database)
    path = tmp_path / "g.csv"
    path.write_bytes((tmp_path / "r.csv").read_text(encoding="utf-8").encode("gb18030"))
    assert (await bring_in(path)).unchanged == len(names)
    assert await register_of(database) == utf8
