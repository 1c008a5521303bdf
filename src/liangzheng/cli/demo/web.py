"""The web apps in the demonstration: built beside everything else on the first start, then asked for on their hosts."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from liangzheng.api.faces import FACES, content_security_policy
from liangzheng.cli.demo.held import StepFailed, hold
from liangzheng.cli.demo.stage import Stage
from liangzheng.cli.web import are_built, build_faces
from liangzheng.kernel.errors import Failure

_API_IT_HAS_NOT: Final = {
    "driver": "/staff/sessions/current",
    "open": "/holder/account",
    "verify": "/holder/account",
}
"""Parts of the API that are there, and not for this face."""


class WebApps:
    """The building of the apps, begun at once: it takes half a minute on a first start, and none afterwards."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._building: asyncio.Task[list[str]] = asyncio.create_task(asyncio.to_thread(self._build))

    @staticmethod
    def _build() -> list[str]:
        return [] if are_built() else build_faces()

    async def answer(self) -> str:
        """Each app is answered on its own host under its own policy, and reaches no other app's part of the API."""
        try:
            built = await self._building
        except Failure as failure:
            raise StepFailed(f"the web apps could not be built: {failure}") from failure
        hosts = self._stage.settings.face_hosts
        for name, host in hosts.items():
            client = self._stage.client.at_host(host)
            headers, page = await asyncio.to_thread(client.page, "/")
            hold(b'<div id="app">' in page, f"{host} answers with the app '{name}'")
            policy = headers.get("content-security-policy")
            hold(policy == content_security_policy(FACES[name]), f"{host} says what its pages may load")
            trust = await asyncio.to_thread(client.get, "/api/open/deployment")
            hold(trust.status == 200, f"{host} has the open part of the API")
            if other := _API_IT_HAS_NOT.get(name):
                refused = await asyncio.to_thread(client.get, f"/api{other}")
                hold(refused.status == 404, f"{host} does not have {other}")
        return f"{'built' if built else 'there'}: {', '.join(hosts.values())}; each with its own policy and part of the API"

    async def stop(self) -> None:
        """Nothing is built any more."""
        self._building.cancel()
        with suppress(asyncio.CancelledError, Failure):
            await self._building
