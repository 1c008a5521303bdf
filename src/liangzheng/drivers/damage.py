"""Known ways a line of a register file can be wrong, each with the column and rule that must refuse it.

For tests, and for the demonstration of what the import does with a bad file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from liangzheng.drivers.columns import HEADERS
from liangzheng.kernel.people import citizen_check_character

_PLACE: Final = {header: place for place, header in enumerate(HEADERS)}


@dataclass(frozen=True, slots=True)
class Damage:
    """One way. `make` turns the good line's fields (quoted as in the file) into the octets of the bad line,
    UTF-8."""

    title: str
    column: str
    rule: str
    make: Callable[[list[str]], bytes]


def _line(fields: list[str]) -> bytes:
    return ",".join(fields).encode()


def _with(**new: str) -> Callable[[list[str]], bytes]:
    def make(fields: list[str]) -> bytes:
        changed = list(fields)
        for header, text in new.items():
            changed[_PLACE[header]] = text
        return _line(changed)

    return make


def _wrong_check(fields: list[str]) -> bytes:
    number = "11010519491231002"
    right = citizen_check_character(number)
    wrong = "0" if right != "0" else "1"
    return _with(identity_kind="A", document_number=number + wrong, birth_date="1949-12-31")(fields)


def _cut_character(fields: list[str]) -> bytes:
    line = _line(fields)
    end = line.index(fields[_PLACE["name"]].encode()) + 1
    return line[:end] + line[end + 1 :]


def _before_birth(fields: list[str]) -> bytes:
    return _with(first_issue_date="1901-01-01", valid_from="1901-01-01", valid_until="", validity_term="L")(
        fields
    )


DAMAGES: Final = (
    Damage("a wrong check character", "document_number", "identity-number", _wrong_check),
    Damage("no province", "document_number", "identity-number",
           _with(identity_kind="A", document_number="99010519491231002X")),
    Damage("letters in a number", "document_number", "identity-number",
           _with(identity_kind="A", document_number="1101051949123100AB")),
    Damage("another birth date than the number's", "birth_date", "identity-number",
           _with(identity_kind="A", document_number="11010519491231002X", birth_date="1949-12-30")),
    Damage("no document at all", "document_number", "identity-number", _with(document_number="")),
    Damage("a kind of document drivers do not have", "identity_kind", "code", _with(identity_kind="B")),
    Damage("no name", "name", "name", _with(name="")),
    Damage("a name of 51 characters", "name", "name", _with(name="虚" * 51)),
    Damage("a direction mark in the name", "name", "name", _with(name="虚\u202e构")),
    Damage("a NUL in the name", "name", "name", _with(name="虚\0构")),
    Damage("neither male nor female", "sex", "code", _with(sex="3")),
    Damage("a short country", "nationality", "code", _with(nationality="CN")),
    Damage("30 February", "birth_date", "date", _with(birth_date="1990-02-30")),
    Damage("a date the American way", "valid_from", "date", _with(valid_from="01/31/2020")),
    Damage("a date with a time", "valid_until", "date", _with(valid_until="2030-01-01T00:00")),
    Damage("issued before birth", "first_issue_date", "date-order", _before_birth),
    Damage("valid until before valid from", "valid_until", "date-order",
           _with(valid_until="1955-01-01", validity_term="6")),
    Damage("long-term with a last day", "valid_until", "validity-term",
           _with(valid_until="2190-01-01", validity_term="L")),
    Damage("six years without a last day", "valid_until", "validity-term", _with(valid_until="", validity_term="6")),
    Damage("an unknown class", "driving_privileges", "classes", _with(driving_privileges="C9")),
    Damage("a class twice", "driving_privileges", "classes", _with(driving_privileges="C1C1")),
    Damage("no class", "driving_privileges", "classes", _with(driving_privileges="")),
    Damage("a class its history does not know", "class_history", "classes-agree",
           _with(driving_privileges="N", school_bus_classes="")),
    Damage("a history that is none", "class_history", "class-history", _with(class_history="C1:2012-03-04")),
    Damage("C6 before there was C6", "class_history", "class-exists",
           _with(identity_kind="A", document_number="11010519491231002X", birth_date="1949-12-31",
                 first_issue_date="1980-01-01", driving_privileges="C6", class_history="C6@2022-03-31",
                 school_bus_classes="")),
    Damage("points that are no number", "accumulated_points", "number", _with(accumulated_points="-3")),
    Damage("a status letter twice", "status", "status", _with(status="BB", extended_until="")),
    Damage("an unknown status", "status", "status", _with(status="O", extended_until="")),
    Damage("an extension without its letter", "extended_until", "extension",
           _with(status="A", extended_until="2030-01-01")),
    Damage("a short card-core number", "card_core_number", "card-core-number", _with(card_core_number="123")),
    Damage("no address", "resident_address", "length", _with(resident_address="")),
    Damage("a line break as an escape in the address", "resident_address", "characters",
           _with(resident_address="虚构路\u2028一号")),
    Damage("a division nobody ever had", "address_division", "code", _with(address_division="990000")),
    Damage("an authority of nowhere", "issuing_authority", "code", _with(issuing_authority="虚A")),
    Damage("a file number with a letter", "file_number", "file-number", _with(file_number="32050000000A")),
    Damage("school bus for a class not held", "school_bus_classes", "school-bus", _with(school_bus_classes="P")),
    Damage("a flag that says yes", "hearing_aid_condition", "flag", _with(hearing_aid_condition="yes")),
    Damage("a portrait by another name", "portrait", "hash", _with(portrait="portrait.jpg")),
    Damage("a field too few", "", "field-count", lambda fields: _line(fields[:-1])),
    Damage("a field too many", "", "field-count", lambda fields: _line([*fields, "x"])),
    Damage("an open quote", "", "quotes", _with(resident_address='"虚构路一号')),
    Damage("text after a quote", "", "quotes", _with(resident_address='"虚构路"一号')),
    Damage("half a character", "", "encoding", _cut_character),
    Damage("a line of 70,000 characters", "", "line-length", _with(notes="虚" * 70_000)),
)  # fmt: skip
