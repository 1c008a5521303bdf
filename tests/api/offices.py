"""What the head office of the cast has begun."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from liangzheng.staff import Duty
from tests.api.matrix import HEAD_OFFICE, KEEPER
from tests.api.phone import done
from tests.api.things import Things
from tests.licences.holders import Deployment


async def offices(
    place: Deployment, on_duty: Callable[[Deployment, str, Sequence[Duty]], Awaitable[Any]], *both: Things
) -> dict[str, dict[str, str]]:
    """The tokens of the head office and of who keeps the keys; the things of both casts have the upload begun there."""
    head = (await on_duty(place, "nationwide", (Duty.REGISTER, Duty.SYSTEM))).headers
    keeper = (await on_duty(place, "nationwide", (Duty.KEYS,))).headers
    upload = await begun_upload(place, head)
    for things in both:
        things.upload = upload
    return {HEAD_OFFICE: head, KEEPER: keeper}


async def begun_upload(place: Deployment, headers: dict[str, str]) -> str:
    """A register file of which the first part came."""
    body = {"file_name": "register.csv", "octets": 10, "drawn_at": "2026-01-01T00:00:00Z"}
    sent = dict(headers) | {"Idempotency-Key": secrets.token_hex(8)}
    begun = await place.phone.client.post("/staff/register-uploads", json=body, headers=sent)
    upload = str(done(begun, 201)["upload"])
    part = await place.phone.client.put(
        f"/staff/register-uploads/{upload}/parts?start=0", content=b"first",
        headers=dict(headers) | {"Content-Type": "application/octet-stream"},
    )  # fmt: skip
    assert done(part, 200)["received"] == 5
    return upload
