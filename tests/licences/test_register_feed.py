"""A register tells of changes over HTTP: who may, what the next verification hears, and the licence made anew by itself."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from liangzheng import drivers
from liangzheng.infra.postgres import Database
from liangzheng.licences import CRASH_POINTS, Issuer
from liangzheng.licences.model import BatchResult
from liangzheng.showing import VerifierKind, add_verifier
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.livecode import build_code
from tests.api.phone import done, refused, unb64
from tests.drivers.feeding import Feeding, body, line, points, status
from tests.licences.holders import Deployment, Holder
from tests.licences.test_crash import PowerCut, losing
from tests.licences.test_follow_standing import drain
from tests.licences.world import World, citizen, later

NDJSON = {"Content-Type": "application/x-ndjson"}


@dataclass
class Register:
    """A provincial register that posts to a deployment, and an officer at the kerb."""

    place: Deployment
    source: drivers.RegisterSource
    signer: SoftwareSigner
    officer: dict[str, str]

    async def post(self, *lines: bytes, **changed: Any) -> httpx.Response:
        sent = body(*lines)
        proof = drivers.prove(
            changed.get("of", self.source.id), changed.get("signer", self.signer), changed.get("signed", sent)
        )
        headers = {"Authorization": f"Source {proof}", **NDJSON, **changed.get("headers", {})}
        return await self.place.phone.client.post("/source/register-changes", content=sent, headers=headers)

    async def verify(self, holder: Holder, credential: bytes, wanted: str = "C1") -> dict[str, Any]:
        at = int(self.place.now.timestamp())
        code = build_code(credential, None, at, secrets.token_bytes(8), holder.signer)
        asked = {"code": code, "class": wanted, "request": secrets.token_hex(8)}
        answer = await self.place.phone.client.post(
            "/verifier/verifications", json=asked, headers=self.officer
        )
        return done(answer, 200)


@pytest.fixture
async def register(place: Deployment) -> Register:
    signer = SoftwareSigner.generate(Alg.SM2)
    source = await drivers.add_source(
        place.world.database, "江苏示例登记", ["32"], signer.public_key, place.now
    )
    _, token = await add_verifier(place.world.database, "样本大队", VerifierKind.POLICE, place.now)
    return Register(place, source, signer, {"Authorization": f"Bearer {token}"})


async def issued(place: Deployment) -> tuple[Holder, dict[str, Any], bytes]:
    """Somebody with a licence, how a line names them, and their credential."""
    holder = await place.holder()
    await place.open_city()
    await holder.apply()
    assert await place.issue() == 1
    whose = {"identity_kind": "A", "document_number": citizen(place.world.made)}
    return holder, whose, await credential_of(holder)


async def credential_of(holder: Holder) -> bytes:
    [found] = [each for each in (await holder.licence())["credentials"] if each["credential"]]
    return unb64(found["credential"])


# ---- what the next verification hears -----------------------------------------------------------------


async def test_after_a_line_is_acknowledged_no_verification_answers_older_knowledge(
    register: Register,
) -> None:
    holder, whose, credential = await issued(register.place)
    assert (await register.verify(holder, credential))["outcome"] == "valid"
    violation = {"kind": "violation", "reference": "v", "on": "2026-11-20", "points": 9}
    correction = {"kind": "correction", "reference": "c", "on": "2026-11-20", "points": -9, "corrects": "v"}
    said = [
        (line(1, "status", {"status": "D"}, whose), "may_not_drive", "D", 3),
        (line(2, "status", {"status": "A"}, whose), "valid", "A", 3),
        (line(3, "points", violation, whose), "may_not_drive", "B", 12),
        (line(4, "points", correction, whose), "valid", "A", 3),
    ]
    for sent, outcome, letters, total in said:
        assert done(await register.post(sent), 200)["applied"] == 1
        verdict = await register.verify(holder, credential)
        assert (verdict["outcome"], verdict["standing"]["status"], verdict["standing"]["points"]) == (
            outcome,
            letters,
            total,
        )


async def test_a_late_line_does_not_lift_a_newer_suspension(register: Register) -> None:
    holder, whose, credential = await issued(register.place)
    suspended = line(1, "status", {"status": "D"}, whose)
    late = line(2, "status", {"status": "A"}, whose, occurred_at="2026-10-20T09:30:00+08:00")
    assert done(await register.post(suspended), 200)["older"] == []
    for _ in range(2):  # a repeat is answered alike
        answer = done(await register.post(suspended, late), 200)
        assert (answer["done_to"], answer["applied"], answer["refused"], answer["older"]) == (2, 0, [], [2])
        verdict = await register.verify(holder, credential)
        assert (verdict["outcome"], verdict["standing"]["status"]) == ("may_not_drive", "D")
    newer = line(3, "status", {"status": "A"}, whose)
    assert done(await register.post(newer), 200)["applied"] == 1
    assert (await register.verify(holder, credential))["outcome"] == "valid"


async def test_a_class_taken_away_is_not_allowed_from_the_next_verification_on(register: Register) -> None:
    holder, whose, credential = await issued(register.place)
    done(await register.post(line(1, "classes", {"driving_privileges": "C2"}, whose)), 200)
    verdict = await register.verify(holder, credential, "C1")
    assert verdict["class"]["allowed"] is False, "before the new version is issued"


async def test_the_licence_is_issued_anew_by_itself_and_the_old_code_says_what_has_become_of_it(
    register: Register,
) -> None:
    holder, whose, old = await issued(register.place)
    answer = done(await register.post(line(1, "classes", {"driving_privileges": "C1D"}, whose)), 200)
    assert answer == {"done_to": 1, "applied": 1, "known": 0, "waiting": 0, "refused": [], "older": []}
    await register.place.drain()
    assert await register.place.issue() == 1
    new = await credential_of(holder)
    assert new != old
    assert (await register.verify(holder, new, "D"))["class"] == {"asked": "D", "allowed": True}
    verdict = await register.verify(holder, old)
    assert (verdict["outcome"], verdict["reasons"][0]["code"]) == ("not_in_force", "credential_superseded")
    # The phone learns of it when it refreshes.
    assert (await holder.licence())["version"] == 2


@pytest.mark.parametrize("kind", ["status", "points", "address"])
async def test_other_changes_make_no_new_version(register: Register, kind: str) -> None:
    holder, whose, credential = await issued(register.place)
    values = {
        "status": {"status": "H"},
        "points": {"kind": "violation", "reference": "v", "on": "2026-11-20", "points": 3},
        "address": {"resident_address": "虚构路9号", "address_division": "320505"},
    }[kind]
    done(await register.post(line(1, kind, values, whose)), 200)
    await register.place.drain()
    assert await register.place.issue() == 0
    assert await register.place.world.states("licence", holder.driver_id) == ["live"]
    assert (await register.verify(holder, credential))["outcome"] == "valid"


# ---- who may ---------------------------------------------------------------------------------------------


async def test_nobody_but_a_source_with_its_key_over_these_octets_for_this_deployment(
    register: Register,
) -> None:
    database = register.place.world.database
    stranger = SoftwareSigner.generate(Alg.SM2)
    other = await drivers.add_source(
        database, "浙江示例登记", ["33"], register.signer.public_key, register.place.now
    )
    sent = status(1, "D")
    _, _, for_another = drivers.prove(other.id, register.signer, body(sent)).partition(".")
    wrong = [
        await register.post(sent, signer=stranger),
        await register.post(sent, signed=body(status(1, "A"))),
        # The same key serves another source, whose signature this is not.
        await register.post(sent, headers={"Authorization": f"Source {register.source.id}.{for_another}"}),
        await register.post(sent, headers={"Authorization": "Source "}),
        await register.post(sent, headers={"Authorization": "Source " + "A" * 300}),
        await register.post(sent, headers={"Authorization": f"Source {register.source.id}."}),
        await register.post(sent, headers={"Authorization": f"Bearer {register.source.id}"}),
        await register.post(sent, headers={"Authorization": register.officer["Authorization"]}),
    ]  # fmt: skip
    words = {refused(answer, 401, "not-authenticated")["detail"] for answer in wrong}
    assert len(words) == 1
    assert done(await register.post(), 200)["done_to"] == 0


async def test_an_ended_key_and_an_ended_source_open_nothing(register: Register) -> None:
    database, now = register.place.world.database, register.place.now
    second = SoftwareSigner.generate(Alg.ES256)
    await drivers.add_source_key(database, register.source.id, second.public_key, now)
    await drivers.end_source_key(database, register.source.id, register.signer.kid, now)
    refused(await register.post(), 401, "not-authenticated")
    assert done(await register.post(signer=second), 200)["done_to"] == 0
    await drivers.end_source(database, register.source.id, now)
    refused(await register.post(signer=second), 401, "not-authenticated")


@pytest.mark.parametrize(
    ("headers", "status_code"),
    [
        ({"Content-Type": "application/json"}, 415), ({"Content-Type": ""}, 415), ({"Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "Application/X-NDJSON"}, 200),
    ],
)  # fmt: skip
async def test_lines_are_sent_as_what_they_are(
    register: Register, headers: dict[str, str], status_code: int
) -> None:
    assert (await register.post(status(1, "D", 999), headers=headers)).status_code == status_code


async def test_only_this_path_takes_lines(register: Register) -> None:
    answer = await register.place.phone.client.post("/holder/sessions", content=b"{}", headers=NDJSON)
    refused(answer, 415, "unsupported-media-type")


async def test_a_contradiction_is_a_conflict_that_stays_until_an_operator_lets_the_source_go_on(
    register: Register,
) -> None:
    done(await register.post(status(1, "D", 999)), 200)
    problem = refused(await register.post(status(1, "A", 999)), 409, "conflict")
    assert problem["place"] == "sequence 1"
    refused(await register.post(), 409, "conflict")
    await drivers.let_source_go_on(register.place.world.database, register.source.id, register.place.now)
    assert done(await register.post(), 200)["done_to"] == 1


async def test_too_much_at_once_and_too_often(register: Register) -> None:
    refused(await register.post(*[b"{}"] * 2001), 413, "too-large")
    refused(await register.post(b" " * (1 << 20)), 413, "too-large")
    answers = [(await register.post()).status_code for _ in range(610)]
    assert set(answers) == {200, 429}


# ---- lost at any step ---------------------------------------------------------------------------------


@pytest.mark.parametrize("stop_at", CRASH_POINTS)
async def test_whatever_step_of_a_reissue_is_lost_there_is_one_live_version_throughout(
    world: World,
    database: Database,
    stop_at: str,
) -> None:
    feed = await Feeding(database).begin(0)
    [driver_id] = await world.issued()
    async with database.transaction() as tx:
        await feed.index(tx, driver_id, 1)
    answer = await feed.send(
        line(1, "validity", {"valid_from": "2026-11-20", "valid_until": "2036-11-20", "validity_term": "10"})
    )
    assert answer.applied == 1
    await drain(world)
    with pytest.raises(PowerCut):
        await world.issuer(losing(stop_at)).batch(world.now)
    live = [row for row in await world.rows("licence", driver_id) if row["state"] == "live"]
    assert len(live) == 1, "the old one until the new one is live"
    assert live[0]["version"] == (2 if stop_at == "kept" else 1)
    issuer: Issuer = world.issuer()
    while (await issuer.recover(later(world.now, 61))) != BatchResult():
        pass
    while (await issuer.batch(later(world.now, 61))).claimed:
        pass
    versions = {row["version"]: row["state"] for row in await world.rows("licence", driver_id)}
    assert versions == {1: "superseded", 2: "live"}
    await drain(world, later(world.now, 61))
    assert (await issuer.batch(later(world.now, 61))).claimed == 0, "and no third"


async def test_points_only_and_a_repeat_leave_an_issuer_nothing_to_do(
    world: World, database: Database
) -> None:
    feed = await Feeding(database).begin(0)
    [driver_id] = await world.issued()
    async with database.transaction() as tx:
        await feed.index(tx, driver_id, 1)
    for _ in range(2):
        await feed.send(points(1, points=3))
        await drain(world)
    assert (await world.issuer().batch(world.now)).claimed == 0
