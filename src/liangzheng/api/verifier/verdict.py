"""An answer as it goes over the wire. Codes are stable; words come in Chinese and English."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

import msgspec

from liangzheng.api.octets import to_base64url
from liangzheng.kernel.ids import PseudonymId
from liangzheng.kernel.purposes import AskedField
from liangzheng.kernel.status import Status
from liangzheng.showing import words
from liangzheng.showing.model import Answer, Holder, Standing


class Text(msgspec.Struct, frozen=True):
    """The same sentence twice."""

    zh: str
    en: str


class ReasonAnswer(msgspec.Struct):
    """Why it is not a plain yes; the first of several decided."""

    code: str
    words: Text
    status_letter: str | None = None


class HolderAnswer(msgspec.Struct):
    """Whom the licence names. `number` is whole for police only; `valid_until` null: long-term.

    A registered company hears the fields it registered for its purpose; the others are left out.
    """

    name: str | msgspec.UnsetType = msgspec.UNSET
    number: str | msgspec.UnsetType = msgspec.UNSET
    sex: str | msgspec.UnsetType = msgspec.UNSET
    classes: str | msgspec.UnsetType = msgspec.UNSET
    valid_from: date | msgspec.UnsetType = msgspec.UNSET
    valid_until: date | msgspec.UnsetType | None = msgspec.UNSET
    authority: str | msgspec.UnsetType = msgspec.UNSET


class StandingAnswer(msgspec.Struct):
    """Live status. What it shows and whether it lets drive are two results; letters, words and points are
    for police only. A registered company hears whether it lets drive: the others are left out."""

    may_drive: bool
    as_of: datetime
    display_status: str | msgspec.UnsetType = msgspec.UNSET
    standing_version: int | msgspec.UnsetType = msgspec.UNSET
    status: str | None = None
    status_words: Text | None = None
    points: int | None = None


class ClassAnswer(msgspec.Struct):
    """May drive the class asked for, by the class table as of today."""

    asked: str
    allowed: bool | None


class StepAnswer(msgspec.Struct):
    """The verification step that did not hold, its name as in docs/live-code.md, and why."""

    name: str
    name_zh: str
    why: str


class VerdictAnswer(msgspec.Struct):
    """What the verifier hears. Colour (`tone`), icon and word always come together."""

    outcome: str
    tone: str
    icon: str
    words: Text
    reasons: list[ReasonAnswer]
    checked_at: datetime
    verification: str | None = None
    step: StepAnswer | None = None
    holder: HolderAnswer | None = None
    standing: StandingAnswer | None = None
    driving_class: ClassAnswer | None = msgspec.field(default=None, name="class")
    licence: str | None = None
    licence_version: int | None = None
    shown_at: datetime | None = None
    portrait: str | None = None
    """Where the portrait is for the next five minutes: for police, and for a company whose purpose has it."""
    font: str | None = None
    """WOFF2, base64url: the rare characters of the name in `holder`; null for nearly every name."""


def verdict(
    answer: Answer, fields: frozenset[AskedField] | None = None, known_as: PseudonymId | None = None
) -> VerdictAnswer:
    """Everything that is left of an answer after `rules.disclose`; for a registered company, of that, its
    `fields`, and the driver by no name but the company's own (`known_as`)."""
    icon, headline = words.headline(answer.decision)
    verification = str(answer.verification_id) if answer.verification_id else None
    return VerdictAnswer(
        outcome=answer.outcome.value,
        tone=answer.decision.tone.value,
        icon=icon,
        words=_text(headline),
        reasons=[
            ReasonAnswer(
                reason.because.value, _text(words.of_reason(reason)), reason.letter and reason.letter.value
            )
            for reason in answer.decision.reasons
        ],
        checked_at=answer.checked_at,
        verification=verification,
        step=StepAnswer(answer.step.value, words.STEPS[answer.step], answer.why or "")
        if answer.step
        else None,
        holder=_holder(answer.holder, fields) if answer.holder else None,
        standing=_standing(answer.standing, fields) if answer.standing else None,
        driving_class=ClassAnswer(answer.class_asked.value, answer.class_held)
        if answer.class_asked
        else None,
        # A registered company knows a driver by its own pseudonym: an id that others have too would link them.
        licence=str(answer.licence_id) if answer.licence_id and fields is None else None,
        licence_version=answer.licence_version if fields is None else None,
        shown_at=answer.shown_at,
        portrait=_portrait(answer, verification, known_as),
        font=to_base64url(answer.font)
        if answer.font and (fields is None or AskedField.NAME in fields)
        else None,
    )


@lru_cache(maxsize=256)
def _text(said: words.Words) -> Text:
    return Text(said.zh, said.en)


@lru_cache(maxsize=1024)
def _status_words(status: Status) -> Text:
    return Text(status.shown_as, ", ".join(words.STATUS[letter].en for letter in status))


def _holder(holder: Holder, fields: frozenset[AskedField] | None) -> HolderAnswer:
    if fields is not None:
        unset = msgspec.UNSET
        return HolderAnswer(
            name=holder.name if AskedField.NAME in fields else unset,
            number=holder.masked_number if AskedField.MASKED_NUMBER in fields else unset,
            classes=str(holder.classes) if AskedField.CLASSES in fields else unset,
            valid_until=holder.valid_until if AskedField.VALID_UNTIL in fields else unset,
        )
    return HolderAnswer(
        holder.name,
        holder.number,
        holder.sex,
        str(holder.classes),
        holder.valid_from,
        holder.valid_until,
        holder.authority,
    )


def _standing(standing: Standing, fields: frozenset[AskedField] | None) -> StandingAnswer | None:
    if fields is not None:
        if AskedField.MAY_DRIVE not in fields:
            return None
        return StandingAnswer(may_drive=standing.may_drive, as_of=standing.as_of)
    known = standing.status
    return StandingAnswer(
        may_drive=standing.may_drive,
        as_of=standing.as_of,
        display_status=standing.display.value,
        standing_version=standing.version,
        status=str(known) if known else None,
        status_words=_status_words(known) if known else None,
        points=standing.points,
    )


def _portrait(answer: Answer, verification: str | None, known_as: PseudonymId | None) -> str | None:
    if answer.portrait_of is None or verification is None:
        return None
    # The driver's id stands in the address because everything about a driver is kept by it; it is no secret
    # and opens nothing. A company's own name for the driver stands there for it.
    return f"/verifier/verifications/{verification}/portrait?of={known_as or answer.portrait_of}"
