"""The limits of `verify-online` and `apply`: bare Starlette routes that take the same request and look one row up by its
primary key, or insert one.

Run as processes of its own: `python -m benchmarks.load.bare PROCESSES`, over one socket.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import Any
from uuid import UUID, uuid4

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


class Question(msgspec.Struct):
    """The body `verify-online` sends; the bare route reads it and does nothing with it."""

    request: str
    code: str


class Asked(msgspec.Struct):
    """The body `apply` sends; the bare route keeps it."""

    photo: str
    face_check: str
    phone_key: str


_QUESTION = msgspec.json.Decoder(Question).decode
_ASKED = msgspec.json.Decoder(Asked).decode


def bare(pool: Any) -> Starlette:
    """POST /drivers/<uuid> → the driver's status, points and standing version; POST /bare → one row kept."""

    async def look(request: Request) -> Response:
        _QUESTION(await request.body())
        async with pool.acquire() as connection:
            row = await connection.fetchrow(
                "SELECT status, points, standing_version FROM driver WHERE driver_id = $1",
                UUID(request.path_params["driver"]),
            )
        answer = {"status": row["status"], "points": row["points"], "version": row["standing_version"]}
        return Response(_ENCODE(answer), media_type="application/json")

    async def keep(request: Request) -> Response:
        asked = _ASKED(await request.body())
        row = uuid4()
        async with pool.acquire() as connection:
            await connection.execute(
                "INSERT INTO bare_insert (id, photo, face_check, phone_key, at) VALUES ($1, $2, $3, $4, now())",
                row, asked.photo, asked.face_check, asked.phone_key,
            )  # fmt: skip
        return Response(_ENCODE({"id": str(row), "state": "accepted"}), 202, media_type="application/json")

    routes = [("/drivers/{driver}", look), ("/bare", keep)]
    return Starlette(routes=[Route(path, act, methods=["POST"]) for path, act in routes])


async def serve(listener: socket.socket) -> None:
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
