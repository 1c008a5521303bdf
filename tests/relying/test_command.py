"""`./lz company`: the operator's acts, and the record of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from liangzheng import audit, relying
from liangzheng.cli import company as command
from liangzheng.cli.company import grant_line, read_grant
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import Conflict, Invalid, NotFound
from liangzheng.kernel.ids import CompanyId
from liangzheng.kernel.time import FixedClock
from liangzheng.relying import CompanyEvent, CompanyState, Grant
from tests.relying.world import CREDIT_CODE, EMPLOYMENT, RENTAL, F


@pytest.mark.parametrize(
    ("text", "grant"),
    [
        ("rental:may_drive,name", Grant("rental", frozenset({F.MAY_DRIVE, F.NAME}))),
        ("employment:may_drive,valid_until+bulk+notices", EMPLOYMENT),
        ("freight:may_drive+bulk", Grant("freight", frozenset({F.MAY_DRIVE}), bulk=True)),
    ],
)
def test_a_grant_as_it_is_written(text: str, grant: Grant) -> None:
    assert read_grant(text) == grant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rental",
        "rental:",
        "rental:points",
        "rental:classes",
        "shop:name",
        "rental:name+portrait",
        "insurance:name+bulk",
    ],
)
def test_what_is_no_grant_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_grant(text)


def test_who_approves_reads_all_that_is_approved() -> None:
    assert grant_line(read_grant("employment:valid_until,may_drive+bulk+notices")).split() == [
        "employment", "may_drive,", "valid_until", "+bulk", "+notices",
    ]  # fmt: skip
    assert "+" not in grant_line(read_grant("rental:may_drive"))


async def registered(database: Database, clock: FixedClock) -> relying.Company:
    async with database.transaction() as tx:
        return (await relying.register(tx, "样本租车", CREDIT_CODE, [RENTAL], clock.now()))[0]


async def moved(
    database: Database, clock: FixedClock, company: relying.Company, *events: CompanyEvent
) -> CompanyState:
    for event in events:
        async with database.transaction() as tx:
            company = await relying.move(tx, company.id, event, "looked at the papers", clock.now())
    return company.state


async def test_who_approved_when_and_why_is_kept(database: Database, clock: FixedClock) -> None:
    company = await registered(database, clock)
    assert await moved(database, clock, company, CompanyEvent.APPROVED) is CompanyState.APPROVED
    async with database.read() as tx:
        (move,) = await relying.moves_of(tx, company.id)
        acts = [entry["act"] for entry in await tx.fetch("SELECT act FROM audit_entry ORDER BY id")]
        approved = await relying.company(tx, company.id)
    assert (move.event, move.at, move.by, move.reason) == (
        "approved",
        clock.now(),
        "operator",
        "looked at the papers",
    )
    assert acts == ["company.registered", "company.approved"]
    assert approved.approved_at == clock.now()


async def test_another_actor_is_named(database: Database, clock: FixedClock) -> None:
    company = await registered(database, clock)
    async with database.transaction() as tx:
        actor = audit.Actor("staff", CompanyId.new())
        await relying.move(tx, company.id, CompanyEvent.APPROVED, "why", clock.now(), actor)
        (move,) = await relying.moves_of(tx, company.id)
    assert actor.id is not None
    assert move.by == f"staff {actor.id.uuid}"


@pytest.mark.parametrize(
    ("before", "event"),
    [
        ([], CompanyEvent.SUSPENDED),
        ([], CompanyEvent.RESTORED),
        ([CompanyEvent.APPROVED], CompanyEvent.APPROVED),
        ([CompanyEvent.ENDED], CompanyEvent.APPROVED),
        ([CompanyEvent.APPROVED, CompanyEvent.SUSPENDED, CompanyEvent.ENDED], CompanyEvent.RESTORED),
    ],
)
async def test_a_company_moves_along_its_arrows_only(
    database: Database, clock: FixedClock, before: Sequence[CompanyEvent], event: CompanyEvent
) -> None:
    company = await registered(database, clock)
    await moved(database, clock, company, *before)
    with pytest.raises(Conflict):
        await moved(database, clock, company, event)


async def test_two_who_decide_at_once_do_not_both(database: Database, clock: FixedClock) -> None:
    import asyncio

    company = await registered(database, clock)
    results = await asyncio.gather(
        *(moved(database, clock, company, CompanyEvent.APPROVED) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["CompanyState", "Conflict"]


async def test_what_was_approved_changes_only_after_a_suspension(
    database: Database, clock: FixedClock
) -> None:
    company = await registered(database, clock)
    async with database.transaction() as tx:
        await relying.set_grant(tx, company.id, EMPLOYMENT, clock.now())
    await moved(database, clock, company, CompanyEvent.APPROVED)
    for act in (relying.set_grant, relying.remove_grant):
        with pytest.raises(Conflict, match="suspend the company first"):
            async with database.transaction() as tx:
                await act(tx, company.id, EMPLOYMENT if act is relying.set_grant else "rental", clock.now())  # type: ignore[operator]
    await moved(database, clock, company, CompanyEvent.SUSPENDED)
    async with database.transaction() as tx:
        await relying.remove_grant(tx, company.id, "rental", clock.now())
        assert set(await relying.grants_of(tx, company.id)) == {"employment"}
    with pytest.raises(NotFound):
        async with database.transaction() as tx:
            await relying.remove_grant(tx, company.id, "rental", clock.now())


@pytest.mark.parametrize(
    "name",
    ["", "  ", "x" * 101, "样本\u202e租车", "样本\n", "\u3164", "\u2800", "样\xad本", "样本\U000e0041"],
)
async def test_a_name_that_cannot_be_shown_to_a_driver_is_refused(
    database: Database, clock: FixedClock, name: str
) -> None:
    async with database.transaction() as tx:
        if name == "样本\n":  # ends are cut off
            assert (await relying.register(tx, name, CREDIT_CODE, [RENTAL], clock.now()))[0].name == "样本"
            return
        with pytest.raises(Invalid):
            await relying.register(tx, name, CREDIT_CODE, [RENTAL], clock.now())


async def test_a_registration_names_each_purpose_once_and_a_move_its_reason(
    database: Database, clock: FixedClock
) -> None:
    async with database.transaction() as tx:
        for grants in ([], [RENTAL, RENTAL]):
            with pytest.raises(Invalid):
                await relying.register(tx, "样本租车", CREDIT_CODE, grants, clock.now())
    company = await registered(database, clock)
    for reason in (" ", "x" * 201):
        with pytest.raises(Invalid):
            async with database.transaction() as tx:
                await relying.move(tx, company.id, CompanyEvent.APPROVED, reason, clock.now())
    with pytest.raises(NotFound):
        async with database.transaction() as tx:
            await relying.move(tx, CompanyId.new(), CompanyEvent.APPROVED, "why", clock.now())


def test_the_catalogue_lists_every_purpose_and_field(capsys: pytest.CaptureFixture[str]) -> None:
    command.catalogue()
    said = capsys.readouterr().out
    for word in ("rental", "汽车租赁", "portrait", "驾驶证照片", "this once only"):
        assert word in said
