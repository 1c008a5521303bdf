"""The same POST twice is one act and one answer: the `Idempotency-Key` header.

A route opens the transaction, so that the key, the act and the answer are kept together or not at all:

    async with wired(request).database.transaction() as tx:
        return await once(tx, key, owner=who.person_id, act="phone-key.bind", body=body, now=now,
                          perform=lambda: _bound(tx, …))
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Header
from pydantic import BaseModel

from liangzheng.api.bodies import Answer
from liangzheng.infra import idempotency
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import Id

A = TypeVar("A", bound=Answer)

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=64,
        pattern=r"^[\x21-\x7e]+$",
        description="Repeat a request with the same key and it is done once and answered alike.",
    ),
]


async def once(
    tx: Connection,
    key: str | None,
    *,
    owner: Id | UUID,
    act: str,
    body: BaseModel | None,
    answer: type[A],
    now: datetime,
    perform: Callable[[], Awaitable[A]],
    request_hash: bytes | None = None,
) -> A:
    """What `perform` answers, or what it answered the first time this key came from `owner`.

    Raises Conflict when the key came with another request. `request_hash` replaces the plain hash of the body
    where the body holds what must not be hashed without a secret.
    """
    if key is None:
        return await perform()
    hashed = request_hash or idempotency.request_hash(act, body.model_dump(mode="json") if body else None)
    before = await idempotency.claim(tx, owner, key, act, hashed, now)
    if before is not None:
        return answer.model_validate(before)
    done = await perform()
    await idempotency.record(tx, owner, key, done.model_dump(mode="json"))
    return done
