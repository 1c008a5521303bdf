"""What the head office of the cast has begun."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from tests.api.phone import done
from tests.licences.holders import Deployment


async def begun_upload(place: Deployment, headers: Mapping[str, str]) -> str:
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
