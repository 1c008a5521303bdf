"""`town`: a driver in the register, and the application companies and phones talk to."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from liangzheng.infra.postgres import Database
from liangzheng.infra.settings import Settings
from liangzheng.kernel.time import FixedClock
from tests.accounts.people import MADE_UP
from tests.relying.world import Town, Wired
from tests.showing.world import World, signers


@pytest.fixture
async def town(database: Database, settings: Settings, clock: FixedClock) -> AsyncIterator[Town]:
    world = await World(database, signers(), driver_id=MADE_UP[0].driver_id).build()
    # Whole as the register's own reader wants it: showing's tests never read a driver that way.
    await world.change(document_number=MADE_UP[0].identity.value, validity_term="10")
    async with Town.over(world, Wired(settings, database, clock, world.trust)) as opened:
        yield opened
