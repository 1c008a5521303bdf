"""Where a database is, said in full, so that no PG* variable of the environment decides anything."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from liangzheng.kernel.errors import Invalid

_SSL = {"disable", "prefer", "allow", "require", "verify-ca", "verify-full"}


@dataclass(frozen=True, slots=True)
class ConnectParams:
    """Host (a directory for a Unix socket), port, user, database; a password for others' servers."""

    host: str
    port: int
    user: str
    database: str
    password: str | None = None
    ssl: str | None = None

    @classmethod
    def from_url(cls, url: str) -> Self:
        """`postgresql://user:password@host:5432/name?sslmode=require`; `?host=/directory` for a socket."""
        parts = urlsplit(url)
        if parts.scheme not in {"postgresql", "postgres"}:
            raise Invalid("LZ_DATABASE_URL", "begins with postgresql://")
        query = parse_qs(parts.query)
        unknown = set(query) - {"host", "sslmode"}
        if unknown:
            raise Invalid(
                "LZ_DATABASE_URL", f"knows only host and sslmode after the ?, not {sorted(unknown)}"
            )
        host = query["host"][0] if "host" in query else parts.hostname
        name = parts.path.lstrip("/")
        if not host or not parts.username or not name:
            raise Invalid("LZ_DATABASE_URL", "names a user, a host and a database")
        ssl = query["sslmode"][0] if "sslmode" in query else None
        if ssl is not None and ssl not in _SSL:
            raise Invalid("LZ_DATABASE_URL", f"sslmode is one of {sorted(_SSL)}")
        return cls(
            host=host,
            port=parts.port or 5432,
            user=unquote(parts.username),
            database=unquote(name),
            password=unquote(parts.password) if parts.password else None,
            ssl=ssl,
        )

    def on(self, database: str) -> Self:
        """The same server, another database."""
        return replace(self, database=database)

    def asyncpg(self) -> dict[str, Any]:
        """Keyword arguments for the driver: every one it would otherwise take from the environment."""
        answer: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "database": self.database,
            # An empty password, not None: None would make the driver look at PGPASSWORD and ~/.pgpass.
            "password": self.password if self.password is not None else "",
        }
        answer["ssl"] = (
            self.ssl if self.ssl is not None else (False if self.host.startswith("/") else "prefer")
        )
        return answer

    def url(self) -> str:
        """For the environment of another process of ours. Holds the password: never for a log."""
        from urllib.parse import quote

        secret = f":{quote(self.password, safe='')}" if self.password else ""
        ssl = f"&sslmode={self.ssl}" if self.ssl else ""
        user, name, host = quote(self.user, safe=""), quote(self.database, safe=""), quote(self.host, safe="")
        return f"postgresql://{user}{secret}@:{self.port}/{name}?host={host}{ssl}"

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}/{self.database}"

    def __repr__(self) -> str:
        return f"ConnectParams({self})"


def without_pg_variables(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment less everything libpq and the server would listen to, in the C.UTF-8 locale."""
    source = os.environ if environment is None else environment
    kept = {name: value for name, value in source.items() if not name.startswith("PG")}
    for name in [name for name in kept if name.startswith("LC_") or name == "LANGUAGE"]:
        del kept[name]
    kept["LANG"] = kept["LC_ALL"] = "C.UTF-8"
    kept["TZ"] = "UTC"
    return kept
