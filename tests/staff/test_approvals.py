"""Keys: two people of the security administration agree, and a ceremony uses exactly that up, once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from liangzheng import staff
from liangzheng.cli import keys
from liangzheng.cli.approval import demand_approvals
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from liangzheng.kernel.ids import ProposalId
from liangzheng.staff import Kind
from tests.api.phone import done, refused
from tests.conftest import NOW
from tests.staff.place import HERE, Place


class Stopped(Exception):
    """The ceremony goes no further."""


ROTATION = {"role": "document", "province": "CN-32"}


async def _approved(place: Place, kind: str = "rotate-key", **changed: Any) -> ProposalId:
    one, two = [await place.on_duty("keys", region="nationwide") for _ in range(2)]
    proposal = done(await one.propose(kind, **changed), 201)
    refused(await one.decide(proposal), 403, "forbidden")
    assert done(await two.decide(proposal), 201)["state"] == "approved"
    return ProposalId.parse(proposal["proposal"])


async def use(place: Place, approval: ProposalId, what: dict[str, Any] = ROTATION, later_s: int = 0) -> None:
    async with place.database.transaction() as tx:
        now = place.clock.now() + timedelta(seconds=later_s)
        await staff.use_approval(tx, approval, Kind.ROTATE_KEY, what, now)


async def test_an_approval_serves_once_and_only_for_what_it_says(place: Place) -> None:
    approval = await _approved(place)
    with pytest.raises(Conflict, match="something else"):
        await use(place, approval, {"role": "document", "province": "CN-11"})
    await use(place, approval)
    with pytest.raises(Conflict, match="not approved"):
        await use(place, approval)
    [entry] = await place.entries("approval.used")
    assert entry["actor_kind"] == "operator"


async def test_two_ceremonies_at_once_use_it_once(place: Place) -> None:
    approval = await _approved(place)
    used = await asyncio.gather(*(use(place, approval) for _ in range(3)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in used) == ["Conflict", "Conflict", "NoneType"]


async def test_one_that_is_only_proposed_or_is_over_serves_nothing(place: Place) -> None:
    one = await place.on_duty("keys", region="nationwide")
    proposal = ProposalId.parse(done(await one.propose("rotate-key"), 201)["proposal"])
    with pytest.raises(Conflict, match="not approved"):
        await use(place, proposal)
    with pytest.raises(NotFound):
        await use(place, ProposalId.new())
    approval = await _approved(place)
    with pytest.raises(Conflict, match="not approved"):
        await use(place, approval, later_s=7 * 86400)


@pytest.mark.parametrize(
    "duty, region", [("keys", HERE), ("system", "nationwide"), ("penalty", "nationwide")]
)
async def test_keys_are_the_security_administration_s_and_nationwide(
    place: Place, duty: str, region: str
) -> None:
    other = await place.on_duty(duty, region=region)
    assert (await other.propose("rotate-key")).status_code in (403, 404)


@pytest.mark.parametrize(
    "what",
    [{}, {"role": "root", "province": None},
     {"role": "document", "province": "CN-99"}, {"role": "status", "province": "CN-32"},
     {"role": "audit", "province": "CN-32"}, {"role": "document", "province": None}]
)  # fmt: skip
async def test_a_rotation_names_a_signer_there_can_be(place: Place, what: dict[str, Any]) -> None:
    one = await place.on_duty("keys", region="nationwide")
    refused(await one.propose("rotate-key", what=what), 422, "invalid")


@pytest.mark.parametrize("flag", ["--status", "--audit", "--province 32"])
async def test_whatever_a_ceremony_rotates_two_people_can_approve_and_it_goes_through_once(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flag: str
) -> None:
    demanded: list[dict[str, Any]] = []

    def demand(_: Settings, __: list[str], wanted: list[tuple[str, dict[str, Any]]], ___: Any) -> None:
        demanded.extend(what for _, what in wanted)
        raise Stopped

    monkeypatch.setenv("LZ_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LZ_DATABASE_URL", place.database.params.url())
    monkeypatch.setattr(keys, "demand_approvals", demand)
    answer = CliRunner().invoke(keys.app, ["rotate", *flag.split()])
    assert isinstance(answer.exception, Stopped)
    [what] = demanded
    approval = await _approved(place, what=what)
    await use(place, approval, what)
    with pytest.raises(Conflict, match="not approved"):
        await use(place, approval, what)


async def test_a_key_of_any_role_is_retired_by_its_id(place: Place) -> None:
    what = {"kid": "0011223344556677"}
    approval = await _approved(place, "retire-key", what=what)
    async with place.database.transaction() as tx:
        await staff.use_approval(tx, approval, Kind.RETIRE_KEY, what, place.clock.now())


def test_production_demands_what_elsewhere_is_checked_when_given() -> None:
    production = Settings.from_env({"LZ_MODE": "production"})
    with pytest.raises(Forbidden, match="two people"):
        demand_approvals(production, [], [("rotate-key", ROTATION)], NOW)
    demand_approvals(Settings.from_env({}), [], [("rotate-key", ROTATION)], NOW)
    with pytest.raises(Invalid, match="once for every key: 2"):
        demand_approvals(production, ["prp_x"], [("rotate-key", ROTATION)] * 2, NOW)
