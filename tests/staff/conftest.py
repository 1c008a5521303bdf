"""`place`: the district of place.py over this test's database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from liangzheng.infra.face_simulated import SimulatedFace
from liangzheng.infra.passwords import Passwords
from liangzheng.infra.postgres import Database
from liangzheng.infra.settings import Settings
from liangzheng.kernel.time import FixedClock
from tests.accounts.people import MADE_UP
from tests.api.phone import Phone
from tests.real_name import SimulatedRealName
from tests.showing.world import World, signers
from tests.staff.place import Place, StaffWiring, application, prepare


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    """Cheap parameters: what is tested is what we do with them."""
    return Passwords(memory_kib=64, passes=1, at_once=2, waiting=8)


@pytest.fixture
async def place(
    database: Database, settings: Settings, clock: FixedClock, passwords: Passwords
) -> AsyncIterator[Place]:
    world = await World(database, signers(), driver_id=MADE_UP[0].driver_id).build()
    wiring = StaffWiring(
        settings=settings,
        database=database,
        clock=clock,
        passwords=passwords,
        real_name=SimulatedRealName({(p.identity, p.name): p.driver_id for p in MADE_UP}),
        face_verifier=SimulatedFace("test"),
        world=world,
    )
    await prepare(world, wiring.key_index)
    async with Phone.over(application(wiring)) as nobody:
        yield Place(database, world, clock, wiring, nobody)
