"""A source of real names that only plays one: a list handed in."""

from __future__ import annotations

from collections.abc import Mapping

from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Unavailable
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.people import IdentityNumber, PersonName


class SimulatedRealName:
    """Knows the people it was given. `out_of_reach` makes it misbehave."""

    simulated = True

    def __init__(self, people: Mapping[tuple[IdentityNumber, PersonName], DriverId]) -> None:
        self.people = dict(people)
        self.out_of_reach = False

    async def driver_for(self, tx: Connection, number: IdentityNumber, name: PersonName) -> DriverId | None:
        """The driver listed under both."""
        if self.out_of_reach:
            raise Unavailable("the simulated source of real names plays dead")
        return self.people.get((number, name))
