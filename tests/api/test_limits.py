"""Whatever writes without a login has a limit: one row a route, and the limit is reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.accounts.people import MADE_UP, PASSWORD
from tests.api.matrix import ANYBODY, ROWS
from tests.api.phone import Phone

LIMITED: dict[str, tuple[int, Callable[[int], dict[str, Any]]]] = {
    "POST /holder/sessions": (
        10,
        lambda number: {"mobile": MADE_UP[0].mobile.value, "password": f"{PASSWORD} {number}"},
    ),
    "POST /holder/codes": (2, lambda _number: {"mobile": MADE_UP[0].mobile.value, "purpose": "log-in"}),
    "POST /staff/sessions": (
        10,
        lambda number: {"number": "100001", "password": f"{PASSWORD} {number}", "totp": "123456"},
    ),
    "POST /staff/enrolments": (10, lambda number: {"number": "100001", "enrolment_code": f"{number}"}),
    "POST /staff/enrolments/confirmations": (
        10,
        lambda number: {
            "number": "100001",
            "enrolment_code": f"{number}",
            "password": PASSWORD,
            "totp": "123456",
        },
    ),
}
"""Route → after how many requests at most it says 429, and the body of the n-th."""

ELSEWHERE = {
    # Guarded by proof and memory-hard hashing (passwords: two at once, others wait); its own limits are in its own tests.
    "POST /holder/accounts",
    # Ten wrong tries a mobile and day; a proof, used up whether or not the rest holds; a signature over a challenge:
    # tests/accounts/test_codes.py, test_passkeys.py.
    "POST /holder/codes/proofs",
    "POST /holder/password-resets",
    "POST /holder/mobile-change-stops",
    "POST /holder/passkeys/sessions",
    # Nothing is written: a challenge is known by its mark (tests/infra/test_webauthn_ceremonies.py).
    "POST /holder/passkeys/log-in-challenges",
    "POST /staff/second-factors/passkey-challenges",
    # A form, not JSON: tests/relying/test_token.py.
    "POST /relying/token",
}


def test_every_route_that_writes_without_a_login_is_in_the_table() -> None:
    open_writes = {row.route for row in ROWS if row.roles == ANYBODY and row.method != "GET"}
    assert open_writes == set(LIMITED) | ELSEWHERE
    assert set(LIMITED) & ELSEWHERE == set()


@pytest.mark.parametrize("route", LIMITED)
async def test_the_limit_of_a_route_is_reached_and_says_when_to_come_again(phone: Phone, route: str) -> None:
    most, body = LIMITED[route]
    path = route.partition(" ")[2]
    answers = [await phone.post(path, body(number)) for number in range(most)]
    assert answers[0].status_code != 429
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1


async def test_what_is_counted_is_the_subject_so_that_others_go_on(phone: Phone) -> None:
    for number in range(10):
        await phone.post("/holder/sessions", LIMITED["POST /holder/sessions"][1](number))
    other = {"mobile": MADE_UP[1].mobile.value, "password": PASSWORD}
    assert (await phone.post("/holder/sessions", other)).status_code == 401
