"""PostgreSQL's own extension that walks through its pages, made once where it may be; infra/pages.py asks it."""

from __future__ import annotations

from typing import Final

from liangzheng.infra.postgres.connection import Connection

SCHEMA: Final = "amcheck"


async def make_ready(connection: Connection) -> None:
    """`amcheck` is there, where the server ships it and we may make it; elsewhere nothing changes."""
    may = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'amcheck' AND installed_version IS NULL) "
        "AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
    )
    if may:
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        await connection.execute(f"CREATE EXTENSION IF NOT EXISTS amcheck WITH SCHEMA {SCHEMA}")
