"""GET /healthz: the process answers. GET /readyz: what it depends on answers too."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from liangzheng.api.auth import public
from liangzheng.api.bodies import Answer, resource
from liangzheng.api.wired import wired
from liangzheng.infra.readiness import readiness

router = resource("", "open")


class Health(Answer):
    """The process runs; nothing else is asked."""

    status: Literal["ok"] = "ok"


class Ready(Answer):
    """`ready` when every check is `ok`; a check that is not says which neighbour, never why in detail.

    `database`: reachable and of this code's schema; `clock`: within five seconds of the database's; `trust`: a trust bundle is
    there; `keys`: the status signer signs, until `signs_until`; `disk`: there is room. `standing_certain` is false after a
    restore until the register was read again: verifications then say that the status was not checked.
    """

    status: Literal["ready", "not-ready"]
    checks: dict[str, Literal["ok", "failed"]]
    signs_until: datetime | None
    standing_certain: bool


@router.get("/healthz")
@public
async def healthz() -> Health:
    """Whether the process answers."""
    return Health()


@router.get("/readyz", response_model=Ready, responses={503: {"model": Ready}})
@public
async def readyz(request: Request) -> Response:
    """Whether a request that needs all its neighbours would succeed now; 503 when not."""
    found = await readiness(wired(request))
    answer = Ready(
        status="ready" if found.ready else "not-ready",
        checks={name: "ok" if good else "failed" for name, good in found.checks.items()},
        signs_until=found.signs_until,
        standing_certain=found.standing_certain,
    )
    return JSONResponse(answer.model_dump(mode="json"), status_code=200 if found.ready else 503)
