"""`bench`: a deployment with an open city, once for each kind of review."""

from __future__ import annotations

import pytest

from tests.licences.conftest import key_room, place, world
from tests.licences.holders import Deployment
from tests.reviewing.kinds import KINDS, Bench

__all__ = ["key_room", "place", "world"]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.duty)
async def bench(request: pytest.FixtureRequest, place: Deployment) -> Bench:
    await place.open_city("320500", "320100")
    return Bench(place, request.param)
