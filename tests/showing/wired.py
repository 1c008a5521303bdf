"""What the routes of these tests reach; the real one is `liangzheng.wiring.Wiring`."""

from __future__ import annotations

from dataclasses import dataclass, field

from liangzheng.accounts import AccountPolicy, FaceReviews
from liangzheng.infra.face_simulated import SimulatedFace
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.passwords import Passwords
from liangzheng.infra.postgres import Database
from liangzheng.infra.settings import Settings
from liangzheng.kernel.time import FixedClock
from liangzheng.standards.livecode import Lives, TrustBundle
from liangzheng.wiring import face_reviews
from tests.accounts.people import MADE_UP
from tests.real_name import SimulatedRealName


@dataclass
class Wired:
    """A deployment's parts, played or cheap."""

    settings: Settings
    database: Database
    clock: FixedClock
    bundle: TrustBundle
    passwords: Passwords = field(
        default_factory=lambda: Passwords(memory_kib=64, passes=1, at_once=2, waiting=8)
    )
    real_name: SimulatedRealName = field(
        default_factory=lambda: SimulatedRealName({(p.identity, p.name): p.driver_id for p in MADE_UP})
    )
    face_verifier: SimulatedFace = field(default_factory=lambda: SimulatedFace("test"))
    key_index: KeyIndex = field(default_factory=lambda: KeyIndex(b"k" * 32))
    account_policy: AccountPolicy = field(default_factory=lambda: AccountPolicy(simulated_pass_counts=True))
    lives: Lives = field(default_factory=Lives)

    @property
    def face_reviews(self) -> FaceReviews:
        return face_reviews(self.key_index)

    def trust(self) -> TrustBundle:
        return self.bundle
