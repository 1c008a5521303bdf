"""How often one subject may do one thing: a token bucket each, in the memory of this process.

The algorithm is GCRA: one instant a subject instead of a count and a clock. With several processes each
refills its own share (`Rate.shared`); a quota that must hold exactly belongs in the database.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from liangzheng.kernel.errors import Invalid, TooMany

_KEPT: Final = 200_000


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` in `seconds`, all at once if need be, then refilled evenly."""

    count: int
    seconds: float

    def __post_init__(self) -> None:
        if self.count < 1 or self.seconds <= 0:
            raise Invalid("rate", "is at least one in a positive time")

    def shared(self, processes: int) -> Rate:
        """One process's share of it: the whole burst, since a caller who keeps a connection meets one process, and the
        refill divided, so that over a longer time all together allow no more."""
        return Rate(self.count, self.seconds * processes)


Network = IPv4Network | IPv6Network


class Limiter:
    """Limits one act. A subject is forgotten once its bucket is full again, the oldest first past 200,000."""

    def __init__(self, rate: Rate, what: str, *, kept: int = _KEPT) -> None:
        self._every_s = rate.seconds / rate.count
        self._burst_s = rate.seconds - self._every_s
        self._what = what
        self._kept = kept
        # subject → the instant (Unix seconds) at which its bucket will be full again
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def take(self, subject: Hashable, now: datetime) -> None:
        """Counts one. Raises TooMany, with the seconds until the next is allowed, and then counts nothing."""
        at = now.timestamp()
        full_at = max(self._full_at.get(subject, at), at)
        ahead_s = full_at - at
        # Half a microsecond: instants are whole microseconds, sums of floats are not.
        if ahead_s > self._burst_s + 5e-7:
            wait_s = max(1, math.ceil(ahead_s - self._burst_s))
            raise TooMany(f"too many {self._what}; try again in {wait_s} s", retry_after_s=wait_s)
        self._full_at[subject] = full_at + self._every_s
        self._full_at.move_to_end(subject)
        self._forget(at)

    def give_back(self, subject: Hashable) -> None:
        """What was counted last was no case of it."""
        if subject in self._full_at:
            self._full_at[subject] -= self._every_s

    def _forget(self, at: float) -> None:
        while self._full_at:
            subject, full_at = next(iter(self._full_at.items()))
            if full_at > at and len(self._full_at) <= self._kept:
                return
            del self._full_at[subject]

    def __len__(self) -> int:
        return len(self._full_at)


def network_of(address: str) -> Network | None:
    """The network a client's address is counted under: its /24, or /48 in IPv6, which one household may have
    whole. None for what is no address (a socket file)."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return ip_network((found, 24 if found.version == 4 else 48), strict=False)
