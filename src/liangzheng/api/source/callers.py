"""Which register calls: by its signature over the very octets of the body, so that nothing else need be kept secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import Request

from liangzheng import drivers
from liangzheng.api.auth import authenticates
from liangzheng.api.wired import wired
from liangzheng.drivers import RegisterSource
from liangzheng.kernel.errors import NotAuthenticated
from liangzheng.kernel.ids import SourceId

_LONGEST_PROOF: Final = 512


@dataclass(frozen=True, slots=True)
class SignedBy:
    """A register and the id of the key it signed with."""

    source: RegisterSource
    kid: bytes

    @property
    def id(self) -> SourceId:
        """Whom its requests are counted for."""
        return self.source.id


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
    return SignedBy(found, kid)


Source = Annotated[SignedBy, Depends(source)]
"""`async def act(who: Source, …)`: the register that signed the body, and with which key."""
