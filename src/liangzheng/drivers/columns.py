"""The columns of a register file, in order: header, column of the table, type, and how its text becomes a
value.

Headers are the licence's field identifiers; the table uses the shorter words of the glossary
(`driving_privileges` is `classes` there). Everything the import knows of a single field is here; what two
fields owe each other is in `rules`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from liangzheng.drivers import pgcopy
from liangzheng.drivers.model import ValidityTerm
from liangzheng.drivers.pgcopy import Value
from liangzheng.drivers.rules import Letters, Spells
from liangzheng.kernel.classes import ORDER_162_DAY, Classes
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.people import (
    DRIVER_IDENTITY_KINDS,
    card_core_number_fault,
    file_number_fault,
    name_fault,
    normal_name,
)
from liangzheng.kernel.region import Authorities, Divisions

_FIRST_DAY: Final = date(1800, 1, 1)
_LAST_DAY: Final = date(2199, 12, 31)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,2}", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_DEPARTMENT: Final = re.compile(r"[0-9A-Z]{1,12}", re.ASCII)
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff\ud800-\udfff]"
)
_KINDS: Final = frozenset(kind.value for kind in DRIVER_IDENTITY_KINDS)
_TERMS: Final = frozenset(term.value for term in ValidityTerm)


Parsed = Value | Spells | Letters
"""What the rules look at: the table's value, for a class history and a status with what they ask of it."""


class Fault(Exception):
    """A field broke a rule; `rule` is a short stable name, `why` a sentence. Neither holds the value."""

    def __init__(self, rule: str, why: str) -> None:
        super().__init__(why)
        self.rule = rule
        self.why = why


@dataclass(frozen=True, slots=True)
class CodeTables:
    """The code tables a file is read against."""

    divisions: Divisions
    authorities: Authorities


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `parse` gives the value of the text, or raises Fault; it looks at nothing else.

    `surely`: for text columns that hardly repeat themselves, whether all these texts are good and their own
    value (empty ones: none). Other columns are remembered text by text.
    """

    header: str
    sql: str
    kind: str
    parse: Callable[[str], Parsed]
    meaning: str
    surely: Callable[[Sequence[bytes]], bool] | None = None

    def octets(self, value: Parsed) -> bytes:
        """The field of a COPY row."""
        return pgcopy.ENCODE[self.kind](value.text if isinstance(value, Spells | Letters) else value)


def _day(text: str) -> date:
    if not _DAY.fullmatch(text):
        raise Fault("date", "a date as YYYY-MM-DD")
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise Fault("date", "a day of the calendar") from None
    if not _FIRST_DAY <= found <= _LAST_DAY:
        raise Fault("date", f"a day from {_FIRST_DAY} to {_LAST_DAY}")
    return found


def _or_nothing(parse: Callable[[str], Parsed], text: str) -> Parsed:
    return parse(text) if text else None


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise Fault("number", "a whole number from 0 to 999")
    return int(text)


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise Fault("flag", "1 or 0")
    return text == "1"


def _probation(text: str) -> bool:
    if text not in ("1", "2"):
        raise Fault("flag", "1 (on probation) or 2 (not)")
    return text == "1"


def _sex(text: str) -> int:
    if text not in ("1", "2"):
        raise Fault("code", "1 (male) or 2 (female)")
    return int(text)


def _identity_kind(text: str) -> str:
    if text not in _KINDS:
        raise Fault("code", f"one of {' '.join(sorted(_KINDS))}")
    return text


def _as_it_stands(text: str) -> str:
    # What the number must be depends on the kind of document: see rules.identity_fault.
    return text


def _name(text: str) -> str:
    name = normal_name(text)
    fault = name_fault(name)
    if fault:
        raise Fault("name", fault)
    return name


def _country(text: str) -> str:
    if not _COUNTRY.fullmatch(text):
        raise Fault("code", "three capital letters (ISO 3166-1 alpha-3)")
    return text


def _classes(text: str) -> str:
    try:
        # The latest rules: that a class existed on the day it was gained is asked of the history.
        return str(Classes.parse_outside(text, ORDER_162_DAY))
    except Invalid as invalid:
        raise Fault("classes", invalid.rule) from None


def _class_history(text: str) -> Spells:
    try:
        return Spells.parse(text)
    except Invalid as invalid:
        raise Fault("class-history", invalid.rule) from None


def _term(text: str) -> str:
    if text not in _TERMS:
        raise Fault("code", "6 or 10 (years) or L (long-term)")
    return text


def _status(text: str) -> Letters:
    try:
        return Letters.parse(text)
    except Invalid as invalid:
        raise Fault("status", invalid.rule) from None


def _by_rule(rule: str, check: Callable[[str], str | None], text: str) -> str:
    fault = check(text)
    if fault:
        raise Fault(rule, fault)
    return text


def _printable(longest: int, shortest: int, text: str) -> str:
    if not shortest <= len(text) <= longest:
        raise Fault("length", f"{shortest} to {longest} characters")
    if _UNPRINTABLE.search(text):
        raise Fault("characters", "no control, invisible or direction-changing characters")
    return text


def _department(text: str) -> str:
    if not _DEPARTMENT.fullmatch(text):
        raise Fault("code", "1 to 12 digits and capital letters")
    return text


def _hash(text: str) -> bytes:
    if not _HASH.fullmatch(text):
        raise Fault("hash", "64 lower-case hexadecimal digits (SHA-256 of the portrait)")
    return bytes.fromhex(text)


def _school_bus(text: str) -> str:
    return "" if not text else _classes(text)


def _division(tables: CodeTables, text: str) -> str:
    if not tables.divisions.known(text):
        raise Fault("code", "a division code of GB/T 2260, current or historical")
    return text


def _authority(tables: CodeTables, text: str) -> str:
    if text not in tables.authorities:
        raise Fault("code", "a code of the list of issuing authorities, such as 苏E")
    return text


def _maybe(parse: Callable[[str], Parsed]) -> Callable[[str], Parsed]:
    return partial(_or_nothing, parse)


def columns(tables: CodeTables) -> tuple[Column, ...]:
    """The columns of a register file, in the order the generator writes them. A file may have them in any
    order, and is read a little more slowly then."""
    authority = partial(_authority, tables)
    file_number = partial(_by_rule, "file-number", file_number_fault)
    card_core = partial(_by_rule, "card-core-number", card_core_number_fault)
    maybe_day = _maybe(_day)
    rows: tuple[tuple[str, str, str, Callable[[str], Parsed], str], ...] = (
        ("document_number", "document_number", "text", _as_it_stands, "its number, which is the licence number (sfzmhm)"),
        ("name", "name", "text", _name, "1 to 50 characters (xm)"),
        ("birth_date", "birth_date", "date", _day, "(csrq)"),
        ("first_issue_date", "first_issue_date", "date", _day, "start of the points cycles (cclzrq)"),
        ("class_history", "class_history", "text", _class_history, "C1@2012-03-04;A3@2015-01-02/2020-01-02"),
        ("valid_from", "valid_from", "date", _day, "(yxqs)"),
        ("valid_until", "valid_until", "date", maybe_day, "empty: long-term (yxqz)"),
        ("points_reset_on", "points_reset_on", "date", maybe_day, "or empty (qfrq)"),
        ("review_due_on", "review_due_on", "date", maybe_day, "or empty (syrq)"),
        ("review_valid_until", "review_valid_until", "date", maybe_day, "or empty (syyxqz)"),
        ("probation_until", "probation_until", "date", maybe_day, "or empty"),
        ("card_core_number", "card_core_number", "text", _maybe(card_core), "13 characters or empty (zxbh)"),
        ("resident_address", "resident_address", "text", partial(_printable, 128, 1), "1 to 128 characters (djzsxxdz)"),
        ("address_division", "address_division", "text", partial(_division, tables), "six digits (djzsxzqh)"),
        ("issuing_authority", "issuing_authority", "text", authority, "苏E (fzjg)"),
        ("department", "department", "text", _maybe(_department), "or empty (glbm)"),
        ("first_issuing_authority", "first_issuing_authority", "text", _maybe(authority), "or empty (ccfzjg)"),
        ("file_number", "file_number", "text", file_number, "12 digits (dabh)"),
        ("former_file_number", "former_file_number", "text", _maybe(file_number), "or empty (ydabh)"),
        ("portrait", "portrait_hash", "bytea", _maybe(_hash), "SHA-256 of the portrait in the pack, or empty"),
        # Few different values fill the columns from here on: see HEAD.
        ("identity_kind", "identity_kind", "text", _identity_kind, "kind of identity document, A C D E F G M (sfzmmc)"),
        ("sex", "sex", "int2", _sex, "1 male, 2 female (xb)"),
        ("nationality", "nationality", "text", _country, "three letters, CHN (gj)"),
        ("driving_privileges", "classes", "text", _classes, "classes run together, A1A2D; 无 for none (zjcx)"),
        ("validity_term", "validity_term", "text", _term, "6, 10, L (jzqx)"),
        ("accumulated_points", "points", "int2", _number, "0 to 999 (ljjf)"),
        ("status", "status", "text", _status, "letters run together, BDJ (zt)"),
        ("extended_until", "extended_until", "date", maybe_day, "last day of an extension: status N, P, T"),
        ("points_exceeded_on", "points_exceeded_on", "date", maybe_day, "or empty (cfrq)"),
        ("study_notice_on", "study_notice_on", "date", maybe_day, "or empty (xxtzrq)"),
        ("reissue_count", "reissue_count", "int2", _number, "0 to 999 (bzcs)"),
        ("probation", "probation", "bool", _probation, "1 yes, 2 no (sxbj)"),
        ("school_bus_classes", "school_bus_classes", "text", _school_bus, "classes, or empty: no approval (xczg, xczjcx)"),
        ("hearing_aid_condition", "hearing_aid", "bool", _flag, "1: drives with a hearing aid only"),
        ("notes", "notes", "text", partial(_printable, 200, 0), "0 to 200 characters"),
    )  # fmt: skip
    return tuple(Column(*row, surely=_SURELY.get(row[0])) for row in rows)


def _plain_addresses(texts: Sequence[bytes]) -> bool:
    short = all(0 < len(text) <= 128 or 0 < len(text.decode()) <= 128 for text in texts)
    # With a comma between them, or halves of a character could make a whole one.
    return short and b",".join(texts).decode().isprintable()


def _twelve_digits(texts: Sequence[bytes]) -> bool:
    return set(map(len, texts)) <= {12} and b"".join(texts).isdigit()


def _screened(_: Sequence[bytes]) -> bool:
    # Looked at character by character in `screen`, and what is suspect there in `rules`.
    return True


_SURELY: Final[Mapping[str, Callable[[Sequence[bytes]], bool]]] = {
    "document_number": _screened,
    "card_core_number": _screened,
    "resident_address": _plain_addresses,
    "file_number": _twelve_digits,
}

NO_TABLES: Final = CodeTables(Divisions((), {}), Authorities((), Divisions((), {})))
"""For callers that need the layout and parse nothing."""

LAYOUT: Final = columns(NO_TABLES)
HEAD: Final = 20
"""The first so many columns of the layout differ from row to row; the rest of a row, taken as one text, is
met again and again."""

HEADERS: Final = tuple(column.header for column in LAYOUT)
SQL_COLUMNS: Final = tuple(column.sql for column in LAYOUT)
SQL_KINDS: Final = tuple(column.kind for column in LAYOUT)
