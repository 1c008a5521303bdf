"""After a restore the register is certain again only when everything a backup cannot know was read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.conftest import AS_OF, Import, written
from liangzheng import drivers
from liangzheng.drivers import store_feed
from liangzheng.drivers.certain_rules import (
    Certain,
    CertainFacts,
    NotCertain,
    ReadFile,
    SourceRead,
    decide_certain,
)
from liangzheng.drivers.feed_rules import province_of
from liangzheng.infra import epochs
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import Conflict, Unavailable
from liangzheng.kernel.ids import SourceId
from liangzheng.kernel.time import FixedClock
from liangzheng.standards.keys import Alg, SoftwareSigner
from tests.drivers.test_import import Lines

BACKUP = datetime(2026, 11, 1, tzinfo=UTC)
RESTORED = BACKUP + timedelta(days=2)
ONE, TWO = SourceId.new(), SourceId.new()
NOTHING = CertainFacts(
    RESTORED, RESTORED, BACKUP, False, (), 100, provinces=frozenset({"31", "32"}), sources={}, said={}
)
AFTER_BACKUP = ReadFile(BACKUP, 100)
AFTER_RESTORE = ReadFile(RESTORED, 100)
BEFORE = ReadFile(BACKUP - timedelta(microseconds=1), 100)
SIXTY = [ReadFile(RESTORED, 60), ReadFile(RESTORED, 60)]


def of(*provinces: str, at: int = 7, added: datetime = BACKUP) -> SourceRead:
    return SourceRead(added, at, frozenset(provinces))


BOTH, ONLY_32 = replace(NOTHING, sources={ONE: of("31", "32")}), replace(NOTHING, sources={ONE: of("32")})
TOLD_32 = replace(ONLY_32, said={ONE: 7})
EACH = replace(NOTHING, sources={ONE: of("31"), TWO: of("32", at=3)})
MADE_AFTER = replace(NOTHING, sources={ONE: of("31", "32", added=RESTORED)}, said={ONE: 7})

TABLE = [
    (NOTHING, NotCertain.REGISTER_NOT_READ),
    (replace(NOTHING, read=[BEFORE, ReadFile(None, 100)]), NotCertain.REGISTER_NOT_READ),
    (replace(NOTHING, read=[AFTER_BACKUP]), Certain.REGISTER),
    (replace(NOTHING, read=[AFTER_BACKUP], import_runs=True), NotCertain.IMPORT_RUNS),
    (replace(NOTHING, read=[ReadFile(BACKUP, 99)]), NotCertain.REGISTER_READ_IN_PART),
    (replace(NOTHING, read=[ReadFile(BACKUP, 99)], in_part=True), Certain.REGISTER),
    (replace(NOTHING, in_part=True), NotCertain.REGISTER_NOT_READ),
    # Rows of several files may be of the same drivers.
    (replace(NOTHING, read=SIXTY), NotCertain.REGISTER_READ_IN_PART),
    (replace(NOTHING, read=[ReadFile(BACKUP, 60), ReadFile(RESTORED, 40)]), NotCertain.REGISTER_READ_IN_PART),
    (replace(NOTHING, read=SIXTY, in_part=True), Certain.REGISTER),
    (replace(NOTHING, read=[*SIXTY, AFTER_BACKUP]), Certain.REGISTER),
    # With sources a file of before the restore does not know what they told meanwhile.
    (replace(BOTH, read=[AFTER_BACKUP]), NotCertain.SOURCE_NOT_SAID),
    (replace(BOTH, read=[AFTER_BACKUP], in_part=True), NotCertain.SOURCE_NOT_SAID),
    (replace(BOTH, read=SIXTY, in_part=True), NotCertain.SOURCE_NOT_SAID),
    (replace(BOTH, read=[AFTER_RESTORE]), Certain.REGISTER),
    (replace(BOTH, said={ONE: 8}), NotCertain.SOURCE_BEHIND),
    (replace(BOTH, said={ONE: 7}), Certain.FEED),
    (replace(BOTH, said={ONE: 7}, import_runs=True), NotCertain.IMPORT_RUNS),
    (replace(EACH, said={ONE: 7}), NotCertain.SOURCE_NOT_SAID),
    (replace(EACH, said={ONE: 7, TWO: 4}), NotCertain.SOURCE_BEHIND),
    (replace(EACH, said={ONE: 7, TWO: 3}), Certain.FEED),
    # A source speaks for its provinces only; whose authority is in no list is in nobody's.
    (TOLD_32, NotCertain.SOURCES_IN_PART),
    (replace(TOLD_32, in_part=True), NotCertain.SOURCES_IN_PART),
    (replace(TOLD_32, provinces=frozenset({"32"})), Certain.FEED),
    (replace(TOLD_32, provinces=frozenset({"32", None})), NotCertain.SOURCES_IN_PART),
    (replace(TOLD_32, read=[BEFORE]), NotCertain.SOURCES_IN_PART),
    (replace(TOLD_32, read=[ReadFile(BACKUP, 60)]), NotCertain.REGISTER_READ_IN_PART),
    (replace(TOLD_32, read=[ReadFile(BACKUP, 60)], in_part=True), Certain.REGISTER),
    (replace(TOLD_32, read=[AFTER_BACKUP]), Certain.REGISTER),
    (replace(TOLD_32, read=[AFTER_BACKUP], said={ONE: 8}), NotCertain.SOURCE_BEHIND),
    # One that never told anything: what was lost came by files.
    (replace(NOTHING, sources={ONE: of("31", "32", at=0)}, said={ONE: 0}), NotCertain.SOURCES_IN_PART),
    # A source made after the restore, or after an earlier one that was never confirmed, has nothing to tell again.
    (MADE_AFTER, NotCertain.REGISTER_NOT_READ),
    (replace(MADE_AFTER, read=[AFTER_BACKUP], said={}), Certain.REGISTER),
    (replace(MADE_AFTER, restored_at=RESTORED + timedelta(days=1)), NotCertain.REGISTER_NOT_READ),
    (replace(TOLD_32, sources={ONE: of("32"), TWO: of("31", added=RESTORED)}, said={ONE: 7, TWO: 7}), NotCertain.SOURCES_IN_PART),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "decided"), TABLE)
def test_what_was_read_decides(facts: CertainFacts, decided: Certain | NotCertain) -> None:
    assert decide_certain(facts) is decided


@given(
    st.lists(st.builds(ReadFile, st.none() | st.just(BACKUP - timedelta(1)), st.integers(0, 1000))),
    st.booleans(),
)
def test_files_the_backup_knew_never_make_it_certain(read: list[ReadFile], in_part: bool) -> None:
    assert decide_certain(replace(NOTHING, read=read, in_part=in_part)) is NotCertain.REGISTER_NOT_READ


async def restored(database: Database, at: datetime) -> None:
    async with database.transaction() as tx:
        await epochs.begin(tx, at, uuid4(), at - timedelta(days=1))


async def test_the_command_s_act_says_what_is_to_do_and_then_standings_are_told_again(
    bring_in: Import, database: Database, good_lines: Lines, clock: FixedClock, tmp_path: Path
) -> None:
    lines = good_lines(20)
    await bring_in(written(tmp_path / "old.csv", lines))
    with pytest.raises(Conflict, match="no restore waits"):
        await drivers.confirm_register(database, {}, False, clock.now())
    clock.advance(60)
    await restored(database, clock.now())
    async with database.read() as tx:
        with pytest.raises(Unavailable):
            await epochs.demand_certain(tx)
    with pytest.raises(Conflict, match="drawn after the backup"):
        await drivers.confirm_register(database, {}, False, clock.now())
    clock.advance(60)
    # Read again, but drawn long before: it knows no more than the backup.
    await bring_in(written(tmp_path / "same.csv", lines), as_of=AS_OF_OLD)
    with pytest.raises(Conflict, match="drawn after the backup"):
        await drivers.confirm_register(database, {}, False, clock.now())
    await bring_in(written(tmp_path / "half.csv", lines[:10]), as_of=clock.now())
    with pytest.raises(Conflict, match="in-part"):
        await drivers.confirm_register(database, {}, False, clock.now())
    await bring_in(written(tmp_path / "rest.csv", lines[10:]), as_of=clock.now())
    with pytest.raises(Conflict, match="in-part"):
        await drivers.confirm_register(database, {}, False, clock.now())
    await bring_in(written(tmp_path / "whole.csv", lines), as_of=clock.now())
    assert await drivers.confirm_register(database, {}, False, clock.now()) is Certain.REGISTER
    async with database.read() as tx:
        await epochs.demand_certain(tx)
        assert await tx.fetchval("SELECT certain_by FROM restored") == "register"
        assert await tx.fetchval("SELECT count(*) FROM audit_entry WHERE act = 'register.confirmed'") == 1
    with pytest.raises(Conflict, match="no restore waits"):
        await drivers.confirm_register(database, {}, False, clock.now())


AS_OF_OLD = datetime.combine(AS_OF - timedelta(days=10), datetime.min.time(), UTC)


async def test_a_source_makes_certain_whom_it_speaks_for_and_none_made_after_the_restore_does(
    bring_in: Import, database: Database, good_lines: Lines, clock: FixedClock, tmp_path: Path
) -> None:
    async def added(*provinces: str) -> SourceId:
        key = SoftwareSigner.generate(Alg.ES256).public_key
        source = await drivers.add_source(database, "示例登记", provinces, key, clock.now())
        async with database.transaction() as tx:
            await store_feed.advance(tx, source.id, 7, clock.now())
        return source.id

    await bring_in(written(tmp_path / "all.csv", good_lines(40)))
    async with database.read() as tx:
        codes = await tx.fetch("SELECT DISTINCT issuing_authority FROM driver")
    authorities = drivers.code_tables().authorities
    found = sorted({province_of(code["issuing_authority"], authorities) or "" for code in codes})
    assert len(found) > 1
    of_one = await added(found[0])
    clock.advance(60)
    await restored(database, clock.now())
    of_all = await added(*found)
    with pytest.raises(Conflict, match="every province with drivers"):
        await drivers.confirm_register(database, {of_one: 7, of_all: 7}, True, clock.now())
    # A backup that knew the source of all: it has told again whatever was lost.
    async with database.transaction() as tx:
        await tx.execute("DELETE FROM restored")
    clock.advance(60)
    await restored(database, clock.now())
    assert (
        await drivers.confirm_register(database, {of_one: 7, of_all: 7}, False, clock.now()) is Certain.FEED
    )


async def test_a_restore_never_confirmed_is_uncertain_since_the_first(
    database: Database, clock: FixedClock
) -> None:
    first = clock.now()
    await restored(database, first)
    clock.advance(60)
    await restored(database, clock.now())
    async with database.read() as tx:
        found = await epochs.unconfirmed(tx)
    assert found is not None
    assert (found.epoch, found.uncertain_since, found.restored_at) == (2, first, clock.now())
