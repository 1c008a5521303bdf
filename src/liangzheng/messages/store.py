"""Every statement on message, message_choice and message_mark."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import MessageId, PersonId
from liangzheng.kernel.pages import Place
from liangzheng.messages.model import NOTICES, OF_LOOKS, Kind, Message, SmsState

_ROWS = "SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::jsonb[], $7::text[])"


def _columns(messages: Sequence[Message]) -> list[list[Any]]:
    return [
        [message.person_id.uuid for message in messages],
        [message.id.uuid for message in messages],
        [message.kind.value for message in messages],
        [message.once for message in messages],
        [message.at for message in messages],
        [dict(message.detail) for message in messages],
        [message.sms.value for message in messages],
    ]


async def add(tx: Connection, messages: Sequence[Message]) -> set[MessageId]:
    """Those that are new: one with a known id, or told once already, is left out."""
    rows = await tx.fetch(
        f"INSERT INTO message AS m (person_id, id, kind, once, at, detail, sms) {_ROWS} ON CONFLICT DO NOTHING RETURNING id",
        *_columns(messages),
    )
    return {MessageId(row["id"]) for row in rows}


async def count_up(tx: Connection, messages: Sequence[Message]) -> set[MessageId]:
    """Messages with a `count` in their detail: kept, or added to the one of the same `once`, which is unread again.

    Those that are new.
    """
    rows = await tx.fetch(
        f"""
        INSERT INTO message AS m (person_id, id, kind, once, at, detail, sms) {_ROWS}
            ON CONFLICT (person_id, kind, once) WHERE once IS NOT NULL DO UPDATE
           SET detail = jsonb_set(m.detail, '{{count}}',
                   to_jsonb((m.detail ->> 'count')::bigint + (excluded.detail ->> 'count')::bigint)),
               at = excluded.at, read_at = NULL
        RETURNING id
        """,
        *_columns(messages),
    )
    return {MessageId(row["id"]) for row in rows} & {message.id for message in messages}


async def of_person(tx: Connection, person_id: PersonId, before: Place, limit: int) -> list[Message]:
    """Newest first, those from before a place."""
    rows = await tx.fetch(
        "SELECT * FROM message WHERE person_id = $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4",
        person_id.uuid, before.at, before.id, limit,
    )  # fmt: skip
    return [_message(row) for row in rows]


async def unread(tx: Connection, person_id: PersonId) -> int:
    """How many nobody has read."""
    return cast(
        "int",
        await tx.fetchval(
            "SELECT count(*) FROM message WHERE person_id = $1 AND read_at IS NULL", person_id.uuid
        ),
    )


async def read_all(tx: Connection, people: Sequence[PersonId], now: datetime) -> None:
    """Nothing of these people is unread."""
    await tx.execute(
        "UPDATE message SET read_at = $2 WHERE person_id = ANY ($1::uuid[]) AND read_at IS NULL",
        [person.uuid for person in people], now,
    )  # fmt: skip


def _listed(kinds: Collection[Kind]) -> str:
    return ", ".join(f"'{kind}'" for kind in sorted(kinds))


_MAY_GO: Final = (
    f"(read_at IS NOT NULL OR kind IN ({_listed(OF_LOOKS)})) "
    f"AND NOT (sms = '{SmsState.WANTED}' AND kind IN ({_listed(NOTICES)}))"
)
"""As the index message_over has it: what stays is not read over and over again."""


async def forget(tx: Connection, before: datetime, limit: int) -> int:
    """Messages from before an instant that may go are gone, the oldest first, at most `limit`; how many."""
    gone = await tx.execute(
        "DELETE FROM message WHERE (person_id, id) IN (SELECT person_id, id FROM message "
        f"WHERE at < $1 AND {_MAY_GO} ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)",
        before, limit,
    )  # fmt: skip
    return int(gone.rsplit(" ", 1)[1])


async def mark_read(tx: Connection, person_id: PersonId, message_id: MessageId, now: datetime) -> bool:
    """Whether there is such a message; it is read from the first time on."""
    done = await tx.execute(
        "UPDATE message SET read_at = coalesce(read_at, $3) WHERE person_id = $1 AND id = $2",
        person_id.uuid, message_id.uuid, now,
    )  # fmt: skip
    return done == "UPDATE 1"


async def awaiting_sms(tx: Connection, asked: Sequence[tuple[PersonId, MessageId]]) -> list[Message]:
    """Those of the messages whose text message is still to be sent; locked."""
    rows = await tx.fetch(
        """
        SELECT m.* FROM unnest($1::uuid[], $2::uuid[]) AS a (person_id, id)
          JOIN message m ON m.person_id = a.person_id AND m.id = a.id
         WHERE m.sms = 'wanted' FOR UPDATE OF m
        """,
        [person.uuid for person, _ in asked],
        [message.uuid for _, message in asked],
    )
    return [_message(row) for row in rows]


async def sms_ended(tx: Connection, message: Message, state: SmsState, now: datetime) -> None:
    """The text message was sent, or never will be; with NONE, it is not wanted any more."""
    await tx.execute(
        "UPDATE message SET sms = $3, sms_at = $4 WHERE person_id = $1 AND id = $2",
        message.person_id.uuid, message.id.uuid, state.value, None if state is SmsState.NONE else now,
    )  # fmt: skip


async def choices(tx: Connection, people: Sequence[PersonId]) -> dict[PersonId, dict[Kind, bool]]:
    """What each of them chose; who chose nothing is left out."""
    found: dict[PersonId, dict[Kind, bool]] = {}
    for row in await tx.fetch(
        "SELECT person_id, kind, sms FROM message_choice WHERE person_id = ANY ($1::uuid[])",
        [person.uuid for person in people],
    ):
        found.setdefault(PersonId(row["person_id"]), {})[Kind(row["kind"])] = row["sms"]
    return found


async def choose(tx: Connection, person_id: PersonId, chosen: Mapping[Kind, bool], now: datetime) -> None:
    """These kinds are as the person says from now on."""
    await tx.execute(
        """
        INSERT INTO message_choice AS c (person_id, kind, sms, changed_at)
        SELECT $1, kind, sms, $4 FROM unnest($2::text[], $3::boolean[]) AS n (kind, sms)
            ON CONFLICT (person_id, kind) DO UPDATE SET sms = excluded.sms, changed_at = excluded.changed_at
         WHERE c.sms <> excluded.sms
        """,
        person_id.uuid, [kind.value for kind in chosen], list(chosen.values()), now,
    )  # fmt: skip


async def mark(tx: Connection, name: str) -> datetime | None:
    """How far a fold has come; locked. None before its first run."""
    return cast(
        "datetime | None",
        await tx.fetchval("SELECT until FROM message_mark WHERE name = $1 FOR UPDATE", name),
    )


async def set_mark(tx: Connection, name: str, until: datetime) -> None:
    """The fold has come this far."""
    await tx.execute(
        "INSERT INTO message_mark (name, until) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET until = excluded.until",
        name, until,
    )  # fmt: skip


def _message(row: Row) -> Message:
    return Message(
        person_id=PersonId(row["person_id"]),
        id=MessageId(row["id"]),
        kind=Kind(row["kind"]),
        at=row["at"],
        detail=row["detail"],
        read_at=row["read_at"],
        sms=SmsState(row["sms"]),
        once=row["once"],
    )
