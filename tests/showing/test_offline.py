"""The public Python API: a code, a trust bundle, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng import Memory, OfflineAnswer, Outcome, TrustBundle, offline, verify_offline
from liangzheng.cli.phone import Phone
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import Invalid
from liangzheng.offline import BadTrust, Because, Lives, Step, Tone
from liangzheng.standards import base45
from liangzheng.standards.keys import Alg
from liangzheng.standards.livecode import Verifier
from tests.showing.world import DAY, NOW, Signers, World, signers

HOUR = timedelta(hours=1)


@dataclass
class Desk:
    """A verifier without a network and a driver's phone before it."""

    keys: Signers
    world: World = field(init=False)

    def __post_init__(self) -> None:
        self.world = World(cast(Database, None), self.keys)  # no database: nothing here may need one
        self.phone.keep(self.world.sign()[1], self.world.snapshot())

    @property
    def phone(self) -> Phone:
        return self.world.phone

    def verify(self, code: str | None = None, **options: object) -> OfflineAnswer:
        now = options.pop("now", NOW)
        trust = options.pop("trust", self.keys.trust())
        return verify_offline(code or self.phone.show(NOW), trust, now, **options)  # type: ignore[arg-type]


@pytest.fixture(params=[Alg.ES256, Alg.SM2], ids=lambda alg: alg.name)
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(signers(request.param))


@pytest.fixture
def es256() -> Desk:
    return Desk(signers())


def test_a_fresh_code_with_a_fresh_snapshot_is_valid_and_says_how_old_its_knowledge_is(desk: Desk) -> None:
    answer = desk.verify(want_class="C1")
    assert (answer.outcome, answer.tone) == (Outcome.VALID, Tone.GREEN)
    assert (answer.trust_version, answer.trust_age, answer.status_age) == (1, DAY, HOUR)
    assert answer.answer.holder is not None and answer.answer.holder.number == "320***********0018"
    assert answer.answer.standing is not None and answer.answer.standing.points == 3
    assert (answer.headline.zh, answer.headline.en) == ("有效", "Valid")


def test_without_a_snapshot_the_status_was_not_checked_and_nothing_is_green(desk: Desk) -> None:
    desk.phone.snapshot = None
    answer = desk.verify()
    assert (answer.outcome, answer.tone, answer.status_age) == (Outcome.STATUS_NOT_CHECKED, Tone.AMBER, None)


@pytest.mark.parametrize(
    ("age", "outcome", "tone"),
    [
        (24 * HOUR, Outcome.VALID, Tone.GREEN),
        (24 * HOUR + timedelta(seconds=1), Outcome.VALID, Tone.AMBER),
        (72 * HOUR - timedelta(seconds=1), Outcome.VALID, Tone.AMBER),
        (72 * HOUR, Outcome.STATUS_NOT_CHECKED, Tone.AMBER),
    ],
)
def test_a_snapshot_turns_amber_after_a_day_and_counts_for_three(
    es256: Desk, age: timedelta, outcome: Outcome, tone: Tone
) -> None:
    es256.phone.snapshot = es256.world.snapshot(at=NOW - age)
    answer = es256.verify()
    assert (answer.outcome, answer.tone) == (outcome, tone)


def test_a_suspended_driver_s_snapshot_says_so(desk: Desk) -> None:
    desk.phone.snapshot = desk.world.snapshot(status="BD", may_drive=False, points=12)
    answer = desk.verify()
    assert answer.outcome is Outcome.MAY_NOT_DRIVE
    assert "暂扣" in answer.reasons[0].zh + answer.reasons[1].zh


def test_letters_and_the_signer_s_word_must_both_allow_driving(es256: Desk) -> None:
    es256.phone.snapshot = es256.world.snapshot(status="D", may_drive=True)
    assert es256.verify().outcome is Outcome.MAY_NOT_DRIVE
    es256.phone.snapshot = es256.world.snapshot(status="A", may_drive=False)
    assert es256.verify().outcome is Outcome.MAY_NOT_DRIVE


def test_a_status_letter_this_verifier_does_not_know_is_no_known_status(es256: Desk) -> None:
    es256.phone.snapshot = es256.world.snapshot(status="Q")
    answer = es256.verify()
    assert (answer.outcome, answer.answer.standing) == (Outcome.STATUS_NOT_CHECKED, None)


def test_a_snapshot_of_another_licence_is_a_forgery(es256: Desk) -> None:
    other = World(cast(Database, None), es256.keys)
    es256.phone.snapshot = other.snapshot()
    answer = es256.verify()
    assert (answer.outcome, answer.answer.step, answer.answer.holder) == (Outcome.FORGED, Step.SNAPSHOT, None)


def test_one_that_has_run_out_besides_is_a_forgery_still(es256: Desk) -> None:
    other = World(cast(Database, None), es256.keys)
    es256.phone.snapshot = other.snapshot(at=NOW - timedelta(hours=73))
    answer = es256.verify()
    assert (answer.outcome, answer.answer.step) == (Outcome.FORGED, Step.SNAPSHOT)
    es256.phone.snapshot = es256.world.snapshot(at=NOW - timedelta(hours=73))
    assert es256.verify().outcome is Outcome.STATUS_NOT_CHECKED


@pytest.mark.parametrize(
    ("wanted", "outcome"), [("C1", Outcome.VALID), ("C4", Outcome.VALID), ("C6", Outcome.MAY_NOT_DRIVE)]
)
def test_may_drive_a_class_follows_the_class_table(es256: Desk, wanted: str, outcome: Outcome) -> None:
    assert es256.verify(want_class=wanted).outcome is outcome


def test_a_class_not_held_is_a_no_also_when_the_status_was_not_checked(es256: Desk) -> None:
    es256.phone.snapshot = None
    answer = es256.verify(want_class="A1")
    assert answer.outcome is Outcome.MAY_NOT_DRIVE
    assert [reason.because for reason in answer.answer.decision.reasons] == [
        Because.CLASS_NOT_HELD,
        Because.NO_SNAPSHOT,
    ]


def test_a_class_there_is_not_is_the_caller_s_mistake(es256: Desk) -> None:
    with pytest.raises(Invalid, match="class"):
        es256.verify(want_class="C7")


# --- trust --------------------------------------------------------------------------------------------


def test_an_unknown_issuer_is_forged_at_trusted_issuer(desk: Desk) -> None:
    answer = desk.verify(trust=signers(name="stranger").trust())
    assert (answer.outcome, answer.answer.step) == (Outcome.FORGED, Step.TRUSTED_ISSUER)


def test_an_old_trust_bundle_is_used_and_said_to_be_old(es256: Desk) -> None:
    at_limit, over = (es256.keys.trust(at=NOW - age) for age in (7 * DAY, 7 * DAY + HOUR))
    assert es256.verify(trust=at_limit).tone is Tone.GREEN
    answer = es256.verify(trust=over)
    assert (answer.outcome, answer.tone) == (Outcome.VALID, Tone.AMBER)
    assert answer.trust_age == 7 * DAY + HOUR


def test_a_bundle_older_than_one_seen_is_refused(es256: Desk) -> None:
    memory = Memory()
    assert es256.verify(trust=es256.keys.trust(version=4), memory=memory).outcome is Outcome.VALID
    assert memory.trust_version == 4
    with pytest.raises(BadTrust, match="older than 4"):
        es256.verify(trust=es256.keys.trust(version=3), memory=memory)
    with pytest.raises(BadTrust):
        TrustBundle.load(
            es256.keys.bundle(3), es256.keys.root.public_key, not_older_than=memory.trust_version
        )


def test_a_clock_before_the_bundle_was_made_is_behind_and_is_said_to_be(es256: Desk) -> None:
    before = NOW - DAY - timedelta(seconds=61)
    code = es256.phone.show(before)
    with pytest.raises(Invalid, match="clock is behind"):
        es256.verify(code, now=before, memory=Memory())


def test_a_question_about_the_past_is_answered_with_the_newest_bundle(es256: Desk) -> None:
    before = NOW - timedelta(minutes=5)
    answer = es256.verify(es256.phone.show(before), now=before, trust=es256.keys.trust(at=NOW))
    assert answer.outcome is Outcome.VALID


def test_what_a_compromised_key_signed_since_is_refused_and_what_it_signed_before_is_not(es256: Desk) -> None:
    document, status = es256.keys.entries
    signed_at = es256.world.claims().iat
    for compromised_at, outcome in ((signed_at + 1, Outcome.VALID), (signed_at, Outcome.FORGED)):
        entries = (replace(document, compromised_at=compromised_at), status)
        trust = TrustBundle.load(es256.keys.bundle(2, entries=entries), es256.keys.root.public_key)
        assert es256.verify(trust=trust).outcome is outcome


# --- memory -------------------------------------------------------------------------------------------


def test_with_a_memory_the_same_code_again_was_already_shown(desk: Desk) -> None:
    memory, code = Memory(), desk.phone.show(NOW)
    assert desk.verify(code, memory=memory).outcome is Outcome.VALID
    again = desk.verify(code, memory=memory, now=NOW + timedelta(seconds=20))
    assert (again.outcome, again.answer.holder) == (Outcome.ALREADY_SHOWN, None)
    assert desk.verify(code).outcome is Outcome.VALID  # without one it cannot be known


def test_the_memory_forgets_what_could_not_pass_as_fresh_any_more(es256: Desk) -> None:
    memory = Memory()
    es256.verify(memory=memory)
    es256.verify(
        es256.phone.show(NOW + 5 * timedelta(minutes=1)), memory=memory, now=NOW + timedelta(minutes=5)
    )
    assert len(memory.shown) == 1


def test_a_clock_behind_by_the_skew_is_not_behind(es256: Desk) -> None:
    trust = es256.keys.trust()
    made = datetime.fromtimestamp(trust.issued_at, UTC)
    memory = Memory()
    memory.meet(trust, -timedelta(seconds=Lives().skew), Lives())
    assert memory.trust_version == trust.version
    with pytest.raises(Invalid, match="clock is behind"):
        Memory().meet(trust, (made - timedelta(seconds=Lives().skew + 1)) - made, Lives())


def test_a_showing_is_remembered_to_the_end_of_its_last_second(es256: Desk) -> None:
    showing = Verifier(es256.keys.trust()).open(es256.phone.show(NOW), NOW)
    memory = Memory()
    assert memory.take(showing, NOW, NOW)
    assert not memory.take(showing, NOW, NOW)
    assert memory.take(showing, NOW, NOW + timedelta(seconds=1))


def test_the_memory_of_standings_is_bounded(es256: Desk) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(offline, "_MOST_STANDINGS", 3)
        memory = Memory(standings={bytes((n,)): n for n in range(5)})
        es256.verify(memory=memory)
    assert list(memory.standings) == [bytes((3,)), bytes((4,)), es256.world.licence_id.uuid.bytes]


def test_a_status_older_than_one_seen_is_not_taken(desk: Desk) -> None:
    memory = Memory()
    desk.phone.snapshot = desk.world.snapshot(status="D", may_drive=False, standing_version=6)
    assert desk.verify(memory=memory).outcome is Outcome.MAY_NOT_DRIVE
    desk.phone.snapshot = desk.world.snapshot(status="A", standing_version=5)
    answer = desk.verify(memory=memory)
    assert (answer.outcome, answer.tone) == (Outcome.STATUS_SUPERSEDED, Tone.RED)
    assert answer.answer.holder is not None


# --- time and bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age_s", "outcome"),
    [
        (-61, Outcome.CLOCK_AHEAD),
        (-60, Outcome.VALID),
        (90, Outcome.VALID),
        (91, Outcome.TOO_OLD),
        (10**7, Outcome.TOO_OLD),
    ],
)
def test_fresh_is_a_window_with_skew(es256: Desk, age_s: int, outcome: Outcome) -> None:
    code = es256.phone.show(NOW - timedelta(seconds=age_s))
    assert es256.verify(code).outcome is outcome


def test_the_lives_are_settings(es256: Desk) -> None:
    code = es256.phone.show(NOW - timedelta(seconds=91))
    assert es256.verify(code, lives=Lives(accepted=60)).outcome is Outcome.VALID


@pytest.mark.parametrize(("offset_s", "outcome"), [(-1, Outcome.VALID), (0, Outcome.NOT_IN_FORCE)])
def test_the_last_day_of_validity_ends_at_midnight_in_china(
    es256: Desk, offset_s: int, outcome: Outcome
) -> None:
    midnight = NOW.replace(hour=16, minute=0)  # 24:00 of 20 November at +08:00
    claims = replace(es256.world.claims(), valid_until=NOW.date())
    es256.phone.keep(es256.world.sign(claims)[1], es256.world.snapshot())
    now = midnight + timedelta(seconds=offset_s)
    assert es256.verify(es256.phone.show(now), now=now).outcome is outcome


def test_a_code_cut_anywhere_is_never_taken_and_never_crashes(es256: Desk) -> None:
    code = es256.phone.show(NOW)
    for length in range(0, len(code), 7):
        answer = es256.verify(code[:length] or " ")
        assert answer.outcome in (Outcome.UNREADABLE, Outcome.FORGED)
        assert answer.answer.holder is None


@pytest.mark.parametrize(
    "code",
    [
        "https://example.com/LZ1:",
        "wxp://f2f0",
        "lz1:" + "a" * 300,
        "LZ1:",
        "LZ1:" + "é" * 30,
        "LZ1:" + ":::" * 300,
        "LZ1:" + "X" * 1_000_000,
        "LZ1:" + base45.encode(b"\x9b" + b"\xff" * 8),
        "LZ1:" + base45.encode(b"\x85" * 500),
        "LZ1:" + base45.encode(b"\x85\x5b\x7f\xff\xff\xff\xff\xff\xff\xff" + bytes(100)),
        "LZ1:" + base45.encode(b"\x5f" * 600),
        "LZ1:" + base45.encode(b"\xc0" * 600),
    ],
    ids=lambda code: code[:16],
)
def test_garbage_and_bombs_are_unreadable_with_a_reason(es256: Desk, code: str) -> None:
    answer = es256.verify(code)
    assert (answer.outcome, answer.answer.step, answer.tone) == (Outcome.UNREADABLE, Step.DECODES, Tone.AMBER)
    assert answer.answer.why


@given(st.data())
def test_a_code_with_one_octet_changed_is_never_valid(data: st.DataObject) -> None:
    desk = Desk(signers())
    octets = bytearray(base45.decode(desk.phone.show(NOW)[4:]))
    place = data.draw(st.integers(0, len(octets) - 1))
    octets[place] ^= data.draw(st.integers(1, 255))
    answer = desk.verify("LZ1:" + base45.encode(bytes(octets)))
    assert answer.outcome in (Outcome.UNREADABLE, Outcome.FORGED, Outcome.TOO_OLD, Outcome.CLOCK_AHEAD)
    assert answer.answer.holder is None


def test_importing_the_public_api_loads_no_database_driver_and_no_web_framework() -> None:
    program = "import sys, liangzheng; liangzheng.verify_offline; print(*sys.modules)"
    environment = {"PYTHONPATH": "src"}
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    loaded = ran.stdout.split()
    assert "cbor2" in loaded  # the check sees third parties at all
    heavy = {"asyncpg", "fastapi", "starlette", "pydantic", "uvicorn", "uvloop", "typer", "msgspec", "httpx"}
    assert not heavy & {name.partition(".")[0] for name in loaded}
    assert not [name for name in loaded if name.startswith("liangzheng.infra")]
