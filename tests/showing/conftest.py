"""`world`: one driver with a live licence on a phone, for each algorithm where a test asks for both."""

from __future__ import annotations

import pytest

from liangzheng.infra.postgres import Database
from liangzheng.showing import Verifier, VerifierKind, add_verifier
from liangzheng.standards.keys import Alg
from tests.showing.world import World, keep_company, signers


@pytest.fixture(params=[Alg.ES256])
async def world(database: Database, request: pytest.FixtureRequest) -> World:
    return await World(database, signers(request.param)).build()


@pytest.fixture
async def officer(database: Database, world: World) -> Verifier:
    return (await add_verifier(database, "盐城交警样本大队", VerifierKind.POLICE, world.now))[0]


@pytest.fixture
async def company(database: Database, world: World) -> Verifier:
    return await keep_company(database, "样本租车公司", world.now)
