"""Every status list in one answer: what a verifier downloads to know of a suspension without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from liangzheng.cli.demo.held import hold
from liangzheng.cli.demo.stage import Stage
from liangzheng.cli.phone import Phone
from liangzheng.standards import cbor
from liangzheng.standards.livecode import Verifier
from liangzheng.standards.statuslist import SUSPENDED, StatusListToken, verify_status_list

_WITHIN_S = 30.0
_FEW = 24  # of these the head of an array is one octet


class Lists:
    """Asked by nobody in particular, about a driver who is suspended."""

    def __init__(self, stage: Stage, phone: Phone) -> None:
        self._stage, self._phone = stage, phone

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act."""
        return [("all status lists", self.downloaded)]

    async def downloaded(self) -> str:
        """One answer holds them all; each stands by its own signature, and the driver's place says suspended."""
        trust, _ = self._stage.make_keys()
        assert self._phone.credential is not None
        place = Verifier(trust).check_credential(self._phone.credential, datetime.now(UTC))
        octets, lists = await self._all()
        for _ in range(int(_WITHIN_S / 0.2)):
            if lists[place.status_list].status_list[place.status_index] == SUSPENDED:
                break
            await asyncio.sleep(0.2)  # a worker writes it down, and a list is signed every few seconds
            octets, lists = await self._all()
        said = lists[place.status_list].status_list[place.status_index]
        hold(said == SUSPENDED, f"the driver's place says suspended, and not {said}")
        beyond = await asyncio.to_thread(
            self._stage.client.get, f"/open/status-lists/sequence?lists={len(lists) + 1}"
        )
        hold(beyond.status == 404, f"beyond the newest list there is none ({beyond.status})")
        return (
            f"{len(lists)} in one answer of {octets / 1000:.1f} kB, each verified under the trust bundle; "
            "the driver's place: suspended"
        )

    async def _all(self) -> tuple[int, dict[int, StatusListToken]]:
        """How many octets came, and each list, verified."""
        trust, _ = self._stage.make_keys()
        offered = (await asyncio.to_thread(self._stage.client.get, "/open/status-lists")).expect(200)["lists"]
        hold(0 < len(offered) < _FEW, f"a demonstration has few lists, and not {len(offered)}")
        status, octets = await asyncio.to_thread(self._stage.client.octets, "/open/status-lists/sequence")
        hold(status == 200, f"all lists come in one answer ({status})")
        items = cbor.decode(bytes((0x80 | len(offered),)) + octets)
        hold([item[0] for item in items] == [each["number"] for each in offered], "each of them, in order")
        now = datetime.now(UTC).timestamp()
        uri = "/open/status-lists/{}".format
        return len(octets), {
            number: verify_status_list(token, trust, uri(number), now) for number, _, token in items
        }
