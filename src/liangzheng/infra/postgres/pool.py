"""The pool, the transaction and the one retry we allow."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeVar, cast

import asyncpg
import msgspec

from liangzheng.infra import spans
from liangzheng.infra.postgres.connection import Connection
from liangzheng.infra.postgres.errors import RETRYABLE, failure_for, is_away
from liangzheng.infra.postgres.params import ConnectParams
from liangzheng.kernel.errors import Unavailable

T = TypeVar("T")
_log = logging.getLogger(__name__)
_ENCODE = msgspec.json.Encoder(order="deterministic").encode
_JSONB_VERSION = b"\x01"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one statement, one lock and one wait for a connection may take."""

    statement_s: float = 30.0
    lock_s: float = 5.0
    connection_s: float = 10.0

    def server_settings(self) -> dict[str, str]:
        return {
            "statement_timeout": str(int(self.statement_s * 1000)),
            "lock_timeout": str(int(self.lock_s * 1000)),
            "idle_in_transaction_session_timeout": str(int(self.statement_s * 2000)),
            "timezone": "UTC",
            "search_path": "public",
            "application_name": "liangzheng",
            # Plans are made by the server for the values at hand; the JIT only costs on short statements.
            "jit": "off",
        }


PATIENT: Final = Patience()


class Database:
    """A pool of connections to one database. Opened once a process, by wiring or by `attach`."""

    def __init__(self, pool: Any, params: ConnectParams, patience: Patience) -> None:
        self._pool = pool
        self.params = params
        self.patience = patience

    @classmethod
    async def open(
        cls, params: ConnectParams | str, *, min: int = 1, max: int = 8, patience: Patience = PATIENT
    ) -> Self:
        """A pool of `min`..`max` connections, one of them made now. Raises Unavailable when it cannot be."""
        where = params if isinstance(params, ConnectParams) else ConnectParams.from_url(params)
        pool = asyncpg.create_pool(
            **where.asyncpg(),
            # None kept up by the driver, which would try and complain all through a restart of the server.
            min_size=0,
            max_size=max,
            max_inactive_connection_lifetime=0,
            timeout=patience.connection_s,
            command_timeout=patience.statement_s + 5,
            server_settings=patience.server_settings(),
            init=_teach_json,
        )
        try:
            await pool
            await _warm_up(pool, min)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            pool.terminate()
            raise Unavailable(f"cannot connect to the database at {where}: {_reason(error)}") from error
        return cls(pool, where, patience)

    async def close(self) -> None:
        """Every connection is closed; those still in use get a moment, then are cut."""
        try:
            await asyncio.wait_for(self._pool.close(), timeout=5)
        except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._pool.terminate()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @asynccontextmanager
    async def transaction(self, constraints: Mapping[str, str] | None = None) -> AsyncIterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises Conflict for a broken unique constraint (words from `constraints`), Unavailable when the server
        is away. Unavailable from the commit itself means *unknown*: it may have been applied, and only an
        idempotency key makes a retry safe.
        """
        with spans.span("transaction", spans.Kind.CLIENT, db__system__name="postgresql"):
            async with self._connection() as connection:
                transaction = connection.transaction()
                try:
                    await transaction.start()
                    try:
                        yield cast(Connection, connection)
                    except BaseException:
                        await _roll_back(transaction)
                        raise
                    await _commit(transaction)
                except Exception as error:
                    failure = failure_for(error, constraints or {})
                    if failure is None:
                        raise
                    raise failure from error

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """A connection outside a transaction, for one or a few statements that only read.

        The tests have the server refuse whatever would write here (tests/conftest.py).
        """
        async with self.statement() as connection:
            yield connection

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[Connection]:
        """A connection outside a transaction, for a statement that writes and is a transaction by itself.

        Committed when it answers: one round trip instead of three. Unavailable means *unknown*, as in `transaction`.
        """
        with spans.span("statement", spans.Kind.CLIENT, db__system__name="postgresql"):
            async with self._connection() as connection:
                try:
                    yield cast(Connection, connection)
                except Exception as error:
                    failure = failure_for(error, {})
                    if failure is None:
                        raise
                    raise failure from error

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """One moment of the whole database, for reports: nothing that commits meanwhile is seen, nothing can be written."""
        async with self.read() as connection:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                yield connection

    @asynccontextmanager
    async def snapshots(self, count: int) -> AsyncIterator[list[Connection]]:
        """Up to `count` connections that see one and the same moment, for a long report; one is left to others.

        None of them is cut off for the time it takes or waits.
        """
        async with AsyncExitStack() as held:
            first = await held.enter_async_context(self.snapshot())
            await _take_your_time(first)
            name: str = await first.fetchval("SELECT pg_export_snapshot()")
            connections = [first]
            while len(connections) < min(count, self._pool.get_max_size() - 1):
                further = await held.enter_async_context(self.snapshot())
                await further.execute(f"SET TRANSACTION SNAPSHOT '{name}'")
                await _take_your_time(further)
                connections.append(further)
            yield connections

    async def retrying(
        self,
        act: Callable[[Connection], Awaitable[T]],
        *,
        attempts: int = 5,
        constraints: Mapping[str, str] | None = None,
    ) -> T:
        """`act(tx)` in a transaction, again after a serialization failure, a deadlock or a lost connection.

        Only what was certainly not applied is tried again: a connection lost *while committing* is
        Unavailable at once. `act` must leave nothing behind outside its transaction.
        """
        for attempt in range(1, attempts + 1):
            started_commit = False
            try:
                async with self.transaction(constraints) as tx:
                    answer = await act(tx)
                    started_commit = True
                return answer
            except Exception as error:
                cause = error.__cause__ or error
                lost = is_away(cause) and not started_commit
                if attempt == attempts or not (isinstance(cause, RETRYABLE) or lost):
                    raise
                _log.info(
                    "transaction tried again", extra={"attempt": attempt, "reason": type(cause).__name__}
                )
                await asyncio.sleep(random.uniform(0, 0.02) * 2**attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        try:
            connection = await self._pool.acquire(timeout=self.patience.connection_s)
        except Exception as error:
            failure = failure_for(error, {})
            if failure is None:
                raise
            raise failure from error
        try:
            yield connection
        finally:
            await asyncio.shield(self._give_back(connection))

    async def _give_back(self, connection: Any) -> None:
        """The pool has the connection back, or has thrown it away; what the block did stands either way."""
        try:
            await self._pool.release(connection, timeout=5)
        except Exception as error:
            _log.info("connection thrown away", extra={"reason": type(error).__name__})


async def _take_your_time(tx: Connection) -> None:
    await tx.execute("SET LOCAL statement_timeout = 0")
    await tx.execute("SET LOCAL idle_in_transaction_session_timeout = 0")


async def _warm_up(pool: Any, count: int) -> None:
    """`count` connections are there (at least one, which proves that they can be)."""
    async with AsyncExitStack() as held:
        for _ in range(max(count, 1)):
            await held.enter_async_context(pool.acquire())


async def _roll_back(transaction: Any) -> None:
    """The transaction is undone; when the connection is gone the server has undone it already."""
    try:
        await transaction.rollback()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        _log.debug("nothing left to roll back", extra={"reason": type(error).__name__})


async def _commit(transaction: Any) -> None:
    try:
        await transaction.commit()
    except Exception as error:
        if is_away(error) or isinstance(error, TimeoutError):
            raise Unavailable(
                "the connection was lost while committing: it is not known whether the change was applied",
                retry_after_s=2,
            ) from error
        raise


async def _teach_json(connection: Any) -> None:
    """`json` and `jsonb` travel as Python values. jsonb goes binary, so that COPY can carry it too."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_to_jsonb, decoder=_from_jsonb, format="binary"
    )
    await connection.set_type_codec(
        "json", schema="pg_catalog", encoder=_ENCODE, decoder=msgspec.json.decode, format="binary"
    )


def _to_jsonb(value: object) -> bytes:
    return _JSONB_VERSION + _ENCODE(value)


def _from_jsonb(octets: bytes) -> Any:
    assert octets[:1] == _JSONB_VERSION, "an unknown jsonb version"
    return msgspec.json.decode(octets[1:])


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
