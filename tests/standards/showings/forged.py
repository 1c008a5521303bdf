"""Showings that decode and must not be taken, by the step that stops them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from liangzheng.standards import cbor, cose
from liangzheng.standards.claims import CredentialClaims
from liangzheng.standards.keys import Alg
from liangzheng.standards.verdict import Outcome, Step
from tests.standards.making import AT, CLAIMS, DAY, HOUR, LICENCE_ID, NOW, SNAPSHOT, Deployment
from tests.standards.showings.frame import (
    LIVE,
    MIDNIGHT,
    Make,
    Shown,
    case,
    cases,
    changed_cose,
    claiming,
    device_signed,
    other,
    parts_of,
    spliced,
    stranger,
    trusting,
    twin,
    under_header,
    with_credential,
    with_snapshot,
)

# trusted issuer.

cases(
    Step.TRUSTED_ISSUER,
    Outcome.FORGED,
    "a credential signed by",
    {
        "a key nobody knows": lambda place: with_credential(place, place.credential(stranger(place.alg))),
        "the status signer": lambda place: with_credential(place, place.credential(place.status)),
        "the root": lambda place: with_credential(place, place.credential(place.root)),
        "the phone": lambda place: with_credential(place, place.credential(place.phone)),
        "another province's signer": lambda place: with_credential(place, place.credential(place.zhejiang)),
        "its own signer for another province": lambda place: with_credential(
            place, place.credential(issuer="CN-33")
        ),
        "a signer that was taken from the list": lambda place: Shown(
            place.code(snapshot=place.snapshot()),
            bundle=trusting(place, place.entry(place.zhejiang), place.entry(place.status)),
        ),
        "the other profile's signer": lambda place: with_credential(
            place, place.credential(other(place).jiangsu)
        ),
        "its signer before its window": lambda place: with_credential(
            place, place.credential(iat=AT - 45 * DAY - 1)
        ),
        "its signer after its window": lambda place: Shown(
            place.code(snapshot=place.snapshot()),
            bundle=trusting(
                place, place.entry(place.jiangsu, signed_until=CLAIMS.iat - 1), place.entry(place.status)
            ),
        ),
        "its signer in the second it was compromised": lambda place: Shown(
            place.code(snapshot=place.snapshot()),
            bundle=trusting(
                place, place.entry(place.jiangsu, compromised_at=CLAIMS.iat), place.entry(place.status)
            ),
        ),
    },
)


# issuer signature.


def _resigned(signature: Callable[[bytes, Deployment], bytes]) -> Make:
    return changed_cose(lambda parts, place: parts.__setitem__(3, signature(parts[3], place)))


cases(
    Step.ISSUER_SIGNATURE,
    Outcome.FORGED,
    "a credential with",
    {
        "a stranger's signature under the right key id": lambda place: with_credential(
            place, claiming(place.jiangsu.kid, stranger(place.alg), place.claims())
        ),
        "the other algorithm's signature under the right key id": lambda place: with_credential(
            place, claiming(place.jiangsu.kid, other(place).jiangsu, place.claims())
        ),
        "another province's signature under the right key id": lambda place: with_credential(
            place, claiming(place.jiangsu.kid, place.zhejiang, place.claims())
        ),
        "the signature of another credential": lambda place: with_credential(
            place,
            cbor.encode([*cbor.decode(place.credential())[:3], cbor.decode(place.credential(version=2))[3]]),
        ),
        "another name": changed_cose(
            lambda parts, place: parts.__setitem__(2, place.claims(name="李示例").encode())
        ),
        "more classes": changed_cose(
            lambda parts, place: parts.__setitem__(2, place.claims(classes="A1").encode())
        ),
        "another portrait": changed_cose(
            lambda parts, place: parts.__setitem__(2, place.claims(portrait_hash=bytes(16)).encode())
        ),
        "a longer life": changed_cose(
            lambda parts, place: parts.__setitem__(2, place.claims(exp=CLAIMS.exp + DAY).encode())
        ),
        "a signature of noughts": _resigned(lambda signature, place: bytes(64)),
        "a signature of ones": _resigned(lambda signature, place: b"\xff" * 64),
        "r and s exchanged": _resigned(lambda signature, place: signature[32:] + signature[:32]),
        "one bit changed": _resigned(lambda signature, place: bytes((signature[0] ^ 1,)) + signature[1:]),
        "a signature over the payload alone": _resigned(
            lambda signature, place: place.jiangsu.sign(place.claims().encode())
        ),
        "a signature with external data": _resigned(
            lambda signature, place: place.jiangsu.sign(
                cbor.encode(
                    ["Signature1", cbor.encode({4: place.jiangsu.kid}), b"x",
                     place.claims().encode()]
                )
            )
        ),
    },
)  # fmt: skip


# in force.

cases(
    Step.IN_FORCE,
    Outcome.NOT_IN_FORCE,
    "a credential",
    {
        "in the second it runs out": lambda place: with_credential(place, place.credential(exp=AT)),
        "long run out": lambda place: with_credential(place, place.credential(exp=AT - 20 * DAY)),
        "from more than a minute ahead": lambda place: with_credential(
            place, place.credential(iat=AT + 61, exp=AT + DAY)
        ),
        "of a licence that begins tomorrow": lambda place: with_credential(
            place, place.credential(valid_from=(NOW + timedelta(hours=8, days=1)).date())
        ),
        "of a licence that ended yesterday": lambda place: with_credential(
            place, place.credential(valid_until=(NOW + timedelta(hours=8, days=-1)).date())
        ),
        "at midnight after its last day": lambda place: Shown(
            place.code(shown_at=int(MIDNIGHT.timestamp())), now=MIDNIGHT
        ),
        "before midnight in China of its first day": lambda place: Shown(
            place.code(
                place.credential(valid_from=date(2026, 11, 20)), shown_at=AT - 10 * HOUR - 1
            ),
            now=NOW - timedelta(hours=10, seconds=1),
        ),
    },
)  # fmt: skip


@case(Step.IN_FORCE, Outcome.FORGED)
def a_credential_that_lives_longer_than_a_year(place: Deployment) -> Shown:
    return with_credential(place, place.credential(iat=AT - 5, exp=AT - 5 + 365 * DAY + 1))


# device signature.

OFF_CURVE = b"\x02" + bytes(31) + b"\x07"

cases(
    Step.DEVICE_SIGNATURE,
    Outcome.FORGED,
    "a code with",
    {
        "another phone's signature": lambda place: Shown(
            place.code(snapshot=place.snapshot(), phone=stranger(Alg.ES256))
        ),
        "a signature of noughts": lambda place: Shown(spliced(place.code(), signature=bytes(64))),
        "a signature of ones": lambda place: Shown(spliced(place.code(), signature=b"\xff" * 64)),
        "a later time": lambda place: Shown(spliced(place.code(shown_at=AT - 100), shown_at=AT - 5)),
        "another nonce": lambda place: Shown(spliced(place.code(), nonce=b"87654321")),
        "its snapshot taken out": lambda place: Shown(
            spliced(place.code(snapshot=place.snapshot(may_drive=False)), snapshot=None)
        ),
        "a snapshot put in": lambda place: Shown(spliced(place.code(), snapshot=place.snapshot())),
        "a better snapshot put in": lambda place: Shown(
            spliced(place.code(snapshot=place.snapshot(may_drive=False)), snapshot=place.snapshot())
        ),
        "another credential of the same phone": lambda place: Shown(
            spliced(place.code(), credential=place.credential(version=2))
        ),
        "the issuer's other signature": lambda place: Shown(
            spliced(place.code(), credential=place.credential(licence_id=bytes(16)))
        ),
        "the signature of another code": lambda place: Shown(
            spliced(place.code(), signature=parts_of(place.code(nonce=b"abcdefgh"))[4])
        ),
        "a signature for another version": lambda place: Shown(
            device_signed(place, place.credential(), None, AT, bytes(8), prefix="LZ2")
        ),
        "a phone key that is no point": lambda place: Shown(
            place.code(place.credential(phone_key=OFF_CURVE), place.snapshot())
        ),
        "a phone key of too large a number": lambda place: Shown(
            place.code(place.credential(phone_key=b"\x02" + b"\xff" * 32), place.snapshot())
        ),
        "the mirrored phone key": lambda place: Shown(
            place.code(
                place.credential(
                    phone_key=bytes((place.phone.public_key.compressed[0] ^ 1,))
                    + place.phone.public_key.compressed[1:]
                )
            )
        ),
    },
)


# fresh.


@case(Step.FRESH, Outcome.TOO_OLD)
def a_code_of_91_seconds(place: Deployment) -> Shown:
    return Shown(place.code(snapshot=place.snapshot(), shown_at=AT - 91))


@case(Step.FRESH, Outcome.TOO_OLD)
def a_code_of_90_seconds_and_a_bit(place: Deployment) -> Shown:
    code = place.code(snapshot=place.snapshot(), shown_at=AT - 90)
    return Shown(code, now=NOW + timedelta(milliseconds=1))


@case(Step.FRESH, Outcome.TOO_OLD)
def a_screenshot_of_yesterday(place: Deployment) -> Shown:
    return Shown(place.code(snapshot=place.snapshot(), shown_at=AT - DAY))


@case(Step.FRESH, Outcome.CLOCK_AHEAD)
def a_code_of_a_clock_61_seconds_ahead(place: Deployment) -> Shown:
    return Shown(place.code(snapshot=place.snapshot(), shown_at=AT + 61))


@case(Step.FRESH, Outcome.CLOCK_AHEAD)
def a_code_made_for_next_year(place: Deployment) -> Shown:
    return Shown(place.code(snapshot=place.snapshot(), shown_at=AT + 365 * DAY))


# first showing.


@case(Step.FIRST_SHOWING, Outcome.ALREADY_SHOWN)
def the_same_code_again(place: Deployment) -> Shown:
    shown = with_snapshot(place)
    return replace(shown, before=(shown,))


@case(Step.FIRST_SHOWING, Outcome.ALREADY_SHOWN)
def the_same_code_under_another_request(place: Deployment) -> Shown:
    shown = with_snapshot(place, request_key="r2")
    return replace(shown, before=(replace(shown, asks={"request_key": "r1"}),))


@case(Step.FIRST_SHOWING, Outcome.ALREADY_SHOWN)
def the_same_code_without_the_request_it_had(place: Deployment) -> Shown:
    shown = with_snapshot(place)
    return replace(shown, before=(replace(shown, asks={"request_key": "r1"}),))


@case(Step.FIRST_SHOWING, Outcome.ALREADY_SHOWN)
def the_same_code_in_its_last_moment(place: Deployment) -> Shown:
    shown = Shown(place.code(snapshot=place.snapshot(), shown_at=AT - 90))
    return replace(shown, before=(replace(shown, now=NOW - timedelta(seconds=80)),))


@case(Step.FIRST_SHOWING, Outcome.ALREADY_SHOWN)
def the_same_code_with_the_other_form_of_its_signature(place: Deployment) -> Shown:
    code = place.code()
    again = spliced(code, signature=twin(parts_of(code)[4]))
    assert again != code
    return Shown(again, before=(Shown(code),))


@case(Step.FIRST_SHOWING, Outcome.ALREADY_SHOWN)
def a_showing_more_than_the_verifier_can_remember(place: Deployment) -> Shown:
    earlier = tuple(Shown(place.code(nonce=bytes((n,)) * 8)) for n in range(2))
    return replace(with_snapshot(place), before=earlier, memory=2)


# snapshot.

cases(
    Step.SNAPSHOT,
    Outcome.FORGED,
    "a snapshot",
    {
        "of another licence": lambda place: with_snapshot(place, place.snapshot(licence_id=bytes(16))),
        "of another licence that has run out": lambda place: with_snapshot(
            place, place.snapshot(licence_id=bytes(16), as_of=AT - 73 * HOUR, exp=AT - HOUR)
        ),
        "of a document signer": lambda place: with_snapshot(place, place.snapshot(place.jiangsu)),
        "of the root": lambda place: with_snapshot(place, place.snapshot(place.root)),
        "of a stranger": lambda place: with_snapshot(place, place.snapshot(stranger(place.alg))),
        "of the phone": lambda place: with_snapshot(place, place.snapshot(place.phone)),
        "of the other profile": lambda place: with_snapshot(place, place.snapshot(other(place).status)),
        "of a stranger under the right key id": lambda place: with_snapshot(
            place, claiming(place.status.kid, stranger(place.alg), SNAPSHOT)
        ),
        "with the other algorithm's signature": lambda place: with_snapshot(
            place, claiming(place.status.kid, other(place).status, SNAPSHOT)
        ),
        "with an algorithm in the header": lambda place: with_snapshot(
            place,
            under_header({1: int(place.alg), 4: place.status.kid}, place.status, SNAPSHOT.encode()),
        ),
        "with the signature of another": lambda place: with_snapshot(
            place, cbor.encode([*cbor.decode(place.snapshot())[:3], cbor.decode(place.snapshot(points=4))[3]])
        ),
        "before its key's window": lambda place: with_snapshot(
            place, place.snapshot(as_of=AT - 45 * DAY - 1, exp=AT - 44 * DAY)
        ),
        "after its key's window": lambda place: replace(
            with_snapshot(place),
            bundle=trusting(
                place, place.entry(place.jiangsu), place.entry(place.status, signed_until=AT - 2 * HOUR)
            ),
        ),
        "after its key was compromised": lambda place: replace(
            with_snapshot(place),
            bundle=trusting(
                place, place.entry(place.jiangsu), place.entry(place.status, compromised_at=AT - HOUR)
            ),
        ),
        "that lives longer than 72 hours": lambda place: with_snapshot(
            place, place.snapshot(exp=AT + 71 * HOUR + 1)
        ),
        "from the future": lambda place: with_snapshot(
            place, place.snapshot(as_of=AT + 61, exp=AT + HOUR)
        ),
        "that is junk": lambda place: with_snapshot(place, b"junk"),
        "that is a credential": lambda place: with_snapshot(place, place.credential()),
        "that is a status signer's other object": lambda place: with_snapshot(
            place, cose.sign(CLAIMS.encode(), place.status)
        ),
        "with something after its claims": lambda place: with_snapshot(
            place, cose.sign(SNAPSHOT.encode() + b"\0", place.status)
        ),
        "with something after it": lambda place: with_snapshot(place, place.snapshot() + b"\0"),
        "that is empty": lambda place: Shown(device_signed(place, place.credential(), b"", AT, bytes(8))),
    },
)  # fmt: skip

cases(
    Step.SNAPSHOT,
    Outcome.STATUS_SUPERSEDED,
    "a standing",
    {
        "of an older version of the licence": lambda place: Shown(
            place.code(place.credential(version=2), place.snapshot())
        ),
        "of a newer version of the licence": lambda place: with_snapshot(place, place.snapshot(version=2)),
        "of another version of the licence that has run out": lambda place: with_snapshot(
            place, place.snapshot(version=2, as_of=AT - 73 * HOUR, exp=AT - HOUR)
        ),
        "older than one seen": lambda place: replace(with_snapshot(place), known={LICENCE_ID: 6}),
        "older than one seen a moment ago": lambda place: _after_a_newer_one(place),
        "live, older than one seen": lambda place: Shown(place.code(), live=LIVE, known={LICENCE_ID: 10}),
        "live, of another version of the licence": lambda place: Shown(
            place.code(), live=replace(LIVE, version=2)
        ),
    },
)


@case(Step.SNAPSHOT, Outcome.FORGED)
def a_live_standing_of_another_licence(place: Deployment) -> Shown:
    return Shown(place.code(), live=replace(LIVE, licence_id=bytes(16)))


def _after_a_newer_one(place: Deployment) -> Shown:
    """The first look writes what it has seen, the second reads it."""
    first = Shown(place.code(snapshot=place.snapshot(standing_version=6), nonce=b"newernew"))
    return replace(with_snapshot(place), known={}, before=(first,))


# class and purpose.


@case(Step.CLASS, Outcome.NOT_PERMITTED)
def a_class_asked_for_without_a_table_of_classes(place: Deployment) -> Shown:
    return with_snapshot(place, want_class="C1")


@case(Step.PURPOSE, Outcome.NOT_PERMITTED)
def a_purpose_nobody_can_judge(place: Deployment) -> Shown:
    return with_snapshot(place, purpose="rental")


@case(Step.PURPOSE, Outcome.NOT_PERMITTED)
def a_purpose_that_is_refused(place: Deployment) -> Shown:
    def permits(purpose: str, claims: CredentialClaims) -> str | None:
        return f"{purpose} needs consent"

    return with_snapshot(place, purpose="employment", permits=permits)
