"""GET /healthz: the process answers. GET /readyz: what it depends on answers too."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from liangzheng.api.auth import public
from liangzheng.api.bodies import Answer, resource
from liangzheng.api.wired import wired
from liangzheng.infra.postgres.migrate import check_level
from liangzheng.kernel.errors import Failure

if TYPE_CHECKING:
    from liangzheng.wiring import Wiring

router = resource("", "open")

_PATIENCE_S = 2.0


class Health(Answer):
    """The process runs; nothing else is asked."""

    status: Literal["ok"] = "ok"


class Readiness(Answer):
    """`ready` when every check is `ok`; a check that is not says which neighbour, never why in detail."""

    status: Literal["ready", "not-ready"]
    checks: dict[str, Literal["ok", "failed"]]


@router.get("/healthz")
@public
async def healthz() -> Health:
    """Whether the process answers."""
    return Health()


@router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
@public
async def readyz(request: Request) -> Response:
    """Whether a request that needs the database and the trust bundle would succeed now; 503 when not."""
    wiring = wired(request)
    checks = {"database": await _database_is_ours(wiring), "trust": _trust_is_there(wiring)}
    ready = all(checks.values())
    answer = Readiness(
        status="ready" if ready else "not-ready",
        checks={name: "ok" if good else "failed" for name, good in checks.items()},
    )
    return JSONResponse(answer.model_dump(), status_code=200 if ready else 503)


async def _database_is_ours(wiring: Wiring) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await check_level(wiring.database)
    except (Failure, TimeoutError):
        return False
    return True


def _trust_is_there(wiring: Wiring) -> bool:
    try:
        wiring.trust()
    except Failure:
        return False
    return True
