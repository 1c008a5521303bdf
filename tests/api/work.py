"""What answering a request costs, counted: statements, password hashes, keyed hashes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest

from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.passwords import Passwords


@dataclass
class Work:
    """In order: `sql …`, `password hash`, `keyed hash`."""

    done: list[str] = field(default_factory=list)

    @property
    def statements(self) -> int:
        return sum(each.startswith("sql ") for each in self.done)

    @property
    def passwords(self) -> int:
        return self.done.count("password hash")


@contextmanager
def counted() -> Iterator[Work]:
    """The work of everything done in the block, by whomever in this process."""
    work = Work()
    with pytest.MonkeyPatch.context() as patch:
        for name, place in (("execute", 1), ("_execute", 1), ("_executemany", 1)):
            _tell(patch, asyncpg.Connection, name, work, lambda said: f"sql {_plain(said)}", place)
        # Where the threads get their work: a comparison that was left out is not counted.
        _tell(patch, Passwords, "_run", work, lambda _: "password hash")
        _tell(patch, KeyIndex, "hash", work, lambda _: "keyed hash")
        yield work


def _tell(patch: pytest.MonkeyPatch, kind: type, name: str, work: Work, words: Any, place: int = 0) -> None:
    honest = getattr(kind, name)

    def told(self: Any, *args: Any, **kwargs: Any) -> Any:
        # `execute` with arguments goes on to `_execute`, where it is counted.
        if name != "execute" or len(args) == 1:
            work.done.append(words(args[0] if place else None))
        return honest(self, *args, **kwargs)

    patch.setattr(kind, name, told)


def _plain(statement: object) -> str:
    return re.sub(r"\s+", " ", str(statement)).strip()
