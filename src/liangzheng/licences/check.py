"""Whether what is kept about licences agrees with itself, with the register, and with the keys that signed
it. Only reads.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from liangzheng import drivers, reviewing
from liangzheng.infra import checks
from liangzheng.infra.checks import Finding, Probe
from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import CredentialId, DriverId, LicenceId
from liangzheng.kernel.status import DEFAULT_POLICY, StatusPolicy
from liangzheng.licences import as_code
from liangzheng.licences.rules import FollowUp, decide_follow_up, status_value
from liangzheng.licences.store import findings
from liangzheng.licences.store.applications import terms_of
from liangzheng.licences.store.reviews import PHOTO_QUEUE
from liangzheng.licences.verifying import AT_ONCE, SIGNED, Verifying, of_credential, of_licence
from liangzheng.standards.trust import TrustBundle

_AREA = "licences"
_STATUS = "the status list says of a live licence what the register says"
_TERMS = "a live licence has the classes, validity and authority of the register"
_LATE = "a review of a photo past its working day was escalated"


def probes(
    trust: TrustBundle,
    on: date,
    waiting: Collection[DriverId],
    policy: StatusPolicy = DEFAULT_POLICY,
    verifying: Verifying | None = None,
) -> list[Probe]:
    """What is looked at, each by itself. `waiting`: drivers whose change of standing still waits in the queue, who may
    lag. `verifying`: where signatures are checked; by default here.
    """
    here = verifying or Verifying(trust)

    async def against_register(tx: Connection) -> list[Finding]:
        found: list[Finding] = []
        async for rows in findings.live_in_batches(tx):
            found += await _against_register(tx, rows, on, waiting, policy)
        return found

    async def signed_licences(tx: Connection) -> list[Finding]:
        return await _signed(tx, "licence", here)

    async def signed_credentials(tx: Connection) -> list[Finding]:
        return await _signed(tx, "credential", here)

    return [
        # The longest first, so that they do not come last and alone.
        Probe(_AREA, f"{SIGNED}: credentials", signed_credentials),
        Probe(_AREA, f"{SIGNED}: licences", signed_licences),
        Probe(_AREA, _STATUS, against_register),
        *checks.probes_of(_AREA, findings.CHECKS),
        reviewing.late_unheard(_AREA, _LATE, PHOTO_QUEUE, on),
    ]


async def check(
    tx: Connection,
    trust: TrustBundle,
    on: date,
    waiting: Collection[DriverId],
    policy: StatusPolicy = DEFAULT_POLICY,
) -> list[Finding]:
    """Everything that is not as it must be; see `probes`."""
    return await checks.look_at(tx, probes(trust, on, waiting, policy))


async def _signed(tx: Connection, table: str, verifying: Verifying) -> list[Finding]:
    kind, said_by = (LicenceId, of_licence) if table == "licence" else (CredentialId, of_credential)
    found = []
    async for row, (rule, how) in verifying.wrong(findings.signed_in_batches(tx, table, AT_ONCE), said_by):
        found.append(Finding(rule, str(kind(row["id"])), how))
    return found


async def _against_register(
    tx: Connection, rows: list[Row], on: date, waiting: Collection[DriverId], policy: StatusPolicy
) -> list[Finding]:
    """Live licences beside their drivers' standing as it is now."""
    standings = await drivers.standings(tx, [DriverId(row["driver_id"]) for row in rows])
    under_way = await findings.under_way(tx, [row["driver_id"] for row in rows])
    found = []
    for row in rows:
        driver_id = DriverId(row["driver_id"])
        registered = standings.get(driver_id)
        if registered is None:
            found.append(Finding("every licence has its driver", _named(row), "no such driver"))
            continue
        if driver_id in waiting:
            continue
        standing = as_code.standing_in_register(registered, own_photo=row["own_photo"])
        follow_up = decide_follow_up(terms_of(row), standing, on, policy)
        if follow_up is FollowUp.WITHDRAW or (
            follow_up is FollowUp.REISSUE and row["driver_id"] not in under_way
        ):
            found.append(Finding(_TERMS, _named(row), f"{follow_up.value} is due"))
        wanted = status_value(standing.status, on, policy)
        if any(value != int(wanted) for value in row["values"]):
            found.append(Finding(_STATUS, _named(row), f"value {row['values']}, register {standing.status}"))
    return found


def _named(row: Row) -> str:
    return str(LicenceId(row["id"]))
