"""An agreement taken back, and what ends with it."""

from __future__ import annotations

from datetime import datetime

from liangzheng.accounts.agreements import agreement_texts, enter
from liangzheng.accounts.check_face import void_face_checks
from liangzheng.accounts.face_queue import end_reviews
from liangzheng.accounts.lifecycle import Event
from liangzheng.accounts.model import AgreementKind
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import PersonId


async def withdraw_agreement(tx: Connection, person_id: PersonId, kind: AgreementKind, now: datetime) -> None:
    """The person took it back; again changes nothing. What needs it is not done from now on, and a face check that was begun
    or passed on the agreement and not used yet is void."""
    await enter(tx, person_id, agreement_texts()[kind], False, now)
    if kind is AgreementKind.FACE_DATA:
        await void_face_checks(tx, person_id, Event.AGREEMENT_WITHDRAWN, now)
    if kind is AgreementKind.FACE_REVIEW:
        # What waits for a reviewer waits for a counter instead, where no picture is needed.
        await end_reviews(tx, person_id, now)
