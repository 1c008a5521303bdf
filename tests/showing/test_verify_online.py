"""Online verification on a real database, with real signatures: each test changes one thing of a valid
showing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest

from liangzheng import audit, drivers
from liangzheng.cli.phone import Phone
from liangzheng.infra import epochs
from liangzheng.infra.postgres import Database
from liangzheng.infra.settings import Settings
from liangzheng.kernel.classes import DrivingClass
from liangzheng.kernel.errors import Forbidden, Invalid, NotAuthenticated
from liangzheng.kernel.ids import DriverId, LicenceId
from liangzheng.kernel.status import DEFAULT_POLICY, Display, StatusLetter, StatusPolicy
from liangzheng.showing import Answer, Ask, Verifier, end_verifier, verify
from liangzheng.showing.model import Because, Reason, Tone
from liangzheng.standards.keys import Alg
from liangzheng.standards.livecode import Outcome, Step
from tests.showing.world import MASKED, NOW, WHOLE_NUMBER, World, signers

BOTH = pytest.mark.parametrize("world", [Alg.ES256, Alg.SM2], indirect=True)


async def ask(
    world: World,
    who: Verifier,
    code: str | None = None,
    *,
    request: str = "request-1",
    purpose: str | None = None,
    want: DrivingClass | None = None,
    now: datetime | None = None,
    policy: StatusPolicy = DEFAULT_POLICY,
) -> Answer:
    purposes = {"police": "roadside-check", "company": "rental", "public": "general"}
    question = Ask(code or world.phone.show(world.now), request, purpose or purposes[who.kind], want)
    return await verify(world.database, world.trust, world.lives, who, question, now or world.now, policy)


def because(answer: Answer) -> list[Because]:
    return [reason.because for reason in answer.decision.reasons]


@BOTH
async def test_a_fresh_code_of_a_driver_in_order_is_valid(world: World, officer: Verifier) -> None:
    answer = await ask(world, officer, want=DrivingClass.C2)
    assert (answer.outcome, answer.decision.tone) == (Outcome.VALID, Tone.GREEN)
    assert answer.holder is not None
    assert (answer.holder.name, answer.holder.number) == ("样本甲", WHOLE_NUMBER)
    assert answer.standing is not None
    assert (str(answer.standing.status), answer.standing.points, answer.standing.version) == ("A", 3, 5)
    assert answer.standing.display is Display.NORMAL
    assert answer.class_held is True
    assert answer.portrait_of == world.driver_id


async def test_a_company_hears_what_the_code_discloses_and_no_more(world: World, company: Verifier) -> None:
    answer = await ask(world, company, want=DrivingClass.C1)
    assert answer.outcome is Outcome.VALID
    assert answer.holder is not None and answer.holder.number == MASKED
    assert answer.standing is not None
    assert (answer.standing.may_drive, answer.standing.status, answer.standing.points) == (True, None, None)
    assert answer.portrait_of is None
    assert WHOLE_NUMBER not in repr(answer)


# --- live knowledge -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "word"), [("D", "暂扣"), ("B", "记满12分"), ("BDJ", "停止使用"), ("F", "吊销")]
)
async def test_a_status_that_forbids_driving_is_named(
    world: World, officer: Verifier, status: str, word: str
) -> None:
    await world.change(status=status, points=12)
    answer = await ask(world, officer)
    assert answer.outcome is Outcome.MAY_NOT_DRIVE
    assert word in [r.letter.shown_as for r in answer.decision.reasons if r.letter]
    assert answer.standing is not None and (answer.standing.points, answer.standing.version) == (12, 6)
    assert answer.holder is not None


async def test_an_extended_licence_is_shown_as_normal_and_may_not_drive(
    world: World, officer: Verifier
) -> None:
    await world.change(status="N", extended_until=date(2026, 12, 1))
    answer = await ask(world, officer)
    assert answer.standing is not None
    assert (answer.standing.display, answer.standing.may_drive) == (Display.NORMAL, False)
    assert answer.outcome is Outcome.MAY_NOT_DRIVE


@pytest.mark.parametrize("pending", ["H", "I", "HI"])
async def test_unhandled_violations_and_accidents_do_not_forbid_driving(
    world: World, officer: Verifier, pending: str
) -> None:
    await world.change(status=pending)
    assert (await ask(world, officer)).outcome is Outcome.VALID


async def test_what_a_letter_does_is_what_the_deployment_says(world: World, officer: Verifier) -> None:
    await world.change(status="L")
    assert (await ask(world, officer)).outcome is Outcome.MAY_NOT_DRIVE
    policy = Settings.from_env({"LZ_STATUS_EFFECTS": "L=message+drive"}).status_policy
    answer = await ask(world, officer, policy=policy)
    assert answer.outcome is Outcome.VALID
    assert answer.standing is not None and answer.standing.may_drive


async def test_live_wins_over_an_older_snapshot_in_the_code(world: World, officer: Verifier) -> None:
    world.phone.snapshot = world.snapshot(status="A", standing_version=5)
    await world.change(status="D")
    answer = await ask(world, officer)
    assert answer.outcome is Outcome.MAY_NOT_DRIVE
    assert answer.standing is not None and answer.standing.version == 6


async def test_a_register_older_than_a_genuine_snapshot_is_not_believed(
    world: World, officer: Verifier
) -> None:
    """A restored backup (T18): the phone proves that the register knew more once."""
    world.phone.snapshot = world.snapshot(status="A", standing_version=9)
    answer = await ask(world, officer)
    assert (answer.outcome, because(answer)) == (Outcome.STATUS_NOT_CHECKED, [Because.REGISTER_BEHIND])
    world.phone.snapshot = world.snapshot(status="D", may_drive=False, standing_version=9)
    answer = await ask(world, officer)
    assert (answer.outcome, because(answer)) == (
        Outcome.MAY_NOT_DRIVE,
        [Because.STATUS, Because.REGISTER_BEHIND],
    )
    assert answer.standing is not None and answer.standing.version == 9
    assert answer.decision.reasons[0].letter is StatusLetter.SUSPENDED
    # A letter this register does not know is named by no letter, and is a no all the same.
    world.phone.snapshot = world.snapshot(status="Q", may_drive=False, standing_version=9)
    assert (await ask(world, officer)).decision.reasons[0] == Reason(Because.STATUS)


async def restore(world: World) -> None:
    """As `./lz restore` leaves it: a new epoch, every version raised, nobody has read the register again."""
    async with world.database.transaction() as tx:
        await epochs.begin(tx, world.now, uuid4(), world.now - timedelta(days=1))
        await drivers.raise_versions(tx)


async def test_after_a_restore_no_standing_is_sure_until_the_register_was_read_again(
    world: World, officer: Verifier
) -> None:
    """T18: what became of the driver since the backup is not known, so the best word is "not checked"."""
    await restore(world)
    answer = await ask(world, officer)
    assert (answer.outcome, because(answer)) == (Outcome.STATUS_NOT_CHECKED, [Because.REGISTER_BEHIND])
    assert answer.holder is not None and answer.holder.number == WHOLE_NUMBER
    # What the backup knows against the driver is said all the same.
    await world.change(status="D")
    answer = await ask(world, officer, request="request-2", now=world.now + timedelta(seconds=1))
    assert (answer.outcome, because(answer)) == (
        Outcome.MAY_NOT_DRIVE, [Because.STATUS, Because.REGISTER_BEHIND],
    )  # fmt: skip
    await world.change(status="A")
    async with world.database.transaction() as tx:
        await epochs.confirm(tx, "register", world.now)
    assert (await ask(world, officer, request="request-3")).outcome is Outcome.VALID


async def test_a_suspension_of_after_the_backup_is_seen_in_the_phone_s_snapshot(
    world: World, officer: Verifier
) -> None:
    """The restore raised every version; what was signed before it is compared as if it had not, until it is certain."""
    await restore(world)
    world.phone.snapshot = world.snapshot(status="D", may_drive=False, standing_version=6)
    answer = await ask(world, officer)
    assert (answer.outcome, because(answer)) == (
        Outcome.MAY_NOT_DRIVE, [Because.STATUS, Because.REGISTER_BEHIND],
    )  # fmt: skip
    # One the backup knew says nothing new.
    world.phone.snapshot = world.snapshot(status="D", may_drive=False, standing_version=5)
    assert (await ask(world, officer)).outcome is Outcome.STATUS_NOT_CHECKED
    async with world.database.transaction() as tx:
        await epochs.confirm(tx, "register", world.now)
    world.phone.snapshot = world.snapshot(status="D", may_drive=False, standing_version=6)
    assert (await ask(world, officer)).outcome is Outcome.VALID


async def test_a_snapshot_as_new_as_the_register_says_nothing_against_it(
    world: World, officer: Verifier
) -> None:
    world.phone.snapshot = world.snapshot(status="A", standing_version=5)
    assert because(await ask(world, officer)) == []


async def test_digits_are_judged_fresh_when_they_were_handed_in(world: World, officer: Verifier) -> None:
    code, later = world.phone.show(world.now), world.now + timedelta(minutes=3)
    late = Ask(code, "request-1", "roadside-check", handed_in_at=world.now)
    answer = await verify(world.database, world.trust, world.lives, officer, late, later)
    assert answer.outcome is Outcome.VALID
    late = Ask(world.phone.show(world.now), "request-2", "roadside-check")
    answer = await verify(world.database, world.trust, world.lives, officer, late, later)
    assert answer.outcome is Outcome.TOO_OLD


async def test_the_first_day_is_inside_and_a_long_term_has_no_last(world: World, officer: Verifier) -> None:
    await world.change(valid_from=date(2026, 11, 20), valid_until=None, validity_term="L")
    assert (await ask(world, officer)).outcome is Outcome.VALID


async def test_a_forged_newer_snapshot_is_a_forgery_not_a_register_behind(
    world: World, officer: Verifier
) -> None:
    stranger = World(world.database, signers(name="stranger"), licence_id=world.licence_id)
    world.phone.snapshot = stranger.snapshot(standing_version=9)
    answer = await ask(world, officer)
    assert (answer.outcome, answer.step, answer.holder) == (Outcome.FORGED, Step.SNAPSHOT, None)


@pytest.mark.parametrize("standing_version", [1, 9])
async def test_a_snapshot_of_another_licence_is_refused_online_too(
    world: World, officer: Verifier, standing_version: int
) -> None:
    """Live standing takes its place, and yet no honest phone signs another licence's standing into its code."""
    other = World(world.database, world.keys)
    world.phone.snapshot = other.snapshot(standing_version=standing_version)
    answer = await ask(world, officer)
    assert (answer.outcome, answer.step, answer.holder) == (Outcome.FORGED, Step.SNAPSHOT, None)


async def test_a_snapshot_of_an_older_version_of_the_licence_gives_way_to_live_standing(
    world: World, officer: Verifier
) -> None:
    world.phone.snapshot = world.snapshot(version=2, standing_version=1)
    assert (await ask(world, officer)).outcome is Outcome.VALID


async def test_a_snapshot_that_is_no_snapshot_is_refused(world: World, officer: Verifier) -> None:
    world.phone.snapshot = b"\x84nonsense"
    assert (await ask(world, officer)).step is Step.SNAPSHOT


async def test_classes_are_those_of_the_live_register(world: World, officer: Verifier) -> None:
    assert (await ask(world, officer, want=DrivingClass.C1)).outcome is Outcome.VALID
    await world.change(classes="C2")
    answer = await ask(world, officer, want=DrivingClass.C1)
    assert (answer.outcome, because(answer)) == (Outcome.MAY_NOT_DRIVE, [Because.CLASS_NOT_HELD])


@pytest.mark.parametrize(
    ("held", "wanted", "outcome"),
    [
        ("A2", DrivingClass.C6, Outcome.VALID),
        ("C1", DrivingClass.C6, Outcome.MAY_NOT_DRIVE),
        ("D", DrivingClass.F, Outcome.VALID),
    ],
)
async def test_classes_follow_the_class_table(
    world: World, officer: Verifier, held: str, wanted: DrivingClass, outcome: Outcome
) -> None:
    await world.change(classes=held)
    assert (await ask(world, officer, want=wanted)).outcome is outcome


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"valid_until": date(2026, 11, 19)}, Because.VALIDITY_ENDED),
        ({"valid_from": date(2026, 11, 21), "valid_until": date(2036, 11, 21)}, Because.NOT_YET_VALID),
    ],
)
async def test_validity_is_the_live_register_s(
    world: World, officer: Verifier, columns: dict[str, object], reason: Because
) -> None:
    await world.change(**columns)
    answer = await ask(world, officer)
    assert (answer.outcome, because(answer)) == (Outcome.NOT_IN_FORCE, [reason])


async def test_the_last_day_of_validity_is_inside_to_its_end_in_china(
    world: World, officer: Verifier
) -> None:
    await world.change(valid_until=date(2026, 11, 20))
    last_second = datetime.fromisoformat("2026-11-20T23:59:59+08:00")
    world.now = last_second
    assert (await ask(world, officer)).outcome is Outcome.VALID
    world.now = last_second + timedelta(seconds=1)
    assert (await ask(world, officer)).outcome is Outcome.NOT_IN_FORCE


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("superseded", Because.CREDENTIAL_SUPERSEDED),
        ("ended", Because.CREDENTIAL_ENDED),
        ("withdrawn", Because.LICENCE_WITHDRAWN),
    ],
)
async def test_a_credential_that_is_no_longer_live_is_not_in_force(
    world: World, officer: Verifier, state: str, reason: Because
) -> None:
    await world.set_credential(state)
    answer = await ask(world, officer)
    assert (answer.outcome, because(answer)) == (Outcome.NOT_IN_FORCE, [reason])
    assert answer.portrait_of is None


async def test_a_licence_version_that_is_no_longer_live_is_not_in_force(
    world: World, officer: Verifier
) -> None:
    async with world.database.transaction() as tx:
        await tx.execute("UPDATE licence SET state = 'superseded', ended_at = now()")
    assert because(await ask(world, officer)) == [Because.CREDENTIAL_SUPERSEDED]


# --- forged -------------------------------------------------------------------------------------------


async def test_a_code_of_another_issuer_is_forged_at_trusted_issuer(world: World, officer: Verifier) -> None:
    stranger = World(world.database, signers(name="stranger"), phone=world.phone)
    world.phone.keep(stranger.sign()[1])
    answer = await ask(world, officer)
    assert (answer.outcome, answer.step, answer.holder) == (Outcome.FORGED, Step.TRUSTED_ISSUER, None)


async def test_a_changed_name_breaks_the_issuer_s_signature(world: World, officer: Verifier) -> None:
    credential = world.sign()[1]
    world.phone.keep(credential.replace("样本甲".encode(), "样本乙".encode()))
    assert (await ask(world, officer)).step is Step.ISSUER_SIGNATURE


async def test_a_copied_licence_on_another_phone_breaks_the_device_signature(
    world: World, officer: Verifier
) -> None:
    thief = Phone()
    thief.keep(world.sign()[1])
    answer = await ask(world, officer, thief.show(world.now))
    assert (answer.outcome, answer.step) == (Outcome.FORGED, Step.DEVICE_SIGNATURE)


@pytest.mark.parametrize("classes", ["A1A2", "C1"])
async def test_a_validly_signed_licence_that_was_never_issued_is_found_online(
    world: World, officer: Verifier, classes: str
) -> None:
    """T5: whoever can use the issuer's key still cannot write the issuing record."""
    phone = Phone()
    false = replace(world.claims(), classes=classes, phone_key=phone.public_key)
    phone.keep(world.sign(false)[1])
    answer = await ask(world, officer, phone.show(world.now))
    assert (answer.outcome, because(answer), answer.holder) == (Outcome.FORGED, [Because.NOT_ISSUED], None)


async def test_a_validly_signed_licence_with_a_place_nobody_has_is_found_online(
    world: World, officer: Verifier
) -> None:
    world.phone.keep(world.sign(replace(world.claims(), status_index=5))[1])
    answer = await ask(world, officer)
    assert because(answer) == [Because.NOT_ISSUED]
    assert [entry["act"] for entry in await world.audit_entries()] == ["verifier.added", "code.refused"]


# --- time and repetition ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age_s", "outcome"),
    [
        (-61, Outcome.CLOCK_AHEAD),
        (-60, Outcome.VALID),
        (0, Outcome.VALID),
        (90, Outcome.VALID),
        (91, Outcome.TOO_OLD),
        (86400 * 365 * 10, Outcome.NOT_IN_FORCE),
    ],
)
async def test_a_code_is_fresh_within_its_window_and_the_skew(
    world: World, officer: Verifier, age_s: int, outcome: Outcome
) -> None:
    code = world.phone.show(world.now)
    assert (await ask(world, officer, code, now=world.now + timedelta(seconds=age_s))).outcome is outcome


async def test_a_phone_whose_clock_is_ahead_is_told_so_and_is_no_forger(
    world: World, officer: Verifier
) -> None:
    world.phone.clock_off_s = 120
    answer = await ask(world, officer)
    assert (answer.outcome, answer.decision.tone, answer.step) == (
        Outcome.CLOCK_AHEAD,
        Tone.AMBER,
        Step.FRESH,
    )
    assert answer.why is not None and "120" in answer.why


async def test_the_same_code_a_second_time_was_already_shown(
    world: World, officer: Verifier, company: Verifier
) -> None:
    code = world.phone.show(world.now)
    assert (await ask(world, officer, code)).outcome is Outcome.VALID
    for who, request in ((officer, "request-2"), (company, "request-1")):
        answer = await ask(world, who, code, request=request)
        assert (answer.outcome, answer.step, answer.holder) == (
            Outcome.ALREADY_SHOWN,
            Step.FIRST_SHOWING,
            None,
        )


async def test_the_same_request_again_is_the_same_look_and_not_a_second_showing(
    world: World, officer: Verifier
) -> None:
    code = world.phone.show(world.now)
    first = await ask(world, officer, code)
    again = await ask(world, officer, code, now=world.now + timedelta(seconds=2))
    assert (again.outcome, again.verification_id) == (Outcome.VALID, first.verification_id)


async def test_the_same_request_again_is_answered_from_the_live_register(
    world: World, officer: Verifier
) -> None:
    code = world.phone.show(world.now)
    assert (await ask(world, officer, code)).outcome is Outcome.VALID
    await world.change(status="D")
    assert (await ask(world, officer, code)).outcome is Outcome.MAY_NOT_DRIVE


async def test_a_code_with_another_form_of_the_same_signature_is_the_same_code(
    world: World, officer: Verifier
) -> None:
    """ECDSA: with (r, s) also (r, n − s) holds, so a signature must never tell showings apart."""
    from liangzheng.standards import base45

    code = world.phone.show(world.now)
    octets = base45.decode(code[4:])
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    other = (order - int.from_bytes(octets[-32:], "big")).to_bytes(32, "big")
    twin = "LZ1:" + base45.encode(octets[:-32] + other)
    assert twin != code
    assert (await ask(world, officer, code)).outcome is Outcome.VALID
    assert (await ask(world, officer, twin, request="request-2")).outcome is Outcome.ALREADY_SHOWN


async def test_of_many_verifiers_at_once_exactly_one_gets_the_first_showing(
    world: World, officer: Verifier
) -> None:
    code = world.phone.show(world.now)
    answers = await asyncio.gather(*(ask(world, officer, code, request=f"request-{n}") for n in range(8)))
    outcomes = [answer.outcome for answer in answers]
    assert outcomes.count(Outcome.VALID) == 1
    assert outcomes.count(Outcome.ALREADY_SHOWN) == 7


# --- who asks, and what is recorded -------------------------------------------------------------------


async def test_a_purpose_a_verifier_has_not_is_forbidden_before_anything_is_read(
    world: World, company: Verifier
) -> None:
    with pytest.raises(Forbidden):
        await ask(world, company, purpose="roadside-check")
    assert await world.audit_entries() == []


async def test_a_verifier_ended_a_moment_ago_learns_nothing(world: World, officer: Verifier) -> None:
    await end_verifier(world.database, officer.id, world.now)
    with pytest.raises(NotAuthenticated):
        await ask(world, officer)
    async with world.database.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM verification") == 0


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with\nnewline", "全角字符全角字符"])
def test_a_request_key_has_its_form(key: str) -> None:
    with pytest.raises(Invalid):
        Ask("LZ1:", key, "general")


@pytest.mark.parametrize("length", [8, 64])
def test_a_request_key_may_have_any_length_between(length: int) -> None:
    assert Ask("LZ1:X", "a" * length, "rental").request_key == "a" * length


async def test_every_genuine_look_stands_in_the_driver_s_log_and_nothing_personal_with_it(
    world: World, officer: Verifier
) -> None:
    code = world.phone.show(world.now)
    answer = await ask(world, officer, code, want=DrivingClass.C1)
    await ask(world, officer, code, request="request-2")
    _, first, second = await world.audit_entries()
    assert answer.verification_id is not None
    for entry in (first, second):
        assert (entry["act"], entry["scope"], entry["actor"]) == (
            "code.verified",
            world.driver_id.uuid,
            officer.id.uuid,
        )
        assert (entry["purpose"], entry["bucket"]) == ("roadside-check", world.driver_id.bucket)
        text = str(entry)
        assert all(secret not in text for secret in ("样本甲", WHOLE_NUMBER, MASKED))
    detail = {"class": "C1", "credential": "live", "as_issued": True, "standing_version": 5}
    assert first["detail"] == detail | {"first": True}
    assert second["detail"] == detail | {"first": False, "class": None}


async def test_a_forged_attempt_is_recorded_with_its_step_and_without_a_driver(
    world: World, officer: Verifier
) -> None:
    thief = Phone()
    thief.keep(world.sign()[1])
    await ask(world, officer, thief.show(world.now))
    entry = (await world.audit_entries())[-1]
    assert (entry["act"], entry["scope"]) == ("code.refused", officer.id.uuid)
    assert entry["detail"] == {"step": "device signature", "outcome": "forged"}


async def test_what_was_recorded_is_sealed_with_everything_else(world: World, officer: Verifier) -> None:
    await ask(world, officer)
    await audit.seal(world.database, world.now)
    assert await audit.check(world.database) == []


async def test_the_bucket_the_statement_computes_is_that_of_the_id(database: Database, now: datetime) -> None:
    async with database.transaction() as tx:
        for _ in range(50):
            driver = DriverId.new()
            await audit.record(
                tx,
                act="a.b",
                actor=audit.Actor("system"),
                subject=LicenceId.new(),
                driver_id=driver,
                purpose="test",
                now=NOW,
            )
            bucket = await tx.fetchval("SELECT bucket FROM audit_entry WHERE scope = $1", driver.uuid)
            assert bucket == driver.bucket
