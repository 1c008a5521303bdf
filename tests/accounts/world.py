"""The acts of accounts with their neighbours filled in, and a few steps that many tests begin with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from liangzheng import accounts
from liangzheng.accounts import (
    Account,
    AccountPolicy,
    Caller,
    FaceCheck,
    LoggedIn,
    PhoneKey,
    PhoneKeyOffer,
    store_agreements,
)
from liangzheng.accounts.model import Purpose
from liangzheng.infra.face import FaceFrame, FaceVerifier
from liangzheng.infra.face_simulated import played_frames
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.passwords import Passwords
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.ids import PersonId, PhoneKeyId
from liangzheng.kernel.time import FixedClock
from liangzheng.standards.keys import Alg, SoftwareSigner
from tests.accounts.people import PASSWORD, MadeUp
from tests.real_name import SimulatedRealName


@dataclass
class World:
    database: Database
    clock: FixedClock
    passwords: Passwords
    key_index: KeyIndex
    real_name: SimulatedRealName
    engine: FaceVerifier
    policy: AccountPolicy

    async def register(self, person: MadeUp, password: str = PASSWORD) -> Account:
        hashed = await accounts.hash_new_password(self.passwords, password, person.mobile, person.identity)
        registration = accounts.Registration(person.mobile, person.identity, person.name, hashed)
        async with self.database.transaction() as tx:
            made = await accounts.register(tx, registration, self.key_index, self.real_name, self.clock.now())
            await self.agree(tx, made.person.person_id)
            return made

    async def agree(self, tx: Connection, person_id: PersonId) -> None:
        """To the current text on face data."""
        text = accounts.agreement_texts()[accounts.AgreementKind.FACE_DATA]
        await store_agreements.add(tx, person_id, text, True, self.clock.now())

    async def person(self, person: MadeUp) -> PersonId:
        return (await self.register(person)).person.person_id

    async def log_in(self, person: MadeUp, password: str = PASSWORD, **more: Any) -> LoggedIn:
        return await accounts.log_in(
            self.database,
            person.mobile,
            password,
            passwords=more.pop("passwords", self.passwords),
            key_index=self.key_index,
            policy=self.policy,
            now=self.clock.now(),
            **more,
        )

    async def caller(self, token: str, phone_offset_ms: int | None = None) -> Caller:
        return await accounts.session(
            self.database, token, self.policy, now=self.clock.now(), phone_offset_ms=phone_offset_ms
        )

    async def begin(self, person_id: PersonId, purpose: Purpose = Purpose.APPLY) -> FaceCheck:
        async with self.database.transaction() as tx:
            return await accounts.begin_face_check(
                tx, person_id, purpose, self.engine, self.policy, self.clock.now()
            )

    async def finish(
        self, check: FaceCheck, frames: Sequence[FaceFrame] | None = None, nonce: bytes | None = None
    ) -> FaceCheck:
        chosen = played_frames(len(check.steps)) if frames is None else frames
        return await accounts.finish_face_check(
            self.database, check.person_id, check.face_check_id, check.nonce if nonce is None else nonce,
            chosen, self.engine, self.policy, self.clock.now(),
        )  # fmt: skip

    async def passed(self, person_id: PersonId, purpose: Purpose = Purpose.APPLY) -> FaceCheck:
        check = await self.finish(await self.begin(person_id, purpose))
        assert check.usable_until is not None, check
        return check

    async def offer(
        self,
        person_id: PersonId,
        signer: SoftwareSigner | None = None,
        replaces: PhoneKeyId | None = None,
        **changed: Any,
    ) -> PhoneKeyOffer:
        """What a phone would send: nonce signed, face check passed."""
        signer = signer or SoftwareSigner.generate(Alg.ES256)
        check = await self.passed(person_id, Purpose.BIND_PHONE_KEY)
        async with self.database.transaction() as tx:
            challenge = await accounts.begin_phone_key(tx, person_id, self.policy, self.clock.now())
        parts: dict[str, Any] = {
            "public_key": signer.public_key.spki,
            "label": "红色手机",
            "nonce": challenge.nonce,
            "signature": signer.sign(challenge.to_be_signed),
            "face_check_id": check.face_check_id,
            "replaces": replaces,
        }
        return PhoneKeyOffer(**(parts | changed))

    async def bind(self, person_id: PersonId, offer: PhoneKeyOffer) -> PhoneKey:
        async with self.database.transaction(accounts.CONSTRAINTS) as tx:
            return await accounts.bind_phone_key(tx, person_id, offer, self.clock.now())

    async def rows(self, query: str, *args: Any) -> list[dict[str, Any]]:
        async with self.database.read() as tx:
            return [dict(row) for row in await tx.fetch(query, *args)]

    async def count(self, table: str) -> int:
        return int((await self.rows(f"SELECT count(*) AS n FROM {table}"))[0]["n"])
