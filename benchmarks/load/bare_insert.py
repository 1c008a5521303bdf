"""The limit of `apply`: a bare Starlette route that takes the same request and inserts one row.

Run as processes of its own: `python -m benchmarks.load.bare_insert PROCESSES`, over one socket.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from liangzheng.api.app import SERVER_OPTIONS
from liangzheng.cli.serve import listen
from liangzheng.infra.postgres import attach
from liangzheng.infra.postgres.process import die_with_us
from liangzheng.infra.settings import Settings

_ENCODE = msgspec.json.Encoder().encode


class Asked(msgspec.Struct):
    """The body `apply` sends; the bare route keeps it."""

    photo: str
    face_check: str
    phone_key: str


_DECODE = msgspec.json.Decoder(Asked).decode


def bare(pool: Any) -> Starlette:
    """POST /bare → one row kept."""

    async def keep(request: Request) -> Response:
        asked = _DECODE(await request.body())
        row = uuid4()
        async with pool.acquire() as connection:
            await connection.execute(
                "INSERT INTO bare_insert (id, photo, face_check, phone_key, at) VALUES ($1, $2, $3, $4, now())",
                row, asked.photo, asked.face_check, asked.phone_key,
            )  # fmt: skip
        return Response(_ENCODE({"id": str(row), "state": "accepted"}), 202, media_type="application/json")

    return Starlette(routes=[Route("/bare", keep, methods=["POST"])])


async def serve(listener: Any) -> None:
    settings = Settings.from_env()
    async with attach(settings, max=1) as database:
        driver = database.params.asyncpg()
    # A pool as anyone would write it, not ours.
    async with asyncpg.create_pool(**driver, min_size=1, max_size=settings.pool_size) as pool:
        config = uvicorn.Config(
            bare(pool), loop="none", lifespan="off", log_config=None, **SERVER_OPTIONS | {"http": "httptools"}
        )
        await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    shared = listen("127.0.0.1", 0)
    end_with_us = die_with_us(signal.SIGTERM)
    for _ in range(int(sys.argv[1]) - 1):
        if os.fork() == 0:
            end_with_us()
            break
    else:
        print(f"bare answers at http://127.0.0.1:{shared.getsockname()[1]}")
        sys.stdout.flush()
    uvloop.run(serve(shared))
