"""Whether a number or a mobile is known cannot be told from what answering costs (threats T10, A2).

Each pair is the same request twice: about somebody the service knows, and about nobody. The answer, the statements and the
hashes must be the same. How long both take is measured by `./lz bench enumeration`, not here.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import Any

import httpx
import pytest

from liangzheng import drivers
from liangzheng.infra.passwords import Passwords
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import CompanyId, PersonId, PseudonymId
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
    theirs, code = asdict(cast.theirs.things), {"code_request": "A" * 43, "code": "000000"}
    proof = {"mobile_proof": "A" * 43}
    name = {"name": "样本丙", "password": PASSWORD}
    number, nobody_s = theirs["identity_number"], citizen(951)
    mobiles = {"mobile": theirs["mobile"]}, {"mobile": _mobile()}

    def about(what: str, route: str, more: dict[str, Any], pair: Any = mobiles, **kwargs: Any) -> Pair:
        return Pair(what, route, pair[0] | more, pair[1] | more, **kwargs)

    numbers = {"identity_number": number}, {"identity_number": nobody_s}
    fresh = {"mobile": _mobile()} | name, {"mobile": _mobile()} | name
    own_name = [
        {"mobile": _mobile(), "name": cast.theirs.holder.person.name.value, "password": PASSWORD}
        for _ in "12"
    ]
    case = {"purpose": "violation-handling", "case_number": "V-320500-20250101-0001"}
    staff_numbers = {"number": theirs["clerk"]}, {"number": "999999"}
    invited = {"number": theirs["invited"]}, {"number": "999998"}
    handles = await _assertions(cast)
    basic = _basic(theirs["company"]), _basic(str(CompanyId.new()))
    return [
        Pair(
            "register: a number that is known with another name", "POST /holder/accounts",
            fresh[0] | numbers[0], fresh[1] | numbers[1], anew=("person_id", "mobile", "identity_number"),
        ),
        Pair(
            "register: number and name of who has an account", "POST /holder/accounts",
            own_name[0] | numbers[0], own_name[1] | numbers[1], anew=("person_id", "mobile", "identity_number"),
        ),
        about("register: a mobile, without a proof", "POST /holder/accounts", numbers[1] | name | proof),
        about("log in", "POST /holder/sessions", {"password": "wrong-and-long-enough"}),
        about(
            "log in with a code besides", "POST /holder/sessions", {"password": "wrong-and-long-enough"} | proof
        ),
        *(
            about(f"code for {purpose}", "POST /holder/codes", {"purpose": purpose}, anew=("code_request",))
            for purpose in ("register", "log-in", "reset-password", "stop-mobile-change")
        ),
        about("code given back", "POST /holder/codes/proofs", {"purpose": "log-in"} | code),
        about("password reset", "POST /holder/password-resets", numbers[0] | name | proof),
        Pair(
            "password reset: a number", "POST /holder/password-resets",
            mobiles[0] | numbers[0] | name | proof, mobiles[0] | numbers[1] | name | proof,
        ),
        about("stop a change, by a proof", "POST /holder/mobile-change-stops", proof),
        about("stop a change, by a word", "POST /holder/mobile-change-stops", {"stop_word": "ABCD" * 4}),
        Pair("log in with a passkey", "POST /holder/passkeys/sessions", handles[0], handles[1]),
        about(
            "code to another mobile", "POST /holder/mobile-changes/codes", {}, caller=HOLDER, anew=("code_request",)
        ),
        about("code to another mobile given back", "POST /holder/mobile-changes/codes/proofs", code, caller=HOLDER),
        about(
            "change of mobile", "POST /holder/mobile-changes",
            proof | {"password": PASSWORD, "face_check": cast.mine.things.change_check}, caller=HOLDER,
        ),
        about("staff log-in", "POST /staff/sessions", {"password": "wrong", "totp": "000000"}, staff_numbers),
        about("enrolling", "POST /staff/enrolments", {"enrolment_code": "x"}, invited),
        about(
            "enrolling, second step", "POST /staff/enrolments/confirmations",
            {"enrolment_code": "x", "password": STAFF_PASSWORD, "totp": "000000"}, invited,
        ),
        about("look-up of another region's driver", "POST /staff/look-ups", case, numbers, caller=OFFICER),
        about(
            "token of a company", "POST /relying/token", {"grant_type": "client_credentials"}, ({}, {}),
            headers=basic, form=True,
        ),
        about(
            "check under a consent", "POST /relying/checks",
            {"purpose": "employment", "fields": ["valid_until"]},
            ({"pseudonyms": [theirs["pseudonym"]]}, {"pseudonyms": [str(PseudonymId.new())]}),
            caller=RELYING,
        ),
        Pair(
            "a company's request", f"GET /holder/consents/requests/{theirs['request_code']}", {}, {}, caller=HOLDER
        ),
    ]  # fmt: skip


def _basic(client: str) -> dict[str, str]:
    return dict(zip(("Authorization",), (httpx.BasicAuth(client, "wrong")._auth_header,), strict=True))


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


async def test_a_record_that_is_not_read_for_nobody_is_noticed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = import_module("liangzheng.staff.look_up")
    honest = look_up._driver

    async def hasty(tx: Any, keys: Any, number: Any) -> Any:
        known = await drivers.by_identity(tx, keys, number)
        return None if known is None else await honest(tx, keys, number)

    monkeypatch.setattr(look_up, "_driver", hasty)
    [said] = await differences(cast, await _pair(cast, "look-up of another region's driver"))
    assert "known besides [" in said and "SELECT * FROM driver" in said


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
