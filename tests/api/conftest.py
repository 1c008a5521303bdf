"""A whole application over a real database, without a socket; a small wiring of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from liangzheng.accounts import AccountPolicy, FaceReviews
from liangzheng.api.app import create_app
from liangzheng.infra.face_simulated import SimulatedFace
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.keys_file import KeyDirs, init
from liangzheng.infra.passwords import Passwords
from liangzheng.infra.postgres import Database
from liangzheng.infra.reference import Reference, load_reference
from liangzheng.infra.settings import Settings
from liangzheng.infra.sms import NoSms, Sms
from liangzheng.kernel.time import FixedClock
from liangzheng.staff import StaffPolicy
from liangzheng.standards.keys import Alg
from liangzheng.wiring import face_reviews
from tests.accounts.people import MADE_UP, MadeUp
from tests.api.cast import Cast, assemble
from tests.api.phone import Phone
from tests.conftest import NOW
from tests.licences.holders import Deployment
from tests.real_name import SimulatedRealName


@dataclass
class SmallWiring:
    """What the routes of accounts need; the real one is `liangzheng.wiring.Wiring`."""

    settings: Settings
    database: Database
    clock: FixedClock
    passwords: Passwords
    real_name: SimulatedRealName
    face_verifier: SimulatedFace
    sms: Sms = field(default_factory=NoSms)
    key_index: KeyIndex = field(default_factory=lambda: KeyIndex(b"k" * 32))
    account_policy: AccountPolicy = field(default_factory=lambda: AccountPolicy(simulated_pass_counts=True))
    staff_policy: StaffPolicy = field(default_factory=StaffPolicy)
    reference: Reference = field(default_factory=load_reference)
    trust_fails: Exception | None = None
    signing_fails: Exception | None = None

    @property
    def face_reviews(self) -> FaceReviews:
        return face_reviews(self.key_index)

    def signs_until(self, now: datetime) -> datetime | None:
        if self.signing_fails is not None:
            raise self.signing_fails
        return now

    def trust(self) -> object:
        if self.trust_fails is not None:
            raise self.trust_fails
        return "a trust bundle"


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    """Cheap parameters: what is tested is what we do with them."""
    return Passwords(memory_kib=64, passes=1, at_once=2, waiting=8)


@pytest.fixture
def wiring(settings: Settings, database: Database, clock: FixedClock, passwords: Passwords) -> SmallWiring:
    return SmallWiring(
        settings=settings,
        database=database,
        clock=clock,
        passwords=passwords,
        real_name=SimulatedRealName({(p.identity, p.name): p.driver_id for p in MADE_UP}),
        face_verifier=SimulatedFace("test"),
    )


@pytest.fixture
async def phone(wiring: SmallWiring) -> AsyncIterator[Phone]:
    """A phone nobody is logged in on."""
    async with Phone.over(create_app(wiring)) as opened:  # type: ignore[arg-type]
        yield opened


@pytest.fixture(scope="module")
def key_room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    room = tmp_path_factory.mktemp("keys")
    init(KeyDirs.under(room), Alg.ES256, NOW, "Fictional Authority")
    return room


@pytest.fixture
async def cast(database: Database, clock: FixedClock, tmp_path: Path, key_room: Path) -> AsyncIterator[Cast]:
    shutil.copytree(key_room, tmp_path / "keys")
    async with Deployment.over(database, clock, tmp_path, LZ_CODE_WITHIN_MS="0") as place:
        yield await assemble(place)


@pytest.fixture
def person() -> MadeUp:
    return MADE_UP[0]


@pytest.fixture
def other() -> MadeUp:
    return MADE_UP[1]
