from __future__ import annotations

from datetime import timedelta

from liangzheng import accounts
from tests.accounts.people import MADE_UP
from tests.accounts.world import World

ONE = MADE_UP[0]


async def test_what_is_over_for_a_month_is_forgotten_and_nothing_sooner(world: World) -> None:
    await world.register(ONE)
    found = await world.log_in(ONE)
    over = found.session.expires_at
    for since, left in ((timedelta(0), 1), (timedelta(days=30), 1), (timedelta(days=31), 0)):
        async with world.database.transaction() as tx:
            await accounts.prune(tx, over + since, 100)
        assert len(await world.rows("SELECT 1 FROM session")) == left


async def test_the_account_itself_stays(world: World) -> None:
    await world.register(ONE)
    found = await world.log_in(ONE)
    async with world.database.transaction() as tx:
        await accounts.prune(tx, found.session.expires_at + timedelta(days=3650), 100)
    assert len(await world.rows("SELECT 1 FROM account")) == 1
