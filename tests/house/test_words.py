"""A column of words takes the words of its enumeration and no other, whoever writes to the table."""

from __future__ import annotations

import re
from typing import get_args

import asyncpg
import pytest

from liangzheng.accounts import lifecycle as face
from liangzheng.accounts.model import AgreementKind, Ceremony, CodePurpose
from liangzheng.audit.model import ActorKind
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.classes import DrivingClass
from liangzheng.kernel.ids import ApplicationId, DriverId, HeldActId, PhoneKeyId
from liangzheng.kernel.people import IdentityKind
from liangzheng.kernel.status import StatusLetter
from liangzheng.licences import lifecycle
from liangzheng.licences.rules import Refusal
from liangzheng.showing.model import VerifierKind
from tests.conftest import NOW
from tests.showing.world import driver_row, insert

WORDS: dict[str, set[str]] = {
    "application.state": set(lifecycle.ApplicationState) - {lifecycle.ApplicationState.SUBMITTED},
    "application.refusal": set(Refusal),
    "application_turned_away.refusal": set(Refusal),
    "application_event.event": set(lifecycle.ApplicationEvent),
    "licence.state": set(lifecycle.LicenceState) - {lifecycle.LicenceState.REQUESTED},
    "licence_event.event": set(lifecycle.LicenceEvent),
    "credential.state": set(lifecycle.CredentialState),
    "credential_event.event": set(lifecycle.CredentialEvent),
    "verification.credential_state": set(lifecycle.CredentialState),
    "verification.class_asked": set(DrivingClass),
    "verifier.kind": set(VerifierKind),
    "face_check.state": set(face.State),
    "held_act.state": set(face.HeldState),
    "held_act.kind": set(face.HeldKind),
    "correction_request.state": set(face.CorrectionState),
    "agreement.kind": set(AgreementKind),
    "one_time_code.purpose": set(CodePurpose),
    "passkey_challenge.ceremony": set(Ceremony),
    "face_check.decided_by_kind": set(get_args(ActorKind)),
    "face_check.consumed_kind": {ApplicationId.prefix, PhoneKeyId.prefix, HeldActId.prefix},
    "audit_entry.actor_kind": set(get_args(ActorKind)),
    "person.identity_kind": set(IdentityKind),
    "driver.identity_kind": set(IdentityKind),
}

LETTERS: dict[str, set[str]] = {
    "driver.status": set(StatusLetter),
    "verification.status": set(StatusLetter),
    "driver.classes": set("".join(DrivingClass)),
    "driver.school_bus_classes": set("".join(DrivingClass)),
    "licence.classes": set("".join(DrivingClass)),
}
"""Columns of letters run together: the characters that may stand in them."""

_CHECKS = """
    SELECT pg_get_constraintdef(o.oid) AS text FROM pg_constraint o
      JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attname = $2
     WHERE o.conrelid = $1::text::regclass AND o.contype = 'c' AND a.attnum = ANY(o.conkey)
"""


async def checks(tx: Connection, column: str) -> list[str]:
    return [row["text"] for row in await tx.fetch(_CHECKS, *column.split("."))]


@pytest.mark.parametrize("column", WORDS)
async def test_a_column_of_words_lists_the_words_of_the_code(tx: Connection, column: str) -> None:
    name = column.split(".")[1]
    lists = [text for text in await checks(tx, column) if text.startswith(f"CHECK (({name} = ANY (ARRAY[")]
    found = [set(re.findall(r"'([^']*)'", text)) for text in lists]
    assert found == [WORDS[column]], "a new word is a new migration"


@pytest.mark.parametrize("column", LETTERS)
async def test_a_column_of_letters_takes_the_letters_of_the_code(tx: Connection, column: str) -> None:
    name = column.split(".")[1]
    found = {
        frozenset(letters)
        for text in await checks(tx, column)
        for letters in re.findall(rf"translate\({name}, '([^']*)'", text)
    }
    assert found == {frozenset(LETTERS[column])}


@pytest.mark.parametrize(
    "table", ["driver", "application", "licence", "credential", "verification", "face_check", "verifier"]
)
async def test_no_column_of_words_was_forgotten(tx: Connection, table: str) -> None:
    """By the names such columns have."""
    rows = await tx.fetch(
        "SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 "
        "AND atttypid = 'text'::regtype AND attname ~ '^(state|status|classes|event|refusal|origin|kind|.*_kind|.*_state)$'",
        table,
    )
    assert [row["name"] for row in rows if not await checks(tx, f"{table}.{row['name']}")] == []


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        ("status", "Q"),
        ("status", ""),
        ("status", "a"),
        ("status", "ABCDEFGHIJKLMNPRS"),
        ("classes", ""),
        ("classes", "C1,C2"),
        ("classes", "Ｃ1"),
        ("school_bus_classes", "yes"),
        ("validity_term", "A"),
        ("nationality", "chn"),
        ("nationality", "CN"),
        ("identity_kind", "X"),
    ],
)
async def test_a_driver_with_a_wrong_word_does_not_get_in(tx: Connection, column: str, wrong: str) -> None:
    row = driver_row(DriverId.new(), bytes(32), NOW)
    async with tx.transaction():
        await insert(tx, "driver", row)
    with pytest.raises(asyncpg.CheckViolationError):
        async with tx.transaction():
            await insert(tx, "driver", row | {"driver_id": DriverId.new().uuid, column: wrong})
