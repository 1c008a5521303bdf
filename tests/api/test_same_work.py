"""Whether a number or a mobile is known cannot be told from what answering costs (threats T10, A2).

Each pair is the same request twice: about somebody the service knows, and about nobody. The answer, the statements and the
hashes must be the same. How long both take is measured by `./lz bench enumeration`, not here.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import pytest

from liangzheng import drivers
from liangzheng.infra.passwords import Passwords
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import CompanyId, DriverId, PersonId, PseudonymId
from tests.accounts.people import PASSWORD, citizen
from tests.api.cast import STAFF_PASSWORD, Cast
from tests.api.matrix import HOLDER, OFFICER, RELYING
from tests.api.work import Work, counted


@dataclass(frozen=True)
class Pair:
    """A request about somebody known, and the same about nobody. `anew`: fields that are others in every answer."""

    name: str
    route: str
    known: dict[str, Any]
    unknown: dict[str, Any]
    caller: str = "nobody"
    headers: tuple[dict[str, str], dict[str, str]] = ({}, {})
    form: bool = False
    anew: tuple[str, ...] = field(default=())


def _mobile() -> str:
    return f"1389{secrets.randbelow(10**7):07d}"


async def pairs(cast: Cast) -> list[Pair]:
    """Every request in which a stranger, a holder, an officer or a company may name somebody, or nobody."""
    return [*_of_holders(cast), *_of_the_logged_in(cast), *_of_offices(cast), await _of_passkeys(cast)]


_CODE = {"code_request": "A" * 43, "code": "000000"}
_PROOF = {"mobile_proof": "A" * 43}
_NAMED = {"name": "样本丙", "password": PASSWORD}


def _about(pair: Any, what: str, route: str, more: dict[str, Any], **kwargs: Any) -> Pair:
    return Pair(what, route, pair[0] | more, pair[1] | more, **kwargs)


def _mobiles(cast: Cast) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"mobile": cast.theirs.things.mobile}, {"mobile": _mobile()}


def _numbers(cast: Cast) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"identity_number": cast.theirs.things.identity_number}, {"identity_number": citizen(951)}


def _of_holders(cast: Cast) -> list[Pair]:
    """What a stranger may ask."""
    mobiles, numbers = _mobiles(cast), _numbers(cast)
    account = "person_id", "mobile", "identity_number"
    registering = [
        Pair(
            what, "POST /holder/accounts", *(number | _NAMED | {"name": name, "mobile": _mobile()} for number in numbers),
            anew=account,
        )
        for what, name in (
            ("register: a number that is known with another name", "样本丙"),
            ("register: number and name of who has an account", cast.theirs.holder.person.name.value),
        )
    ]  # fmt: skip
    stop, wrong = "POST /holder/mobile-change-stops", {"password": "wrong-and-long-enough"}
    return [
        *registering,
        _about(mobiles, "register: a mobile, without a proof", "POST /holder/accounts", numbers[1] | _NAMED | _PROOF),
        _about(mobiles, "log in", "POST /holder/sessions", wrong),
        _about(mobiles, "log in with a code besides", "POST /holder/sessions", wrong | _PROOF),
        *(
            _about(mobiles, f"code for {purpose}", "POST /holder/codes", {"purpose": purpose}, anew=("code_request",))
            for purpose in ("register", "log-in", "reset-password", "stop-mobile-change")
        ),
        _about(mobiles, "code given back", "POST /holder/codes/proofs", {"purpose": "log-in"} | _CODE),
        _about(mobiles, "password reset", "POST /holder/password-resets", numbers[0] | _NAMED | _PROOF),
        _about(numbers, "password reset: a number", "POST /holder/password-resets", mobiles[0] | _NAMED | _PROOF),
        _about(mobiles, "stop a change, by a proof", stop, _PROOF),
        _about(mobiles, "stop a change, by a word", stop, {"stop_word": "ABCD" * 4}),
    ]  # fmt: skip


def _of_the_logged_in(cast: Cast) -> list[Pair]:
    """What a holder may ask about another mobile, and about a company's request that another driver has answered."""
    mobiles, codes = _mobiles(cast), "POST /holder/mobile-changes/codes"
    proven = _PROOF | {"password": PASSWORD, "face_check": cast.mine.things.change_check}
    request = f"GET /holder/consents/requests/{cast.theirs.things.request_code}"
    return [
        _about(mobiles, "code to another mobile", codes, {}, caller=HOLDER, anew=("code_request",)),
        _about(mobiles, "code to another mobile given back", f"{codes}/proofs", _CODE, caller=HOLDER),
        _about(mobiles, "change of mobile", "POST /holder/mobile-changes", proven, caller=HOLDER),
        Pair("a company's request", request, {}, {}, caller=HOLDER),
    ]


def _of_offices(cast: Cast) -> list[Pair]:
    """What members of staff and companies may ask, and who says to be one."""
    theirs = cast.theirs.things
    staff_numbers = {"number": theirs.clerk}, {"number": "999999"}
    invited = {"number": theirs.invited}, {"number": "999998"}
    case = {"purpose": "violation-handling", "case_number": "V-320500-20250101-0001"}
    confirmed = {"enrolment_code": "x", "password": STAFF_PASSWORD, "totp": "000000"}
    pseudonyms = {"pseudonyms": [theirs.pseudonym]}, {"pseudonyms": [str(PseudonymId.new())]}
    checked = {"purpose": "employment", "fields": ["valid_until"]}
    clients = _basic(theirs.company), _basic(str(CompanyId.new()))
    granted = {"grant_type": "client_credentials"}
    return [
        _about(
            staff_numbers, "staff log-in", "POST /staff/sessions", {"password": "wrong", "totp": "000000"}
        ),
        _about(invited, "enrolling", "POST /staff/enrolments", {"enrolment_code": "x"}),
        _about(invited, "enrolling, second step", "POST /staff/enrolments/confirmations", confirmed),
        _about(
            _numbers(cast), "look-up of another region's driver", "POST /staff/look-ups", case, caller=OFFICER
        ),
        Pair("token of a company", "POST /relying/token", granted, granted, headers=clients, form=True),
        _about(pseudonyms, "check under a consent", "POST /relying/checks", checked, caller=RELYING),
    ]


async def _of_passkeys(cast: Cast) -> Pair:
    return Pair("log in with a passkey", "POST /holder/passkeys/sessions", *(await _assertions(cast)))


def _basic(client: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{client}:wrong'.encode()).decode()}"}


async def _assertions(cast: Cast) -> tuple[dict[str, Any], dict[str, Any]]:
    """A passkey nobody has, for a person there is and for one there is not."""
    made = []
    for person in (cast.theirs.things.person, str(PersonId.new())):
        begun = await cast.place.phone.another().post("/holder/passkeys/log-in-challenges")
        signed = cast.mine.authenticator.get(
            begun.json()["options"], user_handle=PersonId.parse(person).uuid.bytes
        )
        made.append({"credential": signed})
    return made[0], made[1]


async def cost(cast: Cast, pair: Pair, which: int) -> tuple[int, Any, Work]:
    """Status, answer and work of one of the two. What goes on behind the answer counts as well."""
    cast.forget_limits()
    method, _, path = pair.route.partition(" ")
    if path.startswith("/holder/consents/requests/") and which:
        path = path.rpartition("/")[0] + "/0000000000"
    body = (pair.known, pair.unknown)[which]
    said = {"data" if pair.form else "json": body} if method == "POST" else {}
    headers = cast.headers_of(pair.caller) | pair.headers[which]
    with counted() as work:
        answer = await cast.place.phone.client.request(method, path, headers=headers, **said)
    told = json.loads(_without(answer.text, body))
    if isinstance(told, dict):
        told = {name: None if name in pair.anew else value for name, value in told.items()}
    return answer.status_code, told, work


def _without(text: str, body: dict[str, Any]) -> str:
    """The answer but for what it repeats of the request."""
    for value in body.values():
        for each in value if isinstance(value, list) else [value]:
            text = text.replace(each, "…") if isinstance(each, str) and len(each) > 12 else text
    return text


async def differences(cast: Cast, found: list[Pair]) -> list[str]:
    """In words."""
    wrong = []
    for pair in found:
        known, unknown = [await cost(cast, pair, which) for which in (0, 1)]
        if known[:2] != unknown[:2]:
            wrong.append(f"{pair.name}: answered {known[:2]} and {unknown[:2]}")
        if known[2].done != unknown[2].done:
            wrong.append(f"{pair.name}: {_unlike(known[2].done, unknown[2].done)}")
    return wrong


def _unlike(one: list[str], other: list[str]) -> str:
    """What only one of the two did."""
    more = [each[:150] for each in one if one.count(each) > other.count(each)]
    less = [each[:150] for each in other if other.count(each) > one.count(each)]
    return f"known besides {more}, unknown besides {less}"


async def test_whether_somebody_is_known_costs_nothing_and_says_nothing(cast: Cast) -> None:
    found = await pairs(cast)
    assert await differences(cast, found) == []
    # And something was done: each reached the tables, and passwords were hashed where there are any.
    for pair in found:
        _, _, work = await cost(cast, pair, 0)
        assert work.statements >= 1, pair.name
        assert work.passwords == (pair.route in HASHED), pair.name


HASHED = {
    "POST /holder/accounts",
    "POST /holder/sessions",
    "POST /holder/password-resets",
    "POST /holder/mobile-changes",
    "POST /staff/sessions",
    "POST /staff/enrolments/confirmations",
}


# --- controls: what costs less for nobody is noticed ----------------------------------------------------


async def _pair(cast: Cast, name: str) -> list[Pair]:
    return [pair for pair in await pairs(cast) if pair.name == name]


async def test_a_password_that_is_not_compared_for_nobody_is_noticed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Passwords.matches

    async def hasty(self: Passwords, hashed: str | None, password: str) -> bool:
        return hashed is not None and await honest(self, hashed, password)

    monkeypatch.setattr(Passwords, "matches", hasty)
    for name in ("log in", "staff log-in"):
        assert [
            "known besides ['password hash']" in each
            for each in await differences(cast, await _pair(cast, name))
        ] == [True]


async def test_a_driver_who_is_not_looked_for_when_nobody_has_the_number_is_noticed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = import_module("liangzheng.staff.look_up")
    honest = look_up._whose

    async def hasty(tx: Any, keys: Any, number: Any) -> Any:
        known = await drivers.by_identity(tx, keys, number)
        return (DriverId.new(), None) if known is None else await honest(tx, keys, number)

    monkeypatch.setattr(look_up, "_whose", hasty)
    [said] = await differences(cast, await _pair(cast, "look-up of another region's driver"))
    assert "known besides [" in said and "SELECT driver_id, issuing_authority FROM driver" in said


async def test_an_answer_that_tells_is_noticed(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in = import_module("liangzheng.accounts.log_in")
    honest = log_in.keyindex.find

    async def talkative(*args: Any) -> Any:
        found = await honest(*args)
        if found is None:
            raise NotFound("there is no account")
        return found

    monkeypatch.setattr(log_in.keyindex, "find", talkative)
    [*said] = await differences(cast, await _pair(cast, "log in"))
    assert any("answered (401" in each and "(404" in each for each in said)
