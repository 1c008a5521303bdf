from __future__ import annotations

import asyncio
import threading

import pytest

from liangzheng.infra.passwords import Passwords
from liangzheng.kernel.errors import Unavailable


async def test_a_hash_matches_its_password_and_no_other() -> None:
    passwords = Passwords(memory_kib=64, passes=1)
    hashed = await passwords.hash("lampenschirm-am-kai")
    assert await passwords.matches(hashed, "lampenschirm-am-kai")
    assert not await passwords.matches(hashed, "lampenschirm-am-kaj")


async def test_the_same_password_is_never_hashed_alike() -> None:
    passwords = Passwords(memory_kib=64, passes=1)
    assert await passwords.hash("lampenschirm-am-kai") != await passwords.hash("lampenschirm-am-kai")


async def test_a_password_typed_on_another_keyboard_is_the_same_password() -> None:
    passwords = Passwords(memory_kib=64, passes=1)
    assert await passwords.matches(await passwords.hash("cafe\u0301 １２３４５"), "café 12345")


async def test_nobody_matches_not_even_with_nobodys_password() -> None:
    passwords = Passwords(memory_kib=64, passes=1)
    assert not await passwords.matches(None, "nobody's password")


async def test_the_default_is_argon2id_of_nineteen_mebibytes_and_two_passes() -> None:
    hashed = await Passwords().hash("lampenschirm-am-kai")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_other_parameters_make_a_hash_outdated() -> None:
    hashed = await Passwords(memory_kib=64, passes=1).hash("lampenschirm-am-kai")
    assert not Passwords(memory_kib=64, passes=1).is_outdated(hashed)
    assert Passwords(memory_kib=64, passes=2).is_outdated(hashed)


class Gated(Passwords):
    """Every comparison waits at a gate, and is counted while it is behind it."""

    def __init__(self, *, at_once: int, waiting: int) -> None:
        super().__init__(memory_kib=64, passes=1, at_once=at_once, waiting=waiting)
        self.gate = threading.Event()
        self.inside = self.most_inside = 0
        self._counting = threading.Lock()

    def _compare(self, hashed: str, password: str) -> bool:
        with self._counting:
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
        self.gate.wait(10)
        with self._counting:
            self.inside -= 1
        return super()._compare(hashed, password)


async def test_only_a_few_run_at_once_only_some_wait_and_the_loop_stays_free() -> None:
    passwords = Gated(at_once=2, waiting=3)
    running = [asyncio.create_task(passwords.matches(None, "x")) for _ in range(5)]
    await asyncio.sleep(0)  # the loop goes on while two hash and three wait
    with pytest.raises(Unavailable) as turned_away:
        await passwords.matches(None, "x")
    assert turned_away.value.retry_after_s == 2
    passwords.gate.set()
    assert await asyncio.gather(*running) == [False] * 5
    assert passwords.most_inside == 2
    assert not await passwords.matches(None, "x")
