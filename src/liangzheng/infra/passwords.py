"""argon2id, off the event loop, a few at a time: a hash costs memory and milliseconds on purpose."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib import resources
from typing import Final, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from liangzheng.kernel.errors import Unavailable

T = TypeVar("T")
_RETRY_AFTER_S: Final = 2


class Passwords:
    """Hashes and compares. At most `at_once` run together, at most `waiting` wait, the rest hear Unavailable.

    argon2 gives up the interpreter lock while it works, so threads are enough. Memory in use is at most
    `at_once` × `memory_kib`. Defaults: OWASP's first choice (19 MiB, two passes, one lane).
    """

    def __init__(
        self,
        *,
        memory_kib: int = 19_456,
        passes: int = 2,
        lanes: int = 1,
        at_once: int = 2,
        waiting: int = 64,
    ) -> None:
        self._hasher = _hasher(memory_kib, passes, lanes)
        self._threads = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="argon2")
        self._most = at_once + waiting
        self._present = 0
        # For people who have no account: comparing with it costs what comparing with a real one costs.
        self._nobody = _hash_of_nobody(memory_kib, passes, lanes)

    async def hash(self, password: str) -> str:
        """argon2id text with its parameters and a fresh salt. Raises Unavailable when too many wait."""
        return await self._run(lambda: self._hasher.hash(_normal(password)))

    async def matches(self, hashed: str | None, password: str) -> bool:
        """Whether `password` is the one. None (nobody) is False and takes as long. Raises Unavailable."""
        found = await self._run(lambda: self._compare(hashed or self._nobody, password))
        return found and hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        """Whether it was made with other parameters than are set now."""
        return self._hasher.check_needs_rehash(hashed)

    def close(self) -> None:
        """The threads end; nothing waits for them."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _compare(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, _normal(password))
        except VerifyMismatchError:
            return False
        except (VerificationError, InvalidHashError) as error:
            raise AssertionError("a password hash in the database is not argon2id text") from error

    async def _run(self, work: Callable[[], T]) -> T:
        if self._present >= self._most:
            raise Unavailable("too many people are logging in at once", retry_after_s=_RETRY_AFTER_S)
        self._present += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._present -= 1


def _hasher(memory_kib: int, passes: int, lanes: int) -> PasswordHasher:
    return PasswordHasher(
        time_cost=passes,
        memory_cost=memory_kib,
        parallelism=lanes,
        hash_len=32,
        salt_len=16,
        type=Type.ID,
    )


@lru_cache(maxsize=8)
def _hash_of_nobody(memory_kib: int, passes: int, lanes: int) -> str:
    """Made once a process, however many hashers of these parameters it makes."""
    return _hasher(memory_kib, passes, lanes).hash("nobody's password")


def _normal(password: str) -> str:
    """One form for what different keyboards send (NIST SP 800-63B §5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


@lru_cache(maxsize=1)
def common_passwords() -> frozenset[str]:
    """Passwords everybody tries first, ten characters and more, case-folded (data/common_passwords.txt)."""
    text = (resources.files("liangzheng") / "data" / "common_passwords.txt").read_text("utf-8")
    return frozenset(line.casefold() for line in text.splitlines() if line and not line.startswith("#"))
