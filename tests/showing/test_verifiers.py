"""Who may verify: a token that is shown once and kept as a hash."""

from __future__ import annotations

from datetime import datetime

import pytest

from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import Invalid, NotAuthenticated, NotFound
from liangzheng.kernel.ids import VerifierId
from liangzheng.showing import VerifierKind, add_verifier, authenticate, end_verifier, list_verifiers


async def test_a_token_opens_for_its_verifier_until_it_is_ended(database: Database, now: datetime) -> None:
    verifier, token = await add_verifier(database, "样本大队", VerifierKind.POLICE, now)
    assert await authenticate(database, token) == verifier
    await end_verifier(database, verifier.id, now)
    with pytest.raises(NotAuthenticated):
        await authenticate(database, token)
    assert [(item.id, state) for item, state, _ in await list_verifiers(database)] == [(verifier.id, "ended")]
    with pytest.raises(NotFound):
        await end_verifier(database, verifier.id, now)


async def test_every_other_token_is_refused_in_the_same_words(database: Database, now: datetime) -> None:
    verifier, token = await add_verifier(database, "样本大队", VerifierKind.POLICE, now)
    _, other = await add_verifier(database, "另一大队", VerifierKind.POLICE, now)
    said = set()
    for wrong in (
        "", ".", token[:-1], token + "x", token.split(".")[0], f"{verifier.id}.{other.split('.')[1]}",
        f"{VerifierId.new()}.{token.split('.')[1]}", "ver_x.y", "ünïcode.x",
    ):  # fmt: skip
        with pytest.raises(NotAuthenticated) as failure:
            await authenticate(database, wrong)
        said.add(str(failure.value))
    assert len(said) == 1


async def test_the_token_is_not_in_the_database(database: Database, now: datetime) -> None:
    _, token = await add_verifier(database, "样本大队", VerifierKind.POLICE, now)
    async with database.read() as tx:
        rows = await tx.fetch(
            "SELECT verifier::text AS whole FROM verifier UNION ALL SELECT audit_entry::text FROM audit_entry"
        )
    assert len(rows) == 2
    assert all(token.split(".")[1] not in row["whole"] for row in rows)


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "甲\u202e乙", "line\nbreak"])
async def test_a_name_is_one_a_holder_can_read(database: Database, now: datetime, name: str) -> None:
    with pytest.raises(Invalid):
        await add_verifier(database, name, VerifierKind.PUBLIC, now)


async def test_a_company_is_made_by_its_registration_and_not_by_hand(
    database: Database, now: datetime
) -> None:
    with pytest.raises(Invalid, match="lz company register"):
        await add_verifier(database, "样本租车公司", VerifierKind.COMPANY, now)
    assert await list_verifiers(database) == []


async def test_a_token_made_for_a_company_by_hand_opens_nothing_whoever_kept_it(
    database: Database, now: datetime
) -> None:
    made, token = await add_verifier(database, "样本租车公司", VerifierKind.PUBLIC, now)
    assert await authenticate(database, token) == made
    async with database.transaction() as tx:
        await tx.execute("UPDATE verifier SET kind = 'company'")
    with pytest.raises(NotAuthenticated):
        await authenticate(database, token)
