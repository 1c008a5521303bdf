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
from liangzheng.drivers.certain_rules import Certain, CertainFacts, NotCertain, ReadFile, decide_certain
from liangzheng.infra import epochs
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import Conflict, Unavailable
from liangzheng.kernel.ids import SourceId
from liangzheng.kernel.time import FixedClock
from tests.drivers.test_import import Lines

BACKUP = datetime(2026, 11, 1, tzinfo=UTC)
RESTORED = BACKUP + timedelta(days=2)
ONE, TWO = SourceId.new(), SourceId.new()
NOTHING = CertainFacts(RESTORED, BACKUP, False, (), 100, {}, {})
AFTER_BACKUP = ReadFile(BACKUP, 100)
AFTER_RESTORE = ReadFile(RESTORED, 100)
BEFORE = ReadFile(BACKUP - timedelta(microseconds=1), 100)

TABLE = [
    (NOTHING, NotCertain.REGISTER_NOT_READ),
    (replace(NOTHING, read=[BEFORE, ReadFile(None, 100)]), NotCertain.REGISTER_NOT_READ),
    (replace(NOTHING, read=[AFTER_BACKUP]), Certain.REGISTER),
    (replace(NOTHING, read=[AFTER_BACKUP], import_runs=True), NotCertain.IMPORT_RUNS),
    (replace(NOTHING, read=[ReadFile(BACKUP, 99)]), NotCertain.REGISTER_READ_IN_PART),
    (replace(NOTHING, read=[ReadFile(BACKUP, 99)], in_part=True), Certain.REGISTER),
    (replace(NOTHING, read=[ReadFile(BACKUP, 60), ReadFile(RESTORED, 40)]), Certain.REGISTER),
    (replace(NOTHING, in_part=True), NotCertain.REGISTER_NOT_READ),
    # With sources a file of before the restore does not know what they told meanwhile.
    (replace(NOTHING, read=[AFTER_BACKUP], done_to={ONE: 7}), NotCertain.SOURCE_NOT_SAID),
    (replace(NOTHING, read=[AFTER_RESTORE], done_to={ONE: 7}), Certain.REGISTER),
    (replace(NOTHING, done_to={ONE: 7}, said={ONE: 8}), NotCertain.SOURCE_BEHIND),
    (replace(NOTHING, done_to={ONE: 7}, said={ONE: 7}), Certain.FEED),
    (replace(NOTHING, done_to={ONE: 7, TWO: 3}, said={ONE: 7}), NotCertain.SOURCE_NOT_SAID),
    (replace(NOTHING, done_to={ONE: 7, TWO: 3}, said={ONE: 7, TWO: 4}), NotCertain.SOURCE_BEHIND),
]


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
    assert await drivers.confirm_register(database, {}, False, clock.now()) is Certain.REGISTER
    async with database.read() as tx:
        await epochs.demand_certain(tx)
        assert await tx.fetchval("SELECT certain_by FROM restored") == "register"
        assert await tx.fetchval("SELECT count(*) FROM audit_entry WHERE act = 'register.confirmed'") == 1
    with pytest.raises(Conflict, match="no restore waits"):
        await drivers.confirm_register(database, {}, False, clock.now())


AS_OF_OLD = datetime.combine(AS_OF - timedelta(days=10), datetime.min.time(), UTC)
