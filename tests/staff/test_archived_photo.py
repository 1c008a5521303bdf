"""What the engine on this machine compares with: the archived photo of the person's own driver, and nobody else's."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from liangzheng import wiring
from liangzheng.kernel.ids import PersonId
from tests.accounts.people import MADE_UP, PASSWORD, MadeUp
from tests.api.phone import done
from tests.showing.world import PORTRAIT
from tests.staff.place import Place


async def registered(place: Place, person: MadeUp) -> PersonId:
    body = {
        "mobile": person.mobile.value, "identity_number": person.identity.value, "name": person.name.value,
        "password": PASSWORD,
    }  # fmt: skip
    account = done(await place.nobody.another().post("/holder/accounts", body), 201)
    return PersonId.parse(account["person_id"])


async def test_it_is_the_photo_of_the_person_s_driver_or_none(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def comparer(_: object) -> SimpleNamespace:
        return SimpleNamespace(version="20.0", models="ab" * 32, close=lambda: None)

    monkeypatch.setattr(wiring.DlibComparer, "with_models", comparer)
    engine = wiring._dlib(place.wiring.settings, place.database)
    assert isinstance(engine, wiring.DlibFace)
    person = await registered(place, MADE_UP[0])
    assert await engine._portraits(person) == PORTRAIT
    # Known to the source of names, and not in the register; and nobody.
    assert await engine._portraits(await registered(place, MADE_UP[1])) is None
    assert await engine._portraits(PersonId.new()) is None
    async with place.database.transaction() as tx:
        await tx.execute("DELETE FROM blob")
    assert await engine._portraits(person) is None
