"""From the register to the kerb over HTTP, on real PostgreSQL: what a holder's phones and an officer's terminal
live through together."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from liangzheng import drivers
from liangzheng.cli.phone import Phone as ShowingPhone
from liangzheng.drivers import StandingChange
from liangzheng.showing import VerifierKind, add_verifier
from liangzheng.standards.keys import Alg, SoftwareSigner
from tests.api.phone import Phone, done, refused, unb64
from tests.licences.holders import Deployment, Holder

_requests = itertools.count()


@dataclass
class Carried:
    """One of a holder's phones: its key is bound, and it makes codes by itself."""

    place: Deployment
    holder: Holder
    phone_key: str
    making: ShowingPhone

    @classmethod
    async def bound(cls, place: Deployment, holder: Holder, **changed: Any) -> Carried:
        """A further phone, or one in the place of another (`replaces`)."""
        signer = SoftwareSigner.generate(Alg.ES256)
        key = await holder.phone.bind(signer=signer, **changed)
        return cls(place, holder, key["phone_key_id"], ShowingPhone(signer))

    @classmethod
    def first(cls, place: Deployment, holder: Holder) -> Carried:
        """The phone the holder registered with."""
        return cls(place, holder, holder.phone_key, ShowingPhone(holder.signer))

    async def ask_for_the_licence(self) -> None:
        body = {"phone_key": self.phone_key}
        answer = await self.holder.phone.post("/holder/licence/credentials", body, headers=self.place.key())
        done(answer, 202)
        await self.place.issue()

    async def fetch(self) -> Carried:
        """Keeps the credential made for this phone's key, and a fresh snapshot."""
        [credential] = [
            each
            for each in (await self.holder.licence())["credentials"]
            if each["phone_key_id"] == self.phone_key
        ]
        assert credential["state"] == "live", credential
        snapshot = done(await self.holder.phone.post("/holder/licence/snapshot"), 200)["snapshot"]
        self.making.keep(unb64(credential["credential"]), unb64(snapshot))
        return self

    def code(self) -> str:
        """A fresh one; the phone asks nobody."""
        return self.making.show(self.place.now)


async def issued(place: Deployment) -> Holder:
    """Somebody with a licence on their first phone."""
    holder = await place.holder()
    await place.open_city()
    assert (await holder.apply())["state"] == "accepted"
    assert await place.issue() == 1
    return holder


async def officer(place: Deployment) -> Phone:
    _, token = await add_verifier(place.world.database, "样本大队", VerifierKind.POLICE, place.now)
    terminal = place.phone.another()
    terminal.headers = {"Authorization": f"Bearer {token}"}
    return terminal


async def verified(terminal: Phone, **shown: str) -> tuple[str, list[str]]:
    """Outcome and reasons of a new request."""
    asked = {"request": f"journey-{next(_requests):06d}", **shown}
    answer = done(await terminal.post("/verifier/verifications", asked), 200)
    return answer["outcome"], [reason["code"] for reason in answer["reasons"]]


VALID: tuple[str, list[str]] = ("valid", [])


async def test_three_phones_show_the_licence_and_a_fourth_is_not_bound(place: Deployment) -> None:
    holder, terminal = await issued(place), await officer(place)
    phones = [Carried.first(place, holder)]
    for _ in range(2):
        phones.append(await Carried.bound(place, holder))
        await phones[-1].ask_for_the_licence()
    for phone in phones:
        assert await verified(terminal, code=(await phone.fetch()).code()) == VALID
    fourth = await holder.phone.binding()
    problem = refused(await holder.phone.post("/holder/phone-keys", fourth), 409, "conflict")
    assert "three" in problem["detail"]
    listed = done(await holder.phone.get("/holder/phone-keys"), 200)["phone_keys"]
    assert [key["phone_key_id"] for key in listed] == [phone.phone_key for phone in phones]
    credentials = (await holder.licence())["credentials"]
    assert [credential["slot"] for credential in credentials] == [1, 2, 3]


async def test_a_replaced_phone_shows_nothing_more_and_the_new_one_in_its_place_does(
    place: Deployment,
) -> None:
    holder, terminal = await issued(place), await officer(place)
    lost = await Carried.first(place, holder).fetch()
    assert await verified(terminal, code=lost.code()) == VALID
    place.clock.advance(1)
    new = await Carried.bound(place, holder, replaces=lost.phone_key)
    await place.drain()
    assert await verified(terminal, code=lost.code()) == ("not_in_force", ["credential_ended"])
    await new.ask_for_the_licence()
    place.clock.advance(1)
    assert await verified(terminal, code=(await new.fetch()).code()) == VALID
    assert await verified(terminal, code=lost.code()) == ("not_in_force", ["credential_ended"])
    [key] = done(await holder.phone.get("/holder/phone-keys"), 200)["phone_keys"]
    assert (key["phone_key_id"], key["slot"]) == (new.phone_key, 1)
    [credential] = (await holder.licence())["credentials"]
    assert credential["phone_key_id"] == new.phone_key


async def test_a_new_version_comes_by_itself_and_the_old_code_is_not_in_force(place: Deployment) -> None:
    holder, terminal = await issued(place), await officer(place)
    phone = await Carried.first(place, holder).fetch()
    old = await holder.licence()
    async with place.world.database.transaction() as tx:
        change = StandingChange(authority="苏A")
        await drivers.change_standing(tx, holder.driver_id, change, "test", place.now)
    # Between the register's word and the new version the old one is still the licence.
    assert (await verified(terminal, code=phone.code()))[0] == "valid"
    await place.drain()
    assert await place.issue() == 1
    new = await holder.licence()
    assert (new["licence_id"], old["version"], new["version"]) == (old["licence_id"], 1, 2)
    place.clock.advance(1)
    assert await verified(terminal, code=phone.code()) == ("not_in_force", ["credential_superseded"])
    place.clock.advance(1)
    asked = {"request": "the-new-version", "code": (await phone.fetch()).code()}
    answer = done(await terminal.post("/verifier/verifications", asked), 200)
    assert (answer["outcome"], answer["licence_version"], answer["holder"]["authority"]) == (
        "valid",
        2,
        "苏A",
    )


async def test_eight_digits_read_out_do_what_the_code_does_once(place: Deployment) -> None:
    holder, terminal = await issued(place), await officer(place)
    phone = await Carried.first(place, holder).fetch()
    code = phone.code()
    made = done(await holder.phone.post("/holder/showings", {"code": code}), 201)
    digits = made["short_code"]
    assert len(digits) == 8 and digits.isdigit()
    place.clock.advance(30)
    asked = {"request": "read-out-loud", "short_code": digits}
    answer = done(await terminal.post("/verifier/verifications", asked), 200)
    assert (answer["outcome"], answer["licence_version"]) == ("valid", 1)
    again = done(await terminal.post("/verifier/verifications", asked), 200)
    assert again["verification"] == answer["verification"], "a retry is the same look"
    used = {"request": "another-look", "short_code": digits}
    refused(await (await officer(place)).post("/verifier/verifications", used), 404, "not-found")
    looks = done(await holder.phone.get("/holder/showings"), 200)["looks"]
    assert [(look["verification"], look["verifier"]) for look in looks] == [
        (answer["verification"], "样本大队")
    ]
    assert await verified(terminal, code=code) == ("already_shown", ["already_shown"])


async def test_digits_are_over_after_a_minute(place: Deployment) -> None:
    holder, terminal = await issued(place), await officer(place)
    phone = await Carried.first(place, holder).fetch()
    made = done(await holder.phone.post("/holder/showings", {"code": phone.code()}), 201)
    place.clock.advance(60)
    asked = {"request": "too-late-by-then", "short_code": made["short_code"]}
    refused(await terminal.post("/verifier/verifications", asked), 404, "not-found")
