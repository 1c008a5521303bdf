"""Real names from the driver register: the number must be there, and the name must be the one there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.people import IdentityNumber, PersonName

Find = Callable[[Connection, IdentityNumber], Awaitable[tuple[DriverId, PersonName] | None]]
SameName = Callable[[str, str], bool]


class RegisterRealName:
    """Compares with what `find` reads from the register. Wiring hands both functions in from drivers."""

    simulated = False

    def __init__(self, find: Find, same_name: SameName) -> None:
        self._find = find
        self._same_name = same_name

    async def driver_for(self, tx: Connection, number: IdentityNumber, name: PersonName) -> DriverId | None:
        """The driver with that number and name; None whether the number is unknown or the name another."""
        found = await self._find(tx, number)
        # Compared also when there is nobody, so that the two refusals take the same time.
        driver_id, known = found if found is not None else (None, PersonName("某某"))
        return driver_id if self._same_name(known.value, name.value) else None
