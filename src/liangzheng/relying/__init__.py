"""Companies that ask about drivers: registered, approved, held to their purposes, answered by consent.

A company asks for a purpose and fields it registered, or is refused and the refusal recorded. Its driver
approves with the phone's key, once or until a day, and may withdraw at any moment. An answer is made from the
register of that moment, holds the fields agreed and nothing else, and is on record where the driver reads it;
what was answered is not kept. Each company knows a driver by a pseudonym no other company has. Functions that
take `tx` are part of the caller's transaction.

Events put: `company.moved` (subject: the company), `consent.given`, `consent.withdrawn` (subject: the driver; body:
company_id, purpose …). Events followed: `standing.changed`, `licence.issued`, `licence.withdrawn` (`follow_changes`),
`account.closed` (`follow_closed_accounts`).
"""

from __future__ import annotations

from liangzheng.relying.ask import (
    CODE_PREFIX,
    ask,
    cancel,
    fetch_answer,
    fetch_portrait,
    record_refusal,
    refuse_fetch,
    refuse_question,
    request_code,
    request_of,
)
from liangzheng.relying.authenticate import ScopeRefused, caller, grant_token
from liangzheng.relying.check import check, probes
from liangzheng.relying.check_many import check_many, read_pseudonyms
from liangzheng.relying.consent import (
    answers_between,
    approve,
    consents_of,
    covers_today,
    follow_closed_accounts,
    looks_by_consent,
    open_request,
    refuse,
    take_back,
    withdraw,
)
from liangzheng.relying.count import count, used
from liangzheng.relying.known_as import driver_known_as, known_as
from liangzheng.relying.lifecycle import CompanyEvent, CompanyState, ConsentState, NoticeState, RequestState
from liangzheng.relying.model import (
    AccessToken,
    Answered,
    Company,
    CompanyCaller,
    CompanyLook,
    ConsentPolicy,
    ConsentRequest,
    CreditCode,
    Grant,
    MinimalAnswer,
    Notice,
    OpenedRequest,
    Question,
    Quota,
    StandingConsent,
    Terms,
)
from liangzheng.relying.notices import ask_again, follow_changes, notices_of, send_due, webhook_state
from liangzheng.relying.prune import prune
from liangzheng.relying.pseudonyms import pseudonym
from liangzheng.relying.register import (
    change,
    changed_by,
    companies_of,
    company,
    every_company,
    grants_of,
    move,
    moves_of,
    record_reading,
    refuse_webhook,
    register,
    remove_grant,
    rotate_secret,
    set_grant,
    set_quota,
    set_webhook,
)
from liangzheng.relying.rules import MOST_CHECKED, AskRefusal, refuse_malformed
from liangzheng.relying.store.restored import end_tokens

__all__ = [
    "CODE_PREFIX",
    "MOST_CHECKED",
    "AccessToken",
    "Answered",
    "AskRefusal",
    "Company",
    "CompanyCaller",
    "CompanyEvent",
    "CompanyLook",
    "CompanyState",
    "ConsentPolicy",
    "ConsentRequest",
    "ConsentState",
    "CreditCode",
    "Grant",
    "MinimalAnswer",
    "Notice",
    "NoticeState",
    "OpenedRequest",
    "Question",
    "Quota",
    "RequestState",
    "ScopeRefused",
    "StandingConsent",
    "Terms",
    "answers_between",
    "approve",
    "ask",
    "ask_again",
    "caller",
    "cancel",
    "change",
    "changed_by",
    "check",
    "check_many",
    "companies_of",
    "company",
    "consents_of",
    "count",
    "covers_today",
    "driver_known_as",
    "end_tokens",
    "every_company",
    "fetch_answer",
    "fetch_portrait",
    "follow_changes",
    "follow_closed_accounts",
    "grant_token",
    "grants_of",
    "known_as",
    "looks_by_consent",
    "move",
    "moves_of",
    "notices_of",
    "open_request",
    "probes",
    "prune",
    "pseudonym",
    "read_pseudonyms",
    "record_reading",
    "record_refusal",
    "refuse",
    "refuse_fetch",
    "refuse_malformed",
    "refuse_question",
    "refuse_webhook",
    "register",
    "remove_grant",
    "request_code",
    "request_of",
    "rotate_secret",
    "send_due",
    "set_grant",
    "set_quota",
    "set_webhook",
    "take_back",
    "used",
    "webhook_state",
    "withdraw",
]
