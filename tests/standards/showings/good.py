"""Showings that must be taken, up to the edges of every time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from liangzheng.standards.verdict import Outcome
from tests.standards.making import AT, CLAIMS, DAY, HOUR, LICENCE_ID, NOW, Deployment
from tests.standards.showings.frame import (
    LAST_SECOND,
    LIVE,
    Shown,
    allows,
    case,
    cases,
    device_signed,
    trusting,
    with_credential,
    with_snapshot,
)

# what must be taken.


@case(None, Outcome.STATUS_NOT_CHECKED)
def a_code_without_snapshot(place: Deployment) -> Shown:
    return Shown(place.code())


@case(None, Outcome.VALID)
def a_code_with_snapshot(place: Deployment) -> Shown:
    return with_snapshot(place)


@case(None, Outcome.MAY_NOT_DRIVE)
def a_licence_that_is_suspended(place: Deployment) -> Shown:
    return with_snapshot(place, place.snapshot(status="BDJ", points=12, may_drive=False))


@case(None, Outcome.VALID)
def a_class_that_is_held(place: Deployment) -> Shown:
    return with_snapshot(place, want_class="C1", allows=allows)


@case(None, Outcome.MAY_NOT_DRIVE)
def a_class_that_is_not_held(place: Deployment) -> Shown:
    return with_snapshot(place, want_class="A1", allows=allows)


@case(None, Outcome.MAY_NOT_DRIVE)
def a_class_that_is_not_held_with_the_status_unknown(place: Deployment) -> Shown:
    return Shown(place.code(), asks={"want_class": "A1", "allows": allows})


@case(None, Outcome.VALID)
def a_purpose_that_is_permitted(place: Deployment) -> Shown:
    return with_snapshot(place, purpose="rental", permits=lambda purpose, claims: None)


@case(None, Outcome.VALID)
def the_same_request_again(place: Deployment) -> Shown:
    shown = with_snapshot(place, request_key="r1")
    return replace(shown, before=(shown, shown))


@case(None, Outcome.VALID)
def another_code_of_the_same_phone(place: Deployment) -> Shown:
    first = Shown(place.code(snapshot=place.snapshot(), nonce=b"87654321"))
    return replace(with_snapshot(place), before=(first,))


@case(None, Outcome.VALID)
def a_code_of_another_second_with_the_same_nonce(place: Deployment) -> Shown:
    first = Shown(place.code(snapshot=place.snapshot(), shown_at=AT - 6))
    return replace(with_snapshot(place), before=(first,))


@case(None, Outcome.VALID)
def a_memory_that_is_full_of_showings_long_past(place: Deployment) -> Shown:
    past = Shown(place.code(nonce=b"aaaaaaaa", shown_at=AT - 600), now=NOW - timedelta(seconds=600))
    return replace(with_snapshot(place), before=(past,), memory=1)


@case(None, Outcome.VALID)
def the_first_second_of_its_validity(place: Deployment) -> Shown:
    day = (NOW + timedelta(hours=8)).date()
    return with_credential(place, place.credential(valid_from=day, valid_until=day))


@case(None, Outcome.STATUS_NOT_CHECKED)
def the_last_second_of_its_last_day(place: Deployment) -> Shown:
    return Shown(place.code(shown_at=int(LAST_SECOND.timestamp())), now=LAST_SECOND)


@case(None, Outcome.VALID)
def a_licence_for_ever(place: Deployment) -> Shown:
    return with_credential(place, place.credential(valid_until=None))


cases(
    None,
    Outcome.VALID,
    "a credential at the edge of its times",
    {
        "a second before it runs out": lambda place: with_credential(place, place.credential(exp=AT + 1)),
        "made a minute from now": lambda place: with_credential(
            place, place.credential(iat=AT + 60, exp=AT + 61)
        ),
        "a year long": lambda place: with_credential(
            place, place.credential(iat=AT - 5, exp=AT - 5 + 365 * DAY)
        ),
        "of the first second of its key": lambda place: with_credential(
            place, place.credential(iat=AT - 45 * DAY)
        ),
        "of the last second of its key": lambda place: Shown(
            place.code(place.credential(iat=AT - 20 * DAY), place.snapshot()),
            bundle=trusting(
                place, place.entry(place.jiangsu, signed_until=AT - 20 * DAY), place.entry(place.status)
            ),
        ),
        "of the second before its key was compromised": lambda place: Shown(
            place.code(place.credential(), place.snapshot()),
            bundle=trusting(
                place, place.entry(place.jiangsu, compromised_at=CLAIMS.iat + 1), place.entry(place.status)
            ),
        ),
        "of another province's own signer": lambda place: Shown(
            place.code(place.credential(place.zhejiang, issuer="CN-33", authority="浙A"), place.snapshot())
        ),
    },
)

cases(
    None,
    Outcome.VALID,
    "a code at the edge of its times",
    {
        "thirty seconds and a minute of skew old": lambda place: Shown(
            place.code(snapshot=place.snapshot(), shown_at=AT - 90)
        ),
        "a minute ahead": lambda place: Shown(place.code(snapshot=place.snapshot(), shown_at=AT + 60)),
    },
)

cases(
    None,
    Outcome.VALID,
    "a snapshot at the edge of its times",
    {
        "a second before it runs out": lambda place: with_snapshot(place, place.snapshot(exp=AT + 1)),
        "made a minute from now": lambda place: with_snapshot(
            place, place.snapshot(as_of=AT + 60, exp=AT + 61)
        ),
        "72 hours long": lambda place: with_snapshot(
            place, place.snapshot(as_of=AT - HOUR, exp=AT + 71 * HOUR)
        ),
        "just not superseded": lambda place: replace(with_snapshot(place), known={LICENCE_ID: 5}),
        "of a licence nobody has seen": lambda place: replace(with_snapshot(place), known={}),
    },
)


@case(None, Outcome.STATUS_NOT_CHECKED)
def a_snapshot_in_the_second_it_runs_out(place: Deployment) -> Shown:
    return with_snapshot(place, place.snapshot(exp=AT))


@case(None, Outcome.VALID)
def a_live_standing_without_snapshot(place: Deployment) -> Shown:
    return Shown(place.code(), live=LIVE)


@case(None, Outcome.MAY_NOT_DRIVE)
def a_live_standing_that_is_worse_than_the_snapshot(place: Deployment) -> Shown:
    return replace(with_snapshot(place), live=replace(LIVE, status="D", may_drive=False))


@case(None, Outcome.VALID)
def a_live_standing_beside_a_snapshot_that_says_nothing(place: Deployment) -> Shown:
    return Shown(device_signed(place, place.credential(), b"junk", AT, bytes(8)), live=LIVE)
