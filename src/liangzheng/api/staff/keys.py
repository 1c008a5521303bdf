"""The trust list as the security administration reads it. Changing it is a proposal (`rotate-key`, `retire-key`)."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import Request

from liangzheng.api.bodies import Answer, resource
from liangzheng.api.staff.callers import OnDuty, permitted
from liangzheng.api.wired import wired
from liangzheng.infra.keys_file import key_state
from liangzheng.staff import Act

router = resource("/staff/keys", "staff")


class KeyAnswer(Answer):
    """One key the root vouches for. `province` null: it serves all. It signs from and until those instants."""

    kid: str
    role: str
    province: str | None
    alg: str
    state: str
    signs_from: datetime
    signs_until: datetime
    compromised_at: datetime | None


class KeysAnswer(Answer):
    """The published bundle. `root_fingerprint`: what verifiers pin, hexadecimal."""

    version: int
    issued_at: datetime
    root_alg: str
    root_fingerprint: str
    keys: list[KeyAnswer]


@router.get("")
async def list_keys(request: Request, who: OnDuty) -> KeysAnswer:
    """Every key of the published trust bundle, its state now and the window it signs in."""
    wiring = wired(request)
    await permitted(request, who, Act.CHANGE_KEYS, "keys.refused", fresh=False)
    bundle, now = wiring.trust(), wiring.clock.now()
    entries = sorted(bundle.entries, key=lambda each: (each.role, each.province or "", each.signed_from))
    return KeysAnswer(
        version=bundle.version,
        issued_at=_at(bundle.issued_at),
        root_alg=bundle.root.alg.name,
        root_fingerprint=bundle.root.fingerprint.hex(),
        keys=[
            KeyAnswer(
                kid=each.kid.hex(), role=each.role.value, province=each.province, alg=each.alg.name,
                state=key_state(each, bundle.entries, now).value, signs_from=_at(each.signed_from),
                signs_until=_at(each.signed_until),
                compromised_at=None if each.compromised_at is None else _at(each.compromised_at),
            )
            for each in entries
        ],
    )  # fmt: skip


def _at(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
