"""What accounts need from neighbours they may not know; `wiring` fills them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from liangzheng.infra.keys_sealed import Seal
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.people import IdentityNumber, PersonName


class RealName(Protocol):
    """The source that knows which identity number goes with which name."""

    @property
    def simulated(self) -> bool:
        """Whether this only plays a source; said on the start page."""
        ...

    async def driver_for(self, tx: Connection, number: IdentityNumber, name: PersonName) -> DriverId | None:
        """The driver with that number *and* that name, None when there is none.

        The two cases of None are not told apart. Raises Unavailable.
        """
        ...


@dataclass(frozen=True, slots=True)
class FaceReviews:
    """What the queue of face checks needs of others: the key its pictures are sealed with, whose queue a driver belongs to
    (the issuing authority), and the archived photo."""

    seal: Seal = field(repr=False)
    authority_of: Callable[[Connection, DriverId], Awaitable[str | None]] = field(repr=False)
    portrait_of: Callable[[Connection, DriverId], Awaitable[bytes | None]] = field(repr=False)
