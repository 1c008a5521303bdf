"""What accounts stand on, in tests: a cheap hasher, a played source of real names, a played face engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from liangzheng.accounts import AccountPolicy
from liangzheng.infra.face_simulated import SimulatedFace
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.passwords import Passwords
from liangzheng.infra.postgres import Database
from liangzheng.kernel.time import FixedClock
from tests.accounts.people import MADE_UP
from tests.accounts.world import World
from tests.real_name import SimulatedRealName


@pytest.fixture(scope="session")
def passwords() -> Iterator[Passwords]:
    """Cheap parameters: what is tested is what we do with them."""
    made = Passwords(memory_kib=64, passes=1, at_once=2, waiting=40)
    yield made
    made.close()


@pytest.fixture
def world(database: Database, clock: FixedClock, passwords: Passwords) -> World:
    return World(
        database=database,
        clock=clock,
        passwords=passwords,
        key_index=KeyIndex(b"k" * 32),
        real_name=SimulatedRealName({(p.identity, p.name): p.driver_id for p in MADE_UP}),
        engine=SimulatedFace("test"),
        policy=AccountPolicy(simulated_pass_counts=True),
    )
