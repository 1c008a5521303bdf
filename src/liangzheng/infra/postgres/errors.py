"""What the driver raises → the failures our callers know. Messages name constraints, never values."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import asyncpg

from liangzheng.kernel.errors import Conflict, Failure, Invalid, Unavailable

# A statement with one of these was not applied and may be tried again as it stands.
RETRYABLE: tuple[type[BaseException], ...] = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
)
_AWAY: tuple[type[BaseException], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ConnectionDoesNotExistError,
    ConnectionError,
    FileNotFoundError,  # the socket of a server that is not there
)
_RETRY_AFTER_S = 2


def is_away(error: BaseException) -> bool:
    """Whether the server, not the statement, is what failed."""
    if isinstance(error, _AWAY):
        return True
    # asyncpg has no type of its own for these: a connection closed under us; one the pool has taken back since; one
    # that was idle when the server said its last words, found out by the next statement.
    said = str(error)
    if isinstance(error, asyncpg.InterfaceError):
        return "clos" in said or "released" in said
    return isinstance(error, asyncpg.InternalClientError) and "cannot switch to state" in said


def failure_for(error: BaseException, constraints: Mapping[str, str]) -> Failure | None:
    """The failure a caller can act on, or None when `error` is a bug of ours and should stay what it is.

    `constraints` is the store's own table: constraint name → what its breach means, in words for people.
    A unique or exclusion constraint that is not in it is still a Conflict; a check or foreign key is not.
    """
    if isinstance(error, asyncpg.UniqueViolationError | asyncpg.ExclusionViolationError):
        name = error.constraint_name or ""
        return Conflict(constraints.get(name, f"this already exists ({name})"), rule=name)
    if isinstance(error, asyncpg.ForeignKeyViolationError | asyncpg.CheckViolationError):
        name = error.constraint_name or ""
        return Invalid(name, constraints[name]) if name in constraints else None
    if isinstance(error, RETRYABLE):
        return Conflict("another change came first; read again and retry", rule=type(error).__name__)
    if isinstance(error, asyncpg.LockNotAvailableError | asyncpg.QueryCanceledError):
        return Unavailable("the database is busy; nothing was changed", retry_after_s=_RETRY_AFTER_S)
    if isinstance(error, asyncpg.ReadOnlySQLTransactionError | asyncpg.DiskFullError):
        return Unavailable("the database takes no writes at present", retry_after_s=30)
    if is_away(error) or isinstance(error, asyncio.TimeoutError | TimeoutError):
        return Unavailable("the database is out of reach", retry_after_s=_RETRY_AFTER_S)
    return None
