"""What a person agreed to, text by text and version by version. Agreement on face data stands alone, and can be taken back.

The texts are data (data/agreements.json), each version with its hash: an entry says which words were agreed to. Other words are
another version beside the ones before, which stay as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from importlib import resources

from liangzheng import audit
from liangzheng.accounts import rules, store, store_agreements
from liangzheng.accounts.model import Agreement, AgreementKind, AgreementText
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import AgreementNeeded, Invalid, NotFound
from liangzheng.kernel.ids import PersonId


@lru_cache(maxsize=1)
def agreement_texts() -> Mapping[AgreementKind, AgreementText]:
    """The current text of each kind: the one with the highest version."""
    found = {text.kind: text for text in sorted(every_text(), key=lambda text: text.version)}
    assert set(found) == set(AgreementKind), "every kind has a text"
    return found


def every_text() -> Sequence[AgreementText]:
    """Every version of every kind, as somebody may have agreed to it."""
    listed = json.loads((resources.files("liangzheng") / "data" / "agreements.json").read_text("utf-8"))
    return [_text(entry) for entry in listed]


def _text(entry: Mapping[str, object]) -> AgreementText:
    kind, version, zh, en = (entry[name] for name in ("kind", "version", "zh", "en"))
    hashed = hashlib.sha256(json.dumps([kind, version, zh, en], ensure_ascii=False).encode()).digest()
    return AgreementText(AgreementKind(str(kind)), int(str(version)), str(zh), str(en), hashed)


async def give_agreement(
    tx: Connection, person_id: PersonId, kind: AgreementKind, version: int, now: datetime
) -> None:
    """The person agreed to the current text; again changes nothing. Raises Invalid for another version than that."""
    text = agreement_texts()[kind]
    if version != text.version:
        raise Invalid("version", f"the version of the current text, {text.version}")
    await enter(tx, person_id, text, True, now)


async def enter(tx: Connection, person_id: PersonId, text: AgreementText, given: bool, now: datetime) -> None:
    """One entry more, unless the last one says the same. What is taken back is the version that was given. Raises NotFound."""
    person = await store.find_person(tx, person_id, for_update=True)
    if person is None:
        raise NotFound("there is no such person")
    before = await store_agreements.latest_of(tx, person_id, text.kind)
    if before is not None and before.given is given and (before.version == text.version or not given):
        return
    if before is None and not given:
        return
    if before is not None and not given:
        text = replace(text, version=before.version, hash=before.text_hash)
    await store_agreements.add(tx, person_id, text, given, now)
    await audit.record(
        tx, act="agreement.given" if given else "agreement.withdrawn", actor=audit.Actor("person", person_id),
        subject=person_id, driver_id=person.driver_id, purpose="agreement",
        detail={"agreement": text.kind.value, "version": text.version}, now=now,
    )  # fmt: skip


async def agreements(tx: Connection, person_id: PersonId) -> Mapping[AgreementKind, Agreement]:
    """The last entry of each kind the person ever agreed to."""
    return await store_agreements.latest(tx, person_id)


async def agreement_history(tx: Connection, person_id: PersonId) -> Sequence[Agreement]:
    """Every entry, oldest first."""
    return await store_agreements.history(tx, person_id)


async def agrees(tx: Connection, person_id: PersonId, kind: AgreementKind) -> bool:
    """Whether the person agrees to the current text of that kind."""
    latest = await store_agreements.latest_of(tx, person_id, kind)
    return rules.may_use_face_data(latest, agreement_texts()[kind].version)


async def demand_face_agreement(tx: Connection, person_id: PersonId) -> None:
    """Raises AgreementNeeded unless the person agrees to the current text on face data."""
    current = agreement_texts()[AgreementKind.FACE_DATA]
    latest = await store_agreements.latest_of(tx, person_id, AgreementKind.FACE_DATA)
    if not rules.may_use_face_data(latest, current.version):
        raise AgreementNeeded(
            "a face is looked at only with your agreement on face data; without it, go to a vehicle office: a person looks there",
            place=AgreementKind.FACE_DATA.value, rule=f"version {current.version}",
        )  # fmt: skip
