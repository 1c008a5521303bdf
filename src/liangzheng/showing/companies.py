"""A registered company verifies codes under its own name: a verifier with the company's id follows it.

Nobody has that verifier's token: the company calls with the token of its registration, which is checked where
it was given (api/verifier/callers.py).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime

from liangzheng import relying
from liangzheng.infra.outbox import Event
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import CompanyId, VerifierId
from liangzheng.relying import CompanyState
from liangzheng.showing import store
from liangzheng.showing.model import Verifier, VerifierKind


async def follow_companies(tx: Connection, events: Sequence[Event], now: datetime) -> None:
    """The verifiers of the companies in `events` are active exactly if the company is approved now. An event
    that comes late or twice does no harm."""
    ids = sorted({CompanyId(event.subject) for event in events})
    for company in await relying.companies_of(tx, ids):
        verifier = Verifier(VerifierId(company.id.uuid), company.name, VerifierKind.COMPANY)
        nobodys = hashlib.sha256(secrets.token_bytes(32)).digest()
        await store.keep_verifier(tx, verifier, company.state is CompanyState.APPROVED, nobodys, now)
