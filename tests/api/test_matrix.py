"""Nobody reaches what is somebody else's, on any route (threats T9, A1): the table, and the calls made from it.

For every route behind a login some forty requests that are right but for one thing: whose the id is, who
calls, or how they say who they are. None may succeed, change anything, or answer with a word of the other
person's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from typing import Any

import pytest
from starlette.routing import Route

from liangzheng import accounts, licences
from liangzheng.api.app import routes_of
from liangzheng.api.auth import authenticators
from liangzheng.api.table import RESOURCES
from liangzheng.kernel.ids import CompanyId, DriverId, PersonId, StaffId
from tests.api.cast import Cast, Headers
from tests.api.matrix import (
    ADMINISTRATOR,
    ANYBODY,
    AUTHENTICATORS,
    HOLDER,
    OFFICER,
    OWNERS,
    ROLES,
    ROWS,
    SOURCE,
    Row,
)
from tests.api.things import EVERYBODY_S, Things

AT_LEAST = 20
REFUSED = frozenset({401, 403, 404})
MALFORMED = 422
"""Besides: for an id that is of another kind, or none at all."""


# --- the table is whole -------------------------------------------------------------------------------

ROUTES = {
    f"{method} {route.path}": route
    for route in routes_of(RESOURCES)
    if isinstance(route, Route)
    for method in (route.methods or set()) - {"HEAD"}
}


def test_every_route_has_one_row_and_every_row_a_route() -> None:
    rows = [row.route for row in ROWS]
    assert sorted(rows) == sorted(ROUTES)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.route)
def test_a_row_says_what_the_route_says_about_who_may_call(row: Row) -> None:
    said = authenticators(ROUTES[row.route])
    may = frozenset().union(*(AUTHENTICATORS[name] for name in said)) if said else ANYBODY
    assert row.roles == may


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.route)
def test_every_name_in_a_path_is_somebody_s_or_everybody_s(row: Row) -> None:
    parameters = set(ROUTES[row.route].param_convertors)
    owned = {place.partition(":")[2] for place in row.names if place.startswith("path:")}
    assert parameters == owned or (row.roles == ANYBODY and not owned)
    assert set(row.names.values()) <= set(Things.__dataclass_fields__)


# --- the calls ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attempt:
    """One request that must not succeed."""

    what: str
    headers: Headers
    things: dict[str, str]
    allowed: frozenset[int] = REFUSED
    query: tuple[tuple[str, str], ...] = ()


def attempts(cast: Cast, row: Row) -> Iterator[Attempt]:
    """Every wrong way to make the request of this row."""
    mine, theirs = asdict(cast.mine.things), asdict(cast.theirs.things)
    # What was verified for theirs is the same verifier's: of verifiers, the other one asks for it.
    me = cast.headers_of(row.by if row.by in OWNERS | {ADMINISTRATOR} else "other police")
    yield from _by_others(cast, row, theirs)
    if not row.names:
        return
    allowed = REFUSED | row.refused
    if row.by in OWNERS or len(row.names) == 1:
        yield Attempt("all of it theirs", me, theirs, allowed)
    if row.by == OFFICER:
        near = {"region": "3302"}
        yield Attempt("as an officer next door", cast.headers_of("officer next door"), theirs | near, allowed)
    malformed = allowed | {MALFORMED}
    for place, kind in row.names.items():
        one = mine | {kind: theirs[kind]}
        caller = me if row.by in OWNERS else cast.headers_of(row.by)
        yield Attempt(f"{place} theirs", caller, one, allowed)
        prefix = theirs[kind].partition("_")[0]
        if kind == "code":
            yield Attempt(
                "their code in small letters", caller, mine | {kind: theirs[kind].lower()}, malformed | {400}
            )
            continue
        for other, value in theirs.items():
            if other not in (kind, "code", *EVERYBODY_S):
                yield Attempt(f"{place} their {other}", caller, mine | {kind: value}, malformed)
                if "_" not in value:
                    continue
                swapped = f"{prefix}_{value.partition('_')[2]}"
                yield Attempt(
                    f"{place} their {other} called {prefix}", caller, mine | {kind: swapped}, malformed
                )
        bare = theirs[kind].partition("_")[2]
        two = (f"{theirs[kind]},{mine[kind]}", f"{mine[kind]},{theirs[kind]}")
        nobody_s = (f"{prefix}_{str(DriverId.new()).partition('_')[2]}", f"{prefix}_{'0' * 26}")
        for text in (
            *nobody_s,
            *two,
            theirs[kind].upper(),
            bare,
            theirs[kind] + " ",
            "*",
            "me",
            "null",
            "-1",
        ):
            yield Attempt(f"{place} is {text[:20]!r}", caller, mine | {kind: text}, malformed)
    for header in ("X-Person-Id", "X-Driver-Id", "X-Forwarded-User", "X-User-Id", "X-Original-User", "From"):
        value = theirs["driver" if "Driver" in header else "person"]
        yield Attempt(f"with {header}", me | {header: value}, theirs, allowed)
    for name in ("person_id", "driver_id", "owner", "as", "on_behalf_of"):
        yield Attempt(f"with ?{name}", me, theirs, allowed, ((name, theirs["person"]),))


def _by_others(cast: Cast, row: Row, theirs: dict[str, str]) -> Iterator[Attempt]:
    """The right request of the other person, by somebody it is not for."""
    owner = row.by if row.by in OWNERS else HOLDER
    scheme, _, token = cast.theirs.headers_of(owner)["Authorization"].partition(" ")
    mine = cast.mine.headers_of(owner)["Authorization"].partition(" ")[2]
    turned_away = frozenset({401})
    for said, headers in {
        "no session": {},
        "an ended session": cast.headers_of("ended holder"),
        "an ended verifier": cast.headers_of("ended police"),
        "an ended officer": cast.headers_of("ended officer"),
        "a suspended company": cast.headers_of("suspended company"),
        "an ended source": cast.headers_of("ended source"),
        "a source in another's name": cast.headers_of("source in their name"),
        # In small letters nobody signs anew what is sent: it is the signature over an empty body.
        "a signature over another body": {"Authorization": cast.headers_of(SOURCE)["Authorization"].replace("S", "s", 1)},
        "a made-up token": {"Authorization": f"{scheme} " + "A" * 43},
        "half a token": {"Authorization": f"{scheme} {token[: len(token) // 2]}"},
        "their token, last letter changed": {"Authorization": f"{scheme} {token[:-1]}{'A' if token[-1] != 'A' else 'B'}"},
        "their token and mine mixed": {"Authorization": f"{scheme} {token[: len(token) // 2]}{mine[len(mine) // 2 :]}"},
        "their token in a cookie": {"Cookie": f"session={token}; token={token}"},
        "their token as a password": {"Authorization": f"Basic {token}"},
        "their id for a token": {"Authorization": f"{scheme} {theirs['person']}"},
        "an empty token": {"Authorization": f"{scheme} "},
    }.items():  # fmt: skip
        if row.roles != ANYBODY:
            yield Attempt(said, headers, theirs, turned_away)
    yield from (
        Attempt(f"as {role}", cast.headers_of(role), theirs, frozenset({401, 403}))
        for role in (*ROLES, "no driver")
        if row.roles != ANYBODY
        and role not in row.roles
        and not (role == "no driver" and HOLDER in row.roles)
    )
    if row.names and HOLDER in row.roles:
        yield Attempt("as somebody who is no driver", cast.headers_of("no driver"), theirs)
    if row.roles != ANYBODY:
        yield Attempt("their token in the query", {}, theirs, turned_away, (("access_token", token),))


async def breaches(cast: Cast, rows: tuple[Row, ...] = ROWS) -> tuple[list[str], dict[str, int]]:
    """What went through or told something, in words; and how many calls each route had."""
    found, made = [], {}
    for row in rows:
        tried = list(attempts(cast, row))
        made[row.route] = len(tried)
        for attempt in tried:
            answer = await cast.call(row, attempt.headers, attempt.things, dict(attempt.query))
            refused = answer.status_code in attempt.allowed or (row.refusal and row.refusal in answer.text)
            if not refused:
                found.append(f"{row.route}: {attempt.what}: {answer.status_code} {answer.text[:120]}")
            sent = {attempt.things[kind] for kind in row.echoes}
            told = [text for text in cast.theirs.private if text in answer.text and text not in sent]
            if told:
                found.append(f"{row.route}: {attempt.what}: told {len(told)} things of theirs")
    return found, made


async def _rows_of(cast: Cast) -> dict[str, list[str]]:
    """Everything the database holds of the other person, officer, company and source, by table."""
    person = PersonId.parse(cast.theirs.things.person).uuid
    driver = DriverId.parse(cast.theirs.things.driver).uuid
    officer = StaffId.parse(cast.theirs.officer.staff_id).uuid
    owners = {
        "person_id": person,
        "driver_id": driver,
        "scope": driver,
        "staff_id": officer,
        "proposed_by": officer,
        "company_id": cast.theirs.company.company_id.uuid,
        "source_id": cast.theirs.source.source_id.uuid,
    }
    found: dict[str, list[str]] = {}
    async with cast.place.world.database.read() as tx:
        for table, column in await tx.fetch(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND column_name = ANY($1)",
            list(owners),
        ):
            rows = await tx.fetch(
                f"SELECT t::text FROM {table} AS t WHERE {column} = $1 ORDER BY 1", owners[column]
            )
            # What an officer of another region tried in vain is recorded with the driver.
            found[f"{table}.{column}"] = [row["t"] for row in rows if ".refused," not in row["t"]]
    return found


async def test_nobody_reaches_what_is_somebody_else_s(cast: Cast) -> None:
    before = await _rows_of(cast)
    assert sum(map(len, before.values())) > 15
    found, made = await breaches(cast)
    assert not found, "\n".join(found)
    few = {row.route: made[row.route] for row in ROWS if row.names and made[row.route] < AT_LEAST}
    assert few == {}, "too few calls across owners"
    assert await _rows_of(cast) == before, "something of theirs changed"
    # The control: the same requests on one's own things go through, so it was the owner that was refused.
    wrong = []
    for row in ROWS:
        for caller in (row.by, *row.also_by):
            answer = await cast.call(row, cast.headers_of(caller), asdict(cast.mine.things))
            if answer.status_code not in row.own:
                wrong.append(f"{row.route} as {caller}: {answer.status_code} {answer.text[:200]}")
            elif row.refusal and row.by != HOLDER and row.refusal in answer.text:
                wrong.append(f"{row.route} as {caller}: refused: {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)


async def test_whoever_a_route_is_not_for_is_turned_away_and_the_others_are_not(cast: Cast) -> None:
    for row in ROWS:
        for role in ROLES:
            answer = await cast.call(
                row, cast.headers_of(role), dict.fromkeys(Things.__dataclass_fields__, "x")
            )
            if role not in row.roles:
                assert answer.status_code in (401, 403), f"{row.route} as {role}: {answer.status_code}"
            elif role == row.by or row.roles == ANYBODY:
                assert answer.status_code != 401 or 401 in row.own, f"{row.route} as {role}"


# --- controls: a check that is taken out is noticed ---------------------------------------------------


def _row(route: str) -> tuple[Row, ...]:
    return tuple(row for row in ROWS if row.route == route)


async def test_a_route_that_forgets_whose_an_application_is_is_noticed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = licences.application

    async def forgetful(tx: Any, person_id: Any, driver_id: Any, application_id: Any, **how: Any) -> Any:
        owner = await tx.fetchval("SELECT driver_id FROM application WHERE id = $1", application_id.uuid)
        return await honest(tx, person_id, DriverId(owner) if owner else driver_id, application_id, **how)

    monkeypatch.setattr(licences, "application", forgetful)
    found, _ = await breaches(cast, _row("GET /holder/applications/{application_id}"))
    assert any("theirs: 200" in breach for breach in found)
    assert any("told" in breach for breach in found)


async def test_a_route_that_forgets_whose_a_face_check_is_is_noticed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = accounts.face_check

    async def forgetful(tx: Any, person_id: Any, face_check_id: Any) -> Any:
        owner = await tx.fetchval("SELECT person_id FROM face_check WHERE id = $1", face_check_id.uuid)
        return await honest(tx, PersonId(owner) if owner else person_id, face_check_id)

    monkeypatch.setattr(accounts, "face_check", forgetful)
    found, _ = await breaches(cast, _row("GET /holder/face-checks/{face_check_id}"))
    assert any("theirs: 200" in breach for breach in found)


async def test_a_route_that_lets_an_ended_session_in_is_noticed(cast: Cast) -> None:
    cast.tokens["ended holder"] = cast.headers_of(HOLDER)
    found, _ = await breaches(cast, _row("GET /holder/account"))
    assert [breach.split(": ")[1] for breach in found] == ["an ended session"]


async def test_a_look_up_that_forgets_the_region_is_noticed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("liangzheng.staff.look_up"), "may_see", lambda *_: True)
    found, _ = await breaches(cast, _row("POST /staff/look-ups"))
    assert any("identity_number theirs: 201" in breach for breach in found)
    assert any("an officer next door: 201" in breach for breach in found)
    assert any("told" in breach for breach in found)


async def test_a_proposal_that_is_read_outside_its_region_is_noticed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("liangzheng.staff.decide"), "_reaches", lambda *_: True)
    monkeypatch.setattr(
        import_module("liangzheng.staff.decide"), "_under", lambda officer, *_: officer.duties[0]
    )
    found, _ = await breaches(cast, _row("GET /staff/proposals/{proposal_id}"))
    # The other province is kept out by the statement; the next prefecture only by the rule.
    assert {breach.split(": ")[1] for breach in found} == {"as an officer next door"}


async def test_a_retention_without_a_verification_of_the_officer_s_own_is_noticed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgetful(*_: Any) -> bool:
        return True

    monkeypatch.setattr("liangzheng.showing.verified_by", forgetful)
    found, _ = await breaches(cast, _row("POST /staff/retentions"))
    assert any("201" in breach for breach in found)


@pytest.mark.parametrize(
    "route", ["GET /relying/requests/{request_id}", "DELETE /relying/requests/{request_id}"]
)
async def test_a_route_that_forgets_whose_a_request_is_is_noticed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    honest = import_module("liangzheng.relying.ask")._held

    async def forgetful(tx: Any, who: Any, request_id: Any, **how: Any) -> Any:
        query = "SELECT company_id FROM consent_request WHERE request_id = $1"
        owner = await tx.fetchval(query, request_id.uuid)
        return await honest(tx, replace(who, id=CompanyId(owner)) if owner else who, request_id, **how)

    monkeypatch.setattr(import_module("liangzheng.relying.ask"), "_held", forgetful)
    found, _ = await breaches(cast, _row(route))
    assert any("path:request_id theirs: 200" in breach for breach in found)
    assert any("told" in breach for breach in found)


async def test_a_feed_that_forgets_its_provinces_is_noticed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liangzheng.drivers.feed_rules.province_of", lambda *_: "32")
    before = await _rows_of(cast)
    found, _ = await breaches(cast, _row("POST /source/register-changes"))
    assert any("body:file_number theirs: 200" in breach for breach in found)
    assert await _rows_of(cast) != before
