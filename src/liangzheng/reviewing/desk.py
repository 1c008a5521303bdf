"""Where a reviewer sits: who they are, whose queue they see, and how long something stays in their hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from liangzheng import audit
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Forbidden
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.reviews import Reviewer


async def _nobodys(_tx: Connection, _driver_id: DriverId) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class ReviewDesk:
    """Who reviews, for which issuing authorities (None: all), and how long a review stays in their hand.

    `is_own`: whether the reviewer is this driver; staff knows.
    """

    actor: audit.Actor
    authorities: frozenset[str] | None = None
    lease: timedelta = timedelta(minutes=15)
    is_own: Callable[[Connection, DriverId], Awaitable[bool]] = field(default=_nobodys, repr=False)

    @property
    def reviewer(self) -> Reviewer:
        """As the queue names them. Raises Forbidden for who is neither staff nor operator."""
        if self.actor.kind not in ("staff", "operator"):
            raise Forbidden("what waits for a person is reviewed by staff")
        return Reviewer(self.actor.kind, self.actor.id.uuid if self.actor.id else None)
