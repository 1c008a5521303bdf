"""Who verifies, by the bearer token of an officer's terminal, a company's system or the public page."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from starlette.requests import Request

from liangzheng import relying, showing
from liangzheng.api.auth import authenticates, bearer_token
from liangzheng.api.wired import wired
from liangzheng.kernel.ids import CompanyId, VerifierId
from liangzheng.showing import Verifier, VerifierKind
from liangzheng.standards.livecode import Lives, TrustBundle

if TYPE_CHECKING:
    from liangzheng.wiring import Wiring

KNOWN_FOR_S: Final = 30.0
TRUST_FOR_S: Final = 1.0
_MOST_KNOWN: Final = 20_000


@dataclass(slots=True)
class Doorkeeper:
    """What this process remembers for verifiers.

    A token once checked is known for half a minute, so that a request costs no round trip of its own: the
    statement that verifies asks again whether its verifier is active, so an ended one learns nothing in that
    half minute. The trust bundle is looked for on disk once a second.
    """

    known: OrderedDict[bytes, tuple[Verifier, float]] = field(default_factory=OrderedDict)
    _grounds: tuple[TrustBundle, Lives, float] | None = None

    def recall(self, header: bytes) -> Verifier | None:
        """The verifier this Authorization header was known for a moment ago."""
        found = self.known.get(header)
        return found[0] if found is not None and found[1] > time.monotonic() else None

    def keep(self, header: bytes, verifier: Verifier) -> None:
        """Knows it for a while."""
        self.known[header] = (verifier, time.monotonic() + KNOWN_FOR_S)
        self.known.move_to_end(header)
        if len(self.known) > _MOST_KNOWN:
            self.known.popitem(last=False)

    def grounds(self, wiring: Wiring) -> tuple[TrustBundle, Lives]:
        """What codes are judged on: the published bundle, at most a second late, and how long things live."""
        at = time.monotonic()
        if self._grounds is None or self._grounds[2] <= at:
            self._grounds = (wiring.trust(), wiring.lives, at + TRUST_FOR_S)
        return self._grounds[:2]


def doorkeeper(request: Request) -> Doorkeeper:
    """The one of this application."""
    state = request.app.state
    found: Doorkeeper | None = getattr(state, "doorkeeper", None)
    if found is None:
        found = state.doorkeeper = Doorkeeper()
    return found


@authenticates
async def verifier(request: Request) -> Verifier:
    """The verifier whose token this is. Raises NotAuthenticated."""
    headers = [value for name, value in request.scope["headers"] if name == b"authorization"]
    door = doorkeeper(request)
    found = door.recall(headers[0]) if len(headers) == 1 else None
    if found is None:
        token = bearer_token(request)
        if token.startswith(f"{CompanyId.prefix}_"):
            # Asked about each time: what a company registered, and whether it is approved, is of this moment.
            return await _company(request, token)
        found = await showing.authenticate(wired(request).database, token)
        door.keep(headers[0], found)
    return found


async def _company(request: Request, token: str) -> Verifier:
    """A registered company, by its access token: it verifies for the purposes of the token and hears the fields
    it registered."""
    wiring = wired(request)
    who = await relying.caller(wiring.database, token, wiring.clock.now())
    grants = {purpose: grant.fields for purpose, grant in who.grants.items() if purpose in who.purposes}
    return Verifier(VerifierId(who.id.uuid), who.name, VerifierKind.COMPANY, grants)
