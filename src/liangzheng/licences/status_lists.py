"""Status lists as they are published: signed by the status signer, made again only when something changed or
time ran."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from liangzheng.infra import epochs
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import NotFound
from liangzheng.licences.model import StatusList
from liangzheng.licences.places import LIST_SIZE
from liangzheng.licences.store import lists
from liangzheng.standards import statuslist
from liangzheng.standards.keys import Signer
from liangzheng.standards.livecode import Lives
from liangzheng.standards.statuslist import StatusListToken, sign_status_list

TTL: Final = timedelta(seconds=300)
"""After which whoever keeps a list fetches it anew."""

NOT_MORE_OFTEN: Final = timedelta(seconds=5)
"""A list that changes all the time is signed this often: compressing a million entries takes a tenth of a
second."""

_BITS: Final = 2


@dataclass(frozen=True, slots=True)
class Published:
    """A signed list (CWT, application/statuslist+cwt), its version, and when it was signed."""

    octets: bytes
    version: int
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Catalogued:
    """A list there is. `octets`: of its signed form, as it was last signed here; a guess where it was not yet."""

    list_id: int
    version: int
    changed_at: datetime
    octets: int


def uri_of(list_id: int) -> str:
    """Where a list is published, the same for every deployment: relative to its own address."""
    return f"/open/status-lists/{list_id}"


class StatusLists:
    """The lists one process serves, kept as they were last signed."""

    def __init__(self, database: Database, lives: Lives) -> None:
        self._database, self._lives = database, lives
        self._kept: dict[int, Published] = {}
        self._guessed: dict[int, int] = {}
        self._turn = asyncio.Lock()

    async def published(self, list_id: int, signer: Signer, now: datetime) -> Published:
        """The list as it stands, at most NOT_MORE_OFTEN old. Raises NotFound for a list that was never
        opened, Unavailable while the register is that of a backup."""
        kept = self._kept.get(list_id)
        if kept is not None and now - kept.signed_at < NOT_MORE_OFTEN:
            return kept
        async with self._turn:
            kept = self._kept.get(list_id)
            if kept is not None and await self._holds(kept, list_id, now):
                return kept
            if kept is not None and await self._is_of_now(kept, list_id):
                fresh = self._signed_again(kept, signer, now)
            else:
                fresh = await self._sign(list_id, signer, now)
            self._kept[list_id] = fresh
        return fresh

    async def catalogue(self) -> Sequence[Catalogued]:
        """Every list there is, by its number, and what it weighs."""
        async with self._database.read() as connection:
            found = await lists.versions(connection)
            unknown = [
                each.list_id
                for each in found
                if each.list_id not in self._kept and each.list_id not in self._guessed
            ]
            if unknown:
                set_entries = await lists.how_many_set(connection, unknown)
                self._guessed |= {list_id: _guess(count) for list_id, count in set_entries.items()}
        return [
            Catalogued(each.list_id, each.version, each.changed_at, self._weight(each.list_id))
            for each in found
        ]

    def _weight(self, list_id: int) -> int:
        kept = self._kept.get(list_id)
        return self._guessed[list_id] if kept is None else len(kept.octets)

    async def _holds(self, kept: Published, list_id: int, now: datetime) -> bool:
        if now - kept.signed_at < NOT_MORE_OFTEN:
            return True
        return now - kept.signed_at < TTL and await self._is_of_now(kept, list_id)

    async def _is_of_now(self, kept: Published, list_id: int) -> bool:
        """Whether the list still has the values it was signed with. Raises Unavailable as `published`."""
        async with self._database.read() as connection:
            await epochs.demand_certain(connection)
            return await lists.version_of(connection, list_id) == kept.version

    def _signed_again(self, kept: Published, signer: Signer, now: datetime) -> Published:
        made = int(now.timestamp())
        octets = statuslist.sign_again(kept.octets, made, made + self._lives.snapshot, signer)
        return Published(octets, kept.version, now)

    async def _sign(self, list_id: int, signer: Signer, now: datetime) -> Published:
        async with self._database.read() as connection:
            # Whoever keeps a list of before a restore goes on with it.
            await epochs.demand_certain(connection)
            found = await lists.read(connection, list_id)
        if found is None:
            raise NotFound("there is no such status list")
        # Packing and compressing hold no lock of ours but the turn, and let the loop go on.
        octets = await asyncio.to_thread(_token, found, signer, now, self._lives.snapshot)
        return Published(octets, found.version, now)


def _token(found: StatusList, signer: Signer, now: datetime, lives_s: int) -> bytes:
    packed = statuslist.StatusList.blank(_BITS, LIST_SIZE)
    for index, value in found.values:
        packed[index] = int(value)
    made = int(now.timestamp())
    ttl = int(TTL.total_seconds())
    return sign_status_list(StatusListToken(uri_of(found.list_id), made, made + lives_s, ttl, packed), signer)


_FRAME_OCTETS: Final = 420
"""Claims, header, signature, and what zlib needs for nothing but zeros."""


def _guess(set_entries: int) -> int:
    """About how many octets a list with so many entries that are not VALID has when it is packed: what they say at the
    least (Shannon), and half as much again, which is what zlib needs beyond it."""
    share = min(set_entries / LIST_SIZE, 0.5)
    if share == 0:
        return _FRAME_OCTETS
    bits = -share * math.log2(share) - (1 - share) * math.log2(1 - share) + share
    return _FRAME_OCTETS + int(LIST_SIZE * bits / 8 * 1.5)
