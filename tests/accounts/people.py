"""Made-up people: fictional names, numbers nobody can have been given (born in 1800)."""

from __future__ import annotations

from dataclasses import dataclass

from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.people import IdentityKind, IdentityNumber, Mobile, PersonName, citizen_check_character

PASSWORD = "lampenschirm-am-kai"


@dataclass(frozen=True)
class MadeUp:
    """Somebody who is in the register."""

    mobile: Mobile
    identity: IdentityNumber
    name: PersonName
    driver_id: DriverId


def citizen(sequence: int) -> str:
    head = f"32020018000101{sequence:03d}"
    return head + citizen_check_character(head)


def made_up(number: int) -> MadeUp:
    """The number-th of them, the same at every call but for the driver's id."""
    return MadeUp(
        Mobile(f"1390000{number:04d}"),
        IdentityNumber(IdentityKind.RESIDENT_CARD, citizen(number)),
        PersonName("示例" + chr(0x4E00 + number)),
        DriverId.new(),
    )


MADE_UP = [made_up(number) for number in range(1, 9)]
