"""Whether what is kept about licences agrees with itself, with the register, and with the keys that signed
it. Only reads.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from liangzheng import drivers
from liangzheng.infra import checks
from liangzheng.infra.checks import Finding
from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import ApplicationId, CredentialId, DriverId, LicenceId
from liangzheng.kernel.status import DEFAULT_POLICY, StatusPolicy
from liangzheng.licences import as_code
from liangzheng.licences.rules import FollowUp, decide_follow_up, status_value
from liangzheng.licences.store import findings
from liangzheng.licences.store.applications import terms_of
from liangzheng.standards.errors import BadSignature
from liangzheng.standards.trust import TrustBundle
from liangzheng.standards.x509 import Role

_STATUS = "the status list says of a live licence what the register says"
_TERMS = "a live licence has the classes, validity and authority of the register"
_LATE = "a review past its working day was escalated"
_SIGNED = "every kept signature verifies under a document signer of the trust bundle"


async def check(
    tx: Connection,
    trust: TrustBundle,
    on: date,
    waiting: Collection[DriverId],
    policy: StatusPolicy = DEFAULT_POLICY,
) -> list[Finding]:
    """Everything that is not as it must be. `waiting`: drivers whose change of standing still waits in the
    queue, who may lag.
    """
    found = await checks.find(tx, findings.CHECKS)
    # A day more than the promise: the worker that escalates may have been away for the night.
    for row in await findings.late_unheard(tx, on - timedelta(days=1), checks.MOST_FINDINGS):
        subject = str(ApplicationId(row["application_id"]))
        found.append(Finding(_LATE, subject, f"promised by {row['due_day']}"))
    async for rows in findings.live_in_batches(tx):
        found += await _against_register(tx, rows, on, waiting, policy)
    for table in ("licence", "credential"):
        async for row in findings.signed(tx, table):
            why = _why_not_signed(row, trust)
            if why is not None:
                kind = LicenceId if table == "licence" else CredentialId
                found.append(Finding(_SIGNED, str(kind(row["id"])), why))
    return found


async def _against_register(
    tx: Connection, rows: list[Row], on: date, waiting: Collection[DriverId], policy: StatusPolicy
) -> list[Finding]:
    """Live licences beside their drivers' standing as it is now."""
    records = await drivers.licence_records(tx, [DriverId(row["driver_id"]) for row in rows])
    under_way = await findings.under_way(tx, [row["driver_id"] for row in rows])
    found = []
    for row in rows:
        driver_id, licence_id = DriverId(row["driver_id"]), str(LicenceId(row["id"]))
        record = records.get(driver_id)
        if record is None:
            found.append(Finding("every licence has its driver", licence_id, "no such driver"))
            continue
        if driver_id in waiting:
            continue
        standing = as_code.standing_of(record, own_photo=row["own_photo"])
        follow_up = decide_follow_up(terms_of(row), standing, on, policy)
        if follow_up is FollowUp.WITHDRAW or (
            follow_up is FollowUp.REISSUE and row["driver_id"] not in under_way
        ):
            found.append(Finding(_TERMS, licence_id, f"{follow_up.value} is due"))
        wanted = status_value(standing.status, on, policy)
        if any(value != int(wanted) for value in row["values"]):
            found.append(Finding(_STATUS, licence_id, f"value {row['values']}, register {standing.status}"))
    return found


def _why_not_signed(row: Row, trust: TrustBundle) -> str | None:
    """Why a kept signature is not one of the key named with it; None when it is."""
    entry = trust.find(row["kid"], Role.DOCUMENT)
    if entry is None:
        return "its key is in no trust bundle"
    try:
        entry.key.verify(row["octets"], row["signature"])
    except BadSignature:
        return "it does not verify"
    return None
