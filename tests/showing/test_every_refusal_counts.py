"""Take any refusal out of online and offline verification, its rules or its door, and a test goes red.

As tests/standards/test_every_check_counts.py does for the codecs, for what stands around them: every `raise`, every
way out, every effect, every condition among several and every bound is taken out or moved, one at a time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import ModuleType
from typing import Any

import pytest

from liangzheng import offline
from liangzheng.api import auth
from liangzheng.api.app import create_app
from liangzheng.api.verifier import callers
from liangzheng.infra.postgres import Database
from liangzheng.infra.settings import Settings
from liangzheng.kernel.time import FixedClock
from liangzheng.showing import VerifierKind, add_verifier, rules, verify_online
from tests.accounts.people import MADE_UP
from tests.api import test_access
from tests.api.phone import Phone
from tests.mutants_in_place import InPlace, Jury, Test, mutants_in
from tests.showing import test_callers, test_offline, test_over_http, test_rules, test_verify_online
from tests.showing.world import NOW, World, keep_company, signers

JURIES: dict[ModuleType, tuple[ModuleType, ...]] = {
    verify_online: (test_verify_online,),
    rules: (test_rules,),
    offline: (test_offline,),
    auth: (test_access, test_over_http),
    callers: (test_callers, test_over_http),
}

_SHOWN = "a standing is superseded only where a showing was opened"

SAME_THING = {
    "verify: without not found.as_issued of found is None or not found.as_issued or turn is Turn.TAKEN": (
        "what was not issued is not recorded as shown, so its turn is never its own"
    ),
    "verify: without turn is Turn.TAKEN of found is None or not found.as_issued or turn is Turn.TAKEN": (
        "the step `first showing` then says the same"
    ),
    "_look: not: if found.verification_id == mine: return": "its own showing has its own request, and again is as good as first",
    "_refusal: without showing is not None of showing is not None and failure.outcome is Outcome.STATUS_SUPERSEDED": _SHOWN,
    "_refusal: without showing of showing and genuine": _SHOWN,
    "_with_font: without not rare(answer.holder.name) of answer.holder is None or not rare(answer.holder.name)": (
        "a name without rare characters has no font to be found, at the price of a read"
    ),
    "authenticates: no count_request(request, found)": (
        "how often is no step of a showing; tests/api/test_rates.py asks every route"
    ),
}
"""Changes that change nothing a test could see, each with its reason."""

_TABLES = """
    SELECT string_agg(format('DELETE FROM %I', tablename), '; ') FROM pg_tables
     WHERE schemaname = 'public' AND tablename NOT IN ('schema_migration', 'audit_head')
"""
_EMPTY = (
    "SET session_replication_role = replica; {deletes}; "
    "UPDATE audit_head SET seq = 0, hash = decode(repeat('00', 32), 'hex') WHERE seq > 0"
)


class Fixtures:
    """What the tests ask for, on one database that is emptied before each."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings

    @asynccontextmanager
    async def __call__(self, test: Test, wanted: Sequence[str]) -> AsyncIterator[dict[str, Any] | None]:
        async with AsyncExitStack() as stack:
            found: dict[str, Any] = {"now": NOW, "clock": FixedClock(NOW), "settings": self._settings}
            if set(wanted) & {"world", "officer", "company", "caller", "database"}:
                found |= await self._with_database(test, wanted)
            if "caller" in wanted:
                wiring = test_over_http.Wired(
                    self._settings, self._database, found["clock"], found["world"].trust
                )
                stack.callback(wiring.passwords.close)
                app = create_app(wiring)  # type: ignore[arg-type]
                found["caller"] = await stack.enter_async_context(Phone.over(app))
            if set(wanted) & {"desk", "es256"}:
                found["desk"] = found["es256"] = test_offline.Desk(signers())
            yield {name: found[name] for name in wanted} if set(wanted) <= set(found) else None

    async def _with_database(self, test: Test, wanted: Sequence[str]) -> dict[str, Any]:
        async with self._database.statement() as connection:
            await connection.execute(_EMPTY.format(deletes=await connection.fetchval(_TABLES)))
        over_http = {"driver_id": MADE_UP[0].driver_id} if test.__module__ == test_over_http.__name__ else {}
        world = await World(self._database, signers(), **over_http).build()
        found: dict[str, Any] = {"world": world, "database": self._database}
        if "officer" in wanted:
            found["officer"], _ = await add_verifier(self._database, "样本大队", VerifierKind.POLICE, NOW)
        if "company" in wanted:
            found["company"] = await keep_company(self._database, "样本租车公司", NOW)
        return found


@pytest.mark.parametrize("module", JURIES, ids=lambda module: module.__name__)
async def test_no_refusal_can_be_taken_out_unnoticed(
    database: Database, settings: Settings, module: ModuleType
) -> None:
    jury = Jury(Fixtures(database, settings), *JURIES[module])
    assert await jury.what_notices() is None, "the tests must pass on the module as it is"
    unnoticed = [str(mutant) for mutant in mutants_in(module) if not await _is_noticed(mutant, jury)]
    assert unnoticed == []


async def _is_noticed(mutant: InPlace, jury: Jury) -> bool:
    if str(mutant) in SAME_THING:
        return True
    with mutant.at_work():
        return await jury.what_notices() is not None


def test_what_is_said_to_be_the_same_thing_is_still_there() -> None:
    """Nor does an engine that finds nothing to change pass for one that finds everything noticed."""
    names = {module: [str(mutant) for mutant in mutants_in(module)] for module in JURIES}
    assert set(SAME_THING) <= {name for found in names.values() for name in found}
    assert all(names.values())
    assert len(names[verify_online]) > 15 and len(names[rules]) > 20
