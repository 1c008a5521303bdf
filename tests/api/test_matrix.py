"""Nobody reaches what is somebody else's, on any route (threats T9, A1): the table, and the calls made from it.

For every route behind a login some forty requests that are right but for one thing: whose the id is, who
calls, or how they say who they are. None may succeed, change anything, or answer with a word of the other
person's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pytest
from starlette.routing import Route

from liangzheng import accounts, licences
from liangzheng.api.app import routes_of
from liangzheng.api.auth import authenticators
from liangzheng.api.table import RESOURCES
from liangzheng.kernel.ids import DriverId, PersonId
from tests.api.cast import Cast, Headers
from tests.api.matrix import ANYBODY, AUTHENTICATORS, HOLDER, ROLES, ROWS, Row, Things

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
    """One request that must not succeed. `sends`: texts of the other's that the request itself holds."""

    what: str
    headers: Headers
    things: dict[str, str]
    allowed: frozenset[int] = REFUSED
    query: tuple[tuple[str, str], ...] = ()


def attempts(cast: Cast, row: Row) -> Iterator[Attempt]:
    """Every wrong way to make the request of this row."""
    mine, theirs = asdict(cast.mine.things), asdict(cast.theirs.things)
    me = cast.headers_of(row.by if row.by == HOLDER else "other police")
    yield from _by_others(cast, row, theirs)
    if not row.names:
        return
    if row.by == HOLDER or len(row.names) == 1:
        yield Attempt("all of it theirs", me, theirs)
    malformed = REFUSED | {MALFORMED}
    for place, kind in row.names.items():
        one = mine | {kind: theirs[kind]}
        caller = me if row.by == HOLDER else cast.headers_of(row.by)
        yield Attempt(f"{place} theirs", caller, one)
        prefix = theirs[kind].partition("_")[0]
        if kind == "code":
            yield Attempt(
                "their code in small letters", caller, mine | {kind: theirs[kind].lower()}, malformed | {400}
            )
            continue
        for other, value in theirs.items():
            if other not in (kind, "code", "list_id"):
                yield Attempt(f"{place} their {other}", caller, mine | {kind: value}, malformed)
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
        yield Attempt(f"with {header}", me | {header: value}, theirs)
    for name in ("person_id", "driver_id", "owner", "as", "on_behalf_of"):
        yield Attempt(f"with ?{name}", me, theirs, query=((name, theirs["person"]),))


def _by_others(cast: Cast, row: Row, theirs: dict[str, str]) -> Iterator[Attempt]:
    """The right request of the other person, by somebody it is not for."""
    token = cast.theirs.holder.phone.headers["Authorization"].partition(" ")[2]
    mine = cast.headers_of(HOLDER)["Authorization"].partition(" ")[2]
    turned_away = frozenset({401})
    for said, headers in {
        "no session": {},
        "an ended session": cast.headers_of("ended holder"),
        "an ended verifier": cast.headers_of("ended police"),
        "a made-up token": {"Authorization": "Bearer " + "A" * 43},
        "half a token": {"Authorization": f"Bearer {token[: len(token) // 2]}"},
        "their token, last letter changed": {"Authorization": f"Bearer {token[:-1]}{'A' if token[-1] != 'A' else 'B'}"},
        "their token and mine mixed": {"Authorization": f"Bearer {token[: len(token) // 2]}{mine[len(mine) // 2 :]}"},
        "their token in a cookie": {"Cookie": f"session={token}; token={token}"},
        "their token as a password": {"Authorization": f"Basic {token}"},
        "their id for a token": {"Authorization": f"Bearer {theirs['person']}"},
        "an empty token": {"Authorization": "Bearer "},
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
            told = [text for text in cast.theirs.private if text in answer.text]
            if told:
                found.append(f"{row.route}: {attempt.what}: told {len(told)} things of theirs")
    return found, made


async def _rows_of(cast: Cast) -> dict[str, list[str]]:
    """Everything the database holds of the other person, by table."""
    person = PersonId.parse(cast.theirs.things.person).uuid
    driver = DriverId.parse(cast.theirs.things.driver).uuid
    owners = {"person_id": person, "driver_id": driver, "scope": driver}
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
            found[f"{table}.{column}"] = [row["t"] for row in rows]
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
    for row in ROWS:
        answer = await cast.call(row, cast.headers_of(row.by), asdict(cast.mine.things))
        assert answer.status_code in row.own, f"{row.route}: {answer.status_code} {answer.text}"


async def test_whoever_a_route_is_not_for_is_turned_away_and_the_others_are_not(cast: Cast) -> None:
    for row in ROWS:
        for role in ROLES:
            answer = await cast.call(
                row, cast.headers_of(role), dict.fromkeys(Things.__dataclass_fields__, "x")
            )
            if role not in row.roles:
                assert answer.status_code in (401, 403), f"{row.route} as {role}: {answer.status_code}"
            elif role == row.by or row.roles == ANYBODY:
                assert answer.status_code != 401, f"{row.route} as {role}"


# --- controls: a check that is taken out is noticed ---------------------------------------------------


def _row(route: str) -> tuple[Row, ...]:
    return tuple(row for row in ROWS if row.route == route)


async def test_a_route_that_forgets_whose_an_application_is_is_noticed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = licences.application

    async def forgetful(tx: Any, person_id: Any, driver_id: Any, application_id: Any) -> Any:
        owner = await tx.fetchval("SELECT driver_id FROM application WHERE id = $1", application_id.uuid)
        return await honest(tx, person_id, DriverId(owner) if owner else driver_id, application_id)

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
