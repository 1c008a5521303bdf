"""One act: many drivers checked at once, each under a standing consent of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from liangzheng import accounts, audit
from liangzheng.audit import Entry, entry_of
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import ConsentId, DriverId, PseudonymId, VerificationId
from liangzheng.kernel.time import civil_day
from liangzheng.relying.ask import says_of_many
from liangzheng.relying.model import Answered, CompanyCaller, ConsentPolicy, StandingConsent, Terms
from liangzheng.relying.rules import MOST_CHECKED, fields_of_check, is_in_force, minimal_answer
from liangzheng.relying.store import consents


def read_pseudonyms(texts: Sequence[str]) -> list[PseudonymId]:
    """The pseudonyms of one check. Raises Invalid for none, too many, one twice, and what is none."""
    if not 1 <= len(texts) <= MOST_CHECKED or len(set(texts)) != len(texts):
        raise Invalid("pseudonyms", f"1 to {MOST_CHECKED:,}, each once")
    try:
        return [PseudonymId.parse(text) for text in texts]
    except Invalid as fault:
        raise fault.at("pseudonyms") from None


async def check_many(
    tx: Connection,
    who: CompanyCaller,
    terms: Terms,
    pseudonyms: Sequence[PseudonymId],
    policy: ConsentPolicy,
    now: datetime,
) -> list[Answered | None]:
    """An answer for each pseudonym, in their order; None where there is no consent, for whatever reason.

    An unknown pseudonym, another company's, a withdrawn or run-out consent, one whose giver closed the account and one
    that names none of the fields asked are all the same None: nobody learns from it who there is. `terms` are those of
    `refuse_question`; the class is the one each driver consented to.
    """
    today, grant = civil_day(now), who.grants[terms.purpose]
    asked = frozenset(terms.fields)
    # 1. Who consented, to what, and has the account still: on the primary.
    found = await consents.behind_pseudonyms(tx, who.id, terms.purpose, pseudonyms)
    people = await accounts.people_of(tx, sorted({consent.driver_id for consent in found.values()}))
    covered = {
        pseudonym: (consent, replace(consent.terms, fields=fields))
        for pseudonym, consent in found.items()
        if is_in_force(consent, today)
        and people.get(consent.driver_id) == consent.person_id
        and (fields := fields_of_check(asked, consent, grant))
    }
    # 2. What the register says of them now.
    says = await says_of_many(tx, [consent.driver_id for consent, _ in covered.values()])
    answers: dict[PseudonymId, Answered] = {}
    looks: list[tuple[DriverId, VerificationId, Terms, ConsentId]] = []
    entries: list[Entry] = []
    for pseudonym, (consent, cut) in covered.items():
        if consent.driver_id not in says:
            continue
        look = VerificationId.new()
        answer = minimal_answer(says[consent.driver_id], cut.fields, cut.class_asked, today, policy.status)
        answers[pseudonym] = Answered(pseudonym, look, answer)
        looks.append((consent.driver_id, look, cut, consent.id))
        entries.append(_entry(who, consent, cut, look, now))
    # 3. Each look where its driver reads it; the whole of the check with the company.
    if looks:
        await consents.add_looks(tx, who.id, looks, now)
        await audit.record_many(tx, entries)
    await audit.record(
        tx, act="check.made", actor=audit.Actor("company", who.id), subject=who.id, purpose=terms.purpose,
        detail={"asked": len(pseudonyms), "answered": len(answers), "fields": list(terms.fields)}, now=now,
    )  # fmt: skip
    return [answers.get(pseudonym) for pseudonym in pseudonyms]


def _entry(
    who: CompanyCaller, consent: StandingConsent, terms: Terms, look: VerificationId, now: datetime
) -> Entry:
    detail = {"fields": list(terms.fields), "consent": str(consent.id)}
    return entry_of(
        "check.answered", audit.Actor("company", who.id), look, consent.driver_id, terms.purpose, detail, now
    )
