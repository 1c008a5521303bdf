"""What a store may do with a connection, as types: the driver has none, and a store needs no more."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol


class Row(Protocol):
    """One row; by column name (`row["status"]`) or position. `dict(row)` works."""

    def __getitem__(self, key: str | int) -> Any: ...
    def __len__(self) -> int: ...
    def get(self, key: str, default: Any = None) -> Any: ...
    def keys(self) -> Iterable[str]: ...
    def values(self) -> Iterable[Any]: ...
    def items(self) -> Iterable[tuple[str, Any]]: ...


class Cursor(Protocol):
    """The rows of one statement, read piece by piece inside its transaction."""

    async def fetch(self, n: int, *, timeout: float | None = None) -> list[Row]: ...


class Connection(Protocol):
    """A connection inside a transaction (`Database.transaction`) or outside one (`Database.read`, `Database.statement`).

    `jsonb` and `json` columns are Python values both ways; `timestamptz` is an aware datetime in UTC.
    """

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str: ...
    async def executemany(
        self, command: str, args: Iterable[Sequence[Any]], *, timeout: float | None = None
    ) -> None: ...
    async def fetch(self, query: str, *args: Any, timeout: float | None = None) -> list[Row]: ...
    async def fetchrow(self, query: str, *args: Any, timeout: float | None = None) -> Row | None: ...
    async def fetchval(
        self, query: str, *args: Any, column: int = 0, timeout: float | None = None
    ) -> Any: ...
    def cursor(self, query: str, *args: Any) -> Awaitable[Cursor]: ...
    def transaction(
        self, *, isolation: str | None = None, readonly: bool = False
    ) -> AbstractAsyncContextManager[None]: ...
    async def copy_records_to_table(
        self,
        table_name: str,
        *,
        records: Any,
        columns: Sequence[str] | None = None,
        timeout: float | None = None,
    ) -> str: ...
    async def copy_to_table(
        self,
        table_name: str,
        *,
        source: Any,
        columns: Sequence[str] | None = None,
        timeout: float | None = None,
        format: str | None = None,
        freeze: bool | None = None,
    ) -> str: ...
    async def copy_from_query(
        self, query: str, *args: Any, output: Any, timeout: float | None = None, format: str | None = None
    ) -> str: ...
