"""Which register calls: by its signature over the very octets of the body, so that nothing else need be kept secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import Request

from liangzheng import drivers
from liangzheng.api.auth import authenticates
from liangzheng.api.wired import wired
from liangzheng.drivers import RegisterSource
from liangzheng.infra.limits import Limiter, Rate
from liangzheng.kernel.errors import NotAuthenticated

BODIES: Final = Rate(600, 60)
"""Bodies a minute of one source: ten a second, of up to 2,000 lines each. Each server process counts for itself."""

_LONGEST_PROOF: Final = 512


@dataclass(frozen=True, slots=True)
class SignedBy:
    """A register and the id of the key it signed with."""

    source: RegisterSource
    kid: bytes


@dataclass(slots=True)
class _Doorkeeper:
    bodies: Limiter = field(default_factory=lambda: Limiter(BODIES, "bodies"))


def _doorkeeper(request: Request) -> _Doorkeeper:
    state = request.app.state
    found: _Doorkeeper | None = getattr(state, "source_doorkeeper", None)
    if found is None:
        found = state.source_doorkeeper = _Doorkeeper()
    return found


def _proof(request: Request) -> str:
    values = request.headers.getlist("authorization")
    scheme, _, proof = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    proof = proof.strip()
    if scheme.lower() != "source" or not 0 < len(proof) <= _LONGEST_PROOF or not proof.isascii():
        raise NotAuthenticated(
            "send Authorization: Source with the source's id and its signature over the body"
        )
    return proof


async def announced(request: Request) -> None:
    """A source there is has announced itself; its body is worth taking in. Raises NotAuthenticated."""
    await drivers.announced_source(wired(request).database, _proof(request))


@authenticates
async def source(request: Request) -> SignedBy:
    """The source that signed this body: `Authorization: Source src_….<COSE_Sign1, base64url>`.

    Raises NotAuthenticated, in the same words for every fault, and TooMany.
    """
    proof = _proof(request)
    wiring = wired(request)
    found, kid = await drivers.authenticate_source(wiring.database, proof, await request.body())
    _doorkeeper(request).bodies.take(found.id, wiring.clock.now())
    return SignedBy(found, kid)


Source = Annotated[SignedBy, Depends(source)]
"""`async def act(who: Source, …)`: the register that signed the body, and with which key."""
