"""The 亮码, shown to the verifier as it is: every case of showings.py, and what a verdict holds."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import liangzheng
from liangzheng.standards import base45, cbor, livecode
from liangzheng.standards.errors import Malformed
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.livecode import (
    CredentialClaims,
    Lives,
    NotVerifiedStep,
    Outcome,
    Seen,
    Showing,
    Step,
    TrustBundle,
    Verified,
    Verifier,
    build_code,
)
from tests.standards.making import AT, CLAIMS, DAY, HOUR, NOW, SNAPSHOT, deployment
from tests.standards.showings import CASES, LIVE, Case, come_of, made, octets_of, parts_of

both = pytest.mark.parametrize("alg", list(Alg))
ES256 = deployment(Alg.ES256)


@both
@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES)), ids=[str(case) for case in CASES])
def test_a_showing_comes_to_what_it_must(alg: Alg, number: int, case: Case) -> None:
    place = deployment(alg)
    step, outcome, _ = come_of(
        livecode,
        lambda octets: TrustBundle.load(octets, place.root.public_key),
        place,
        made(alg, number),
    )
    assert (step, outcome) == (case.step and str(case.step), str(case.outcome))


def test_every_step_has_a_case_that_fails_at_it() -> None:
    assert {case.step for case in CASES} == {None, *Step}
    assert {case.outcome for case in CASES} == set(Outcome)


def test_the_steps_have_their_names_and_order() -> None:
    assert [str(step) for step in Step] == [
        "decodes", "trusted issuer", "issuer signature", "in force", "device signature", "fresh",
        "first showing", "snapshot", "class", "purpose",
    ]  # fmt: skip


def test_the_first_step_that_fails_is_the_one_that_is_named() -> None:
    """Everything wrong at once, put right one step after the other."""
    place = ES256
    stranger = SoftwareSigner.generate(Alg.ES256)
    past = {"exp": AT - 1}
    code = place.code(place.credential(stranger, **past), b"junk", shown_at=AT - DAY, phone=stranger)
    seen = [code[:-1], code]
    wrong = place.claims(**past)
    tbs = livecode.credential_to_be_signed(wrong, Alg.ES256, place.jiangsu.kid)
    forged = livecode.seal(tbs, stranger.sign(tbs))
    seen.append(place.code(forged, b"junk", shown_at=AT - DAY, phone=stranger))
    seen.append(place.code(place.credential(**past), b"junk", shown_at=AT - DAY, phone=stranger))
    seen.append(place.code(None, b"junk", shown_at=AT - DAY, phone=stranger))
    seen.append(place.code(None, b"junk", shown_at=AT - DAY))
    seen.append(place.code(None, b"junk"))
    failed = []
    for one in seen:
        with pytest.raises(NotVerifiedStep) as failure:
            place.verifier.verify(one, NOW, want_class="C1", purpose="x")
        failed.append(failure.value.step)
    assert failed == [
        Step.DECODES, Step.TRUSTED_ISSUER, Step.ISSUER_SIGNATURE, Step.IN_FORCE, Step.DEVICE_SIGNATURE, Step.FRESH,
        Step.SNAPSHOT,
    ]  # fmt: skip


@both
def test_a_verdict_holds_what_was_signed_and_how_old_it_is(alg: Alg) -> None:
    place = deployment(alg)
    verified = place.verifier.verify(place.code(snapshot=place.snapshot()), NOW)
    assert verified.claims == place.claims()
    assert verified.standing == SNAPSHOT
    assert (verified.live, verified.standing_age_s, verified.amber, verified.snapshot_ran_out) == (
        False, HOUR, False, False,
    )  # fmt: skip
    assert (verified.want_class, verified.class_allowed) == (None, None)
    assert (verified.trust_version, verified.trust_age_s) == (7, HOUR)
    assert (verified.showing.age_s, verified.showing.issuer_kid) == (5, place.jiangsu.kid)
    assert verified.showing.signed == livecode.credential_to_be_signed(place.claims(), alg, place.jiangsu.kid)


def test_a_snapshot_turns_amber_after_a_day_and_runs_out_at_its_end() -> None:
    ages = {HOUR: (False, False), DAY: (False, False), DAY + 1: (True, False), 71 * HOUR: (True, False)}
    for age, (amber, ran_out) in ages.items():
        snapshot = ES256.snapshot(as_of=AT - age, exp=AT - age + 72 * HOUR)
        verified = ES256.verifier.verify(ES256.code(snapshot=snapshot), NOW)
        assert (verified.amber, verified.snapshot_ran_out, verified.outcome) == (
            amber,
            ran_out,
            Outcome.VALID,
        )
    snapshot = ES256.snapshot(as_of=AT - 72 * HOUR, exp=AT)
    verified = ES256.verifier.verify(ES256.code(snapshot=snapshot), NOW)
    assert (verified.standing, verified.standing_age_s, verified.amber) == (None, None, False)
    assert verified.snapshot_ran_out


def test_a_live_standing_is_never_amber() -> None:
    old = replace(LIVE, as_of=AT - 3 * DAY)
    verifier = ES256.verifier
    verified = verifier.conclude(verifier.open(ES256.code(), NOW), NOW, first_showing=True, live=old)
    assert (verified.live, verified.amber, verified.standing) == (True, False, old)


def test_a_failure_says_its_step_and_why() -> None:
    with pytest.raises(NotVerifiedStep) as failure:
        ES256.verifier.verify(ES256.code(shown_at=AT - 91), NOW)
    assert str(failure.value) == "fresh: made 91 s ago"
    assert (failure.value.step, failure.value.why) == (Step.FRESH, "made 91 s ago")


def test_the_answer_about_a_class_is_the_tables() -> None:
    asked: list[tuple[str, str]] = []

    def allows(held: str, wanted: str) -> bool:
        asked.append((held, wanted))
        return wanted == "C2"

    for wanted in ("C2", "A1"):
        verified = ES256.verifier.verify(ES256.code(), NOW, want_class=wanted, allows=allows)
        assert (verified.want_class, verified.class_allowed) == (wanted, wanted == "C2")
    assert asked == [("C1", "C2"), ("C1", "A1")]


def test_the_lives_are_settings() -> None:
    code = ES256.code(shown_at=AT - 100)
    with pytest.raises(NotVerifiedStep):
        Verifier(ES256.trust).verify(code, NOW)
    Verifier(ES256.trust, Lives(accepted=40)).verify(code, NOW)
    with pytest.raises(NotVerifiedStep):
        Verifier(ES256.trust, Lives(accepted=40, skew=59)).verify(code, NOW)
    with pytest.raises(NotVerifiedStep):
        Verifier(ES256.trust, Lives(credential=DAY)).verify(ES256.code(), NOW)
    with pytest.raises(NotVerifiedStep):
        Verifier(ES256.trust, Lives(snapshot=HOUR)).verify(ES256.code(snapshot=ES256.snapshot()), NOW)


def test_a_verdict_cannot_be_made_by_anybody_else() -> None:
    verified = ES256.verifier.verify(ES256.code(), NOW)
    made_up = {name: getattr(verified, name) for name in Verified.__slots__}
    for mint in (None, object(), True):
        with pytest.raises(TypeError):
            Verified(mint=mint, **made_up)
        with pytest.raises(TypeError):
            Showing(mint=mint, code=verified.showing.code, age_s=0.0)
    with pytest.raises(TypeError):
        Verified(**made_up)
    with pytest.raises((TypeError, ValueError)):
        replace(verified, class_allowed=True)
    with pytest.raises(AttributeError):
        verified.class_allowed = True  # type: ignore[misc]
    for value in (verified, verified.showing):
        with pytest.raises(TypeError):
            copy.copy(value)
        with pytest.raises(TypeError):
            pickle.dumps(value)


def test_only_the_verifier_mints() -> None:
    """The name that makes a verdict stands in two files: where it is defined and where the steps are."""
    root = Path(liangzheng.__file__).parent
    holders = {
        str(file.relative_to(root))
        for file in root.rglob("*.py")
        if "MINT" in file.read_text(encoding="utf-8")
    }
    assert holders == {"standards/livecode.py", "standards/verdict.py"}


def test_a_naive_clock_is_a_bug_and_says_so() -> None:
    with pytest.raises(ValueError, match="time zone"):
        ES256.verifier.verify(ES256.code(), NOW.replace(tzinfo=None))


def test_no_failure_holds_a_name_or_number() -> None:
    for number, case in enumerate(CASES):
        if case.step is None:
            continue
        _, _, failure = come_of(
            livecode,
            lambda octets: TrustBundle.load(octets, ES256.root.public_key),
            ES256,
            made(Alg.ES256, number),
        )
        text = str(failure) + repr(failure)
        assert not [personal for personal in ("张示例", "1234", "李示例", "3205") if personal in text], (
            case.name
        )


def test_a_credential_alone_is_checked_up_to_in_force() -> None:
    verifier = ES256.verifier
    assert verifier.check_credential(ES256.credential(), NOW) == ES256.claims()
    for credential, step in (
        (b"junk", Step.DECODES),
        (ES256.credential(ES256.status), Step.TRUSTED_ISSUER),
        (ES256.credential()[:-1] + bytes((ES256.credential()[-1] ^ 1,)), Step.ISSUER_SIGNATURE),
        (ES256.credential(exp=AT), Step.IN_FORCE),
    ):
        with pytest.raises(NotVerifiedStep) as failure:
            verifier.check_credential(credential, NOW)
        assert failure.value.step is step


def test_a_showing_is_known_by_key_time_and_nonce() -> None:
    def showing(code: str) -> Showing:
        return ES256.verifier.open(code, NOW)

    first = showing(ES256.code())
    assert len(first.id) == 16
    assert showing(ES256.code(ES256.credential(version=2))).id == first.id
    assert showing(ES256.code(snapshot=ES256.snapshot())).id == first.id
    assert len({first.id, showing(ES256.code(nonce=bytes(8))).id, showing(ES256.code(shown_at=AT)).id}) == 3


def test_a_code_is_not_built_with_another_key_nonce_or_time() -> None:
    credential = ES256.credential()
    with pytest.raises(Malformed):
        build_code(credential, None, AT, bytes(7), ES256.phone)
    with pytest.raises(Malformed):
        build_code(credential, None, AT, bytes(8), SoftwareSigner.generate(Alg.SM2))
    for when in (65536, (1 << 32) - 1):
        build_code(credential, None, when, bytes(8), ES256.phone)
    for when in (-1, 65535, 1 << 32):
        with pytest.raises(Malformed):
            build_code(credential, None, when, bytes(8), ES256.phone)


def test_a_memory_forgets_what_could_not_be_shown_again() -> None:
    seen = Seen(most=3)
    assert [seen.note(bytes((n,)), None, 100, 10) for n in range(3)] == [True] * 3
    assert [seen.note(bytes((n,)), None, 100, 100) for n in range(3)] == [False] * 3
    with pytest.raises(NotVerifiedStep):
        seen.note(b"\x03", None, 200, 100)
    assert seen.note(b"\x03", None, 200, 101)
    assert seen.note(b"\x00", None, 200, 102)


def test_a_code_longer_than_any_is_not_read() -> None:
    for length, why in ((livecode.MAX_CHARACTERS, "not an array"), (livecode.MAX_CHARACTERS + 1, "too long")):
        with pytest.raises(NotVerifiedStep, match=why):
            ES256.verifier.verify("LZ1:".ljust(length, "0"), NOW)


def test_the_first_time_a_code_can_have_is_read() -> None:
    """It fails later: no credential of today was in force then."""
    with pytest.raises(NotVerifiedStep) as failure:
        ES256.verifier.verify(ES256.code(shown_at=65536), datetime.fromtimestamp(65536, UTC))
    assert failure.value.step is Step.IN_FORCE


def test_the_phone_signs_what_stands_before_its_signature() -> None:
    """The octets are spelled out here once, away from the code that makes them."""
    code = ES256.code(snapshot=ES256.snapshot())
    credential, snapshot, shown_at, nonce, signature = parts_of(code)
    ES256.phone.public_key.verify(cbor.encode(["LZ1", credential, snapshot, shown_at, nonce]), signature)


@both
@given(st.integers(0, 1 << 20), st.booleans())
def test_a_flipped_bit_is_never_accepted(alg: Alg, bit: int, with_snapshot: bool) -> None:
    place = deployment(alg)
    whole = FLIPPED[alg, with_snapshot]
    bit %= 8 * len(whole)
    changed = bytearray(whole)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(NotVerifiedStep):
        place.verifier.verify("LZ1:" + base45.encode(bytes(changed)), NOW)


FLIPPED = {
    (alg, full): octets_of(deployment(alg).code(snapshot=deployment(alg).snapshot() if full else None))
    for alg in Alg
    for full in (False, True)
}


@given(st.integers(0, 2000), st.integers(0, 2000), st.text(max_size=8))
def test_a_text_cut_and_mended_is_never_accepted(start: int, end: int, put_in: str) -> None:
    code = TEXT
    start, end = sorted((start % (len(code) + 1), end % (len(code) + 1)))
    changed = code[:start] + put_in + code[end:]
    if changed == code:
        return
    with pytest.raises(NotVerifiedStep):
        ES256.verifier.verify(changed, NOW)


TEXT = ES256.code(snapshot=ES256.snapshot())


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda octets: "LZ1:" + base45.encode(octets)))
def test_anything_at_all_is_refused_at_the_first_step(text: str) -> None:
    with pytest.raises(NotVerifiedStep) as failure:
        ES256.verifier.verify(text, NOW)
    assert failure.value.step is Step.DECODES


@given(st.integers(0, 4), st.integers(0, 4))
def test_parts_of_two_real_codes_never_make_a_third(first: int, second: int) -> None:
    mine = parts_of(ES256.code(snapshot=ES256.snapshot()))
    theirs = parts_of(OTHERS)
    mixed = [theirs[n] if n in (first, second) else mine[n] for n in range(5)]
    if mixed in (mine, theirs):
        return
    code = "LZ1:" + base45.encode(cbor.encode(mixed))
    with pytest.raises(NotVerifiedStep):
        ES256.verifier.verify(code, NOW)


OTHER_PHONE = SoftwareSigner.generate(Alg.ES256)
OTHERS = ES256.code(
    ES256.credential(licence_id=bytes(16), phone_key=OTHER_PHONE.public_key.compressed),
    ES256.snapshot(licence_id=bytes(16)),
    shown_at=AT - 7,
    nonce=b"othersot",
    phone=OTHER_PHONE,
)


def test_the_other_code_is_itself_good() -> None:
    """Without this the test above could not fail for the reason it is there."""
    assert ES256.verifier.verify(OTHERS, NOW).outcome is Outcome.VALID


@both
def test_a_rollover_of_keys_leaves_old_credentials_good_and_new_ones_too(alg: Alg) -> None:
    place = deployment(alg)
    new = SoftwareSigner.generate(alg)
    retired = place.entry(place.jiangsu, signed_until=AT - 10 * DAY)
    following = replace(
        retired,
        certificate=place.certificate(new, retired.role),
        signed_from=AT - 10 * DAY,
        signed_until=AT + 20 * DAY,
    )
    trust = place.trusting(retired, following)
    Verifier(trust).verify(place.code(place.credential()), NOW)
    Verifier(trust).verify(place.code(place.credential(new, iat=AT - DAY)), NOW)
    with pytest.raises(NotVerifiedStep):
        Verifier(trust).verify(place.code(place.credential(iat=AT - DAY)), NOW)
    with pytest.raises(NotVerifiedStep):
        Verifier(trust).verify(place.code(place.credential(new)), NOW)


def test_clock_skew_on_either_side_is_told_apart_at_every_second() -> None:
    for offset in range(-95, 66):
        code = ES256.code(shown_at=AT + offset)
        try:
            told = ES256.verifier.verify(code, NOW).outcome
        except NotVerifiedStep as failure:
            told = failure.outcome
        expected = (
            Outcome.TOO_OLD
            if offset < -90
            else Outcome.CLOCK_AHEAD
            if offset > 60
            else Outcome.STATUS_NOT_CHECKED
        )
        assert told is expected, offset


def test_a_code_is_taken_once_in_all_the_seconds_of_an_hour() -> None:
    verifier = ES256.verifier
    code = ES256.code(shown_at=AT)
    taken = 0
    for second in range(-120, 3600):
        try:
            verifier.verify(code, NOW + timedelta(seconds=second))
        except NotVerifiedStep:
            continue
        taken += 1
    assert taken == 1


def test_the_claims_are_the_issuers_whatever_the_phone_adds() -> None:
    verified = ES256.verifier.verify(ES256.code(snapshot=ES256.snapshot()), NOW)
    assert isinstance(verified.claims, CredentialClaims)
    assert verified.claims.phone_key == ES256.phone.public_key.compressed
    assert replace(verified.claims, phone_key=CLAIMS.phone_key) == CLAIMS
