"""PostgreSQL: the server we supervise or are given, the pool, the transaction, the migrations.

Contexts need three names: `Database` (opened once by wiring), `Connection` (handed to every function of a
store as `tx`) and `attach` (what a command uses to reach the database of its data directory).
"""

from liangzheng.infra.postgres.connection import Connection, Row
from liangzheng.infra.postgres.params import ConnectParams
from liangzheng.infra.postgres.pool import Database
from liangzheng.infra.postgres.provider import attach

__all__ = ["ConnectParams", "Connection", "Database", "Row", "attach"]
