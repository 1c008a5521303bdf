"""Kept signatures verified: here while they are few, in processes of their own once they are many.

A signature takes 50 microseconds of one core (SM2 five times that), and Python one core at a time.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections import deque
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from types import TracebackType
from typing import Final, Self

from liangzheng.infra.postgres import Row
from liangzheng.standards.errors import BadKey, BadSignature
from liangzheng.standards.keys import PublicKey
from liangzheng.standards.trust import TrustBundle
from liangzheng.standards.x509 import Role

FEW: Final = 5_000
"""Of one table; below it starting processes costs more than it saves."""

AT_ONCE: Final = 500
_NO_KEY: Final = "its key is in no trust bundle"
_WRONG: Final = "it does not verify"

Signed = tuple[bytes, bytes, bytes]
"""Public key (SubjectPublicKeyInfo, empty when the trust bundle has none), octets, signature."""


class Verifying:
    """Verifies under the document signers of `trust`. `processes`: 0: always here."""

    def __init__(
        self, trust: TrustBundle, processes: int = 0, few: int = FEW, at_once: int = AT_ONCE
    ) -> None:
        self._trust, self._processes, self._few, self._at_once = trust, processes, few, at_once
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    async def wrong(self, rows: AsyncIterator[Row]) -> AsyncIterator[tuple[Row, str]]:
        """Each row (kid, octets, signature) whose signature is not one of the key it names, and why not."""
        under_way: deque[tuple[list[Row], asyncio.Task[list[str | None]]]] = deque()
        batch: list[Row] = []
        seen = 0
        async for row in rows:
            batch.append(row)
            if len(batch) == self._at_once:
                seen += len(batch)
                under_way.append((batch, asyncio.create_task(self._judge(batch, seen > self._few))))
                batch = []
            while len(under_way) > 2 * self._processes:
                for wrong in await _wrong_of(*under_way.popleft()):
                    yield wrong
        under_way.append((batch, asyncio.create_task(self._judge(batch, False))))
        for whole, task in under_way:
            for wrong in await _wrong_of(whole, task):
                yield wrong

    async def _judge(self, rows: Sequence[Row], many: bool) -> list[str | None]:
        signed = [(self._key(row["kid"]), row["octets"], row["signature"]) for row in rows]
        if not many or not self._processes:
            return verify_all(signed)
        if self._pool is None:
            # Not forked: this process has threads and connections.
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._processes, spawn)
        return await asyncio.get_running_loop().run_in_executor(self._pool, verify_all, signed)

    def _key(self, kid: bytes) -> bytes:
        entry = self._trust.find(kid, Role.DOCUMENT)
        return b"" if entry is None else entry.key.spki


async def _wrong_of(rows: list[Row], judged: asyncio.Task[list[str | None]]) -> list[tuple[Row, str]]:
    return [(row, why) for row, why in zip(rows, await judged, strict=True) if why is not None]


def verify_all(signed: Sequence[Signed]) -> list[str | None]:
    """For each, in their order, why it is not signed by its key; None when it is."""
    return [_why_not(*each) for each in signed]


@lru_cache(maxsize=256)
def _public_key(spki: bytes) -> PublicKey:
    return PublicKey.from_spki(spki)


def _why_not(spki: bytes, octets: bytes, signature: bytes) -> str | None:
    if not spki:
        return _NO_KEY
    try:
        _public_key(spki).verify(octets, signature)
    except (BadSignature, BadKey):
        return _WRONG
    return None
