"""Whether the time of an answer tells who is known (threats T10, A2): each request twice, about somebody the service knows and
about nobody, one after the other in random order, and what a classifier learns from how long they took.

Asked is whatever names a mobile, an identity number or a staff number, and what names a person or a request by a hundred random
bits; not what names a company: its id is no secret (a known one takes some 40 µs longer).

One server process over PostgreSQL, one client on one connection, on the same machine: a stranger across a network sees less. The
classifier is a threshold, the best one on the first half of the pairs, judged on the second; 50 % is guessing, and with n pairs its
own noise is 50/√n %. Beside it the two-sided Mann–Whitney test over all. That both do the same work is asserted in
tests/api/test_same_work.py. `LZ_BENCH_PAIRS` sets the pairs of each request; 20,000 take more than an hour, most of it hashing
passwords.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import math
import os
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

import uvloop

from benchmarks.figure import Figure
from benchmarks.load.place import process, room
from liangzheng import audit, relying, staff
from liangzheng.infra import blobs
from liangzheng.infra.keyindex import KeyIndex, Kind
from liangzheng.infra.keys_file import init
from liangzheng.infra.passwords import Passwords
from liangzheng.infra.postgres import Database, attach
from liangzheng.infra.settings import Settings
from liangzheng.kernel.ids import DriverId, PersonId, SessionId
from liangzheng.kernel.people import IdentityKind, IdentityNumber
from liangzheng.kernel.purposes import AskedField
from liangzheng.kernel.time import SystemClock, civil_day
from liangzheng.relying import CompanyEvent, CreditCode, Grant, Quota
from liangzheng.staff import Duty, HeldDuty, Region, StaffPolicy, TotpFactor
from liangzheng.standards import totp
from liangzheng.standards.keys import Alg
from liangzheng.wiring import index_keys, key_dirs
from tests.licences.world import PORTRAIT, citizen, driver_row

MOST: Final = 52.0
"""Per cent of answers sorted rightly (threats A2)."""
FULL: Final = 20_000
QUICK: Final = 300
ROUND: Final = 40
"""Pairs between two clearings of the tables that count tries: what is measured is the answer, not a refusal for too many."""
_COUNTS: Final = (
    "log_in_attempt",
    "one_time_code",
    "one_time_code_budget",
    "staff_attempt",
    "look_up_count",
    "company_look",
)
_PEOPLE: Final = 2_000
_PASSWORD: Final = "lampenschirm-am-kai"
_WRONG: Final = {"mobile_proof": "A" * 43}


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; `status` is what must be answered."""

    path: str
    body: dict[str, Any] | str | None
    headers: dict[str, str]
    status: int


Making = Callable[[int, bool], Request]
"""The request of the n-th pair, about somebody known or about nobody."""


def run(quick: bool) -> list[Figure]:
    """A figure for each request that may name somebody."""
    return measured(int(os.environ.get("LZ_BENCH_PAIRS", QUICK if quick else FULL)))


def measured(pairs: int, only: Sequence[str] = ()) -> list[Figure]:
    """`run` with that many pairs, of all requests or of `only` these."""
    return uvloop.run(_measure(pairs, only))


async def _measure(pairs: int, only: Sequence[str]) -> list[Figure]:
    load = os.getloadavg()[0]
    async with _deployment(max(100, min(pairs, _PEOPLE))) as place:
        more = {
            "LZ_PROXIES": "127.0.0.1",
            "LZ_WRITES_A_MINUTE": "10000000",
        }
        with process(
            place.settings, "-m", "liangzheng", "serve", "--port", "0", "--workers", "1", more=more
        ) as port:
            client = Client(port)
            makings = await place.makings(client)
            return [
                await _figure(name, making, pairs, place, client, load)
                for name, making in makings.items()
                if not only or name in only
            ]


async def _figure(
    name: str, making: Making, pairs: int, place: Deployment, client: Client, load: float
) -> Figure:
    known, unknown = [], []
    for pair in range(-min(10, pairs), pairs):  # the first warm up
        if pair % ROUND == 0:
            await place.forget_counts()
        order = [True, False]
        random.shuffle(order)
        took = {is_known: client.time(making(abs(pair), is_known), pair) for is_known in order}
        if pair >= 0:
            known.append(took[True])
            unknown.append(took[False])
    accuracy = 100 * accuracy_of(known, unknown)
    middle = [median(times) / 1e3 for times in (known, unknown)]
    return Figure(
        f"enumeration-{name}", accuracy, "%", MOST, MOST / max(accuracy, 50.0), 1.0,
        f"right guesses of a threshold; {pairs} pairs, chance 50 ± {50 / math.sqrt(pairs):.1f}; Mann–Whitney "
        f"p = {mann_whitney(known, unknown):.2f}; medians {middle[0]:,.0f} µs known, {middle[1]:,.0f} µs unknown; "
        f"load {load:.1f} when it began",
    )  # fmt: skip


# --- what is learnt from times ----------------------------------------------------------------------------


def accuracy_of(known: Sequence[float], unknown: Sequence[float]) -> float:
    """Share of the second halves that the best threshold of the first halves sorts rightly, slower or faster."""
    half = len(known) // 2
    marked = sorted([(t, 1) for t in known[:half]] + [(t, -1) for t in unknown[:half]])
    best, threshold, sign = 0, -math.inf, 1
    total = 0
    for at, (took, mark) in enumerate(marked):
        total += mark
        # Between two equal times there is no threshold.
        if abs(total) > best and (at + 1 == len(marked) or marked[at + 1][0] > took):
            best, threshold, sign = abs(total), took, 1 if total > 0 else -1
    right = sum((t <= threshold) == (sign > 0) for t in known[half:])
    right += sum((t <= threshold) != (sign > 0) for t in unknown[half:])
    return right / (len(known) + len(unknown) - 2 * half)


def mann_whitney(one: Sequence[float], other: Sequence[float]) -> float:
    """Two-sided p of the Mann–Whitney U test, by its normal approximation with the correction for ties."""
    values = sorted([(t, 0) for t in one] + [(t, 1) for t in other])
    n, m, size = len(one), len(other), len(one) + len(other)
    ranks, ties, at = 0.0, 0.0, 0
    while at < size:
        end = at
        while end < size and values[end][0] == values[at][0]:
            end += 1
        ranks += (at + end + 1) / 2 * sum(mark == 0 for _, mark in values[at:end])
        ties += (end - at) ** 3 - (end - at)
        at = end
    u = ranks - n * (n + 1) / 2
    spread = math.sqrt(n * m / 12 * (size + 1 - ties / (size * (size - 1))))
    return math.erfc(abs(u - n * m / 2) / spread / math.sqrt(2)) if spread else 1.0


# --- client and place -------------------------------------------------------------------------------------


class Client:
    """One connection. Every pair comes from a network of its own, so that no network is used up."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def time(self, request: Request, pair: int) -> int:
        """Nanoseconds until the whole answer was there."""
        address = f"10.{pair >> 8 & 255}.{pair & 255}.1"
        headers = {"X-Forwarded-For": address, "Content-Type": "application/json"} | request.headers
        body = request.body if isinstance(request.body, str | None) else json.dumps(request.body)
        method = "GET" if request.body is None else "POST"
        began = time.perf_counter_ns()
        self._connection.request(method, request.path, body, headers)
        answer = self._connection.getresponse()
        told = answer.read()
        took = time.perf_counter_ns() - began
        assert answer.status == request.status, f"{request.path}: {answer.status} {told[:300]!r}"
        return took

    def ask(self, path: str, body: Any, token: str = "") -> Any:
        """The answer."""
        self._connection.request(
            "POST", path, json.dumps(body), {"Content-Type": "application/json"} | _bearer(token)
        )
        answer = self._connection.getresponse()
        told = answer.read()
        assert answer.status < 300, f"{path}: {answer.status} {told[:300]!r}"
        return json.loads(told) if told else None


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


@dataclass(slots=True)
class Deployment:
    """A service with people, members of staff and a company; and how they are asked about."""

    settings: Settings
    database: Database
    holders: Sequence[str]
    """Tokens, of the first people there are."""
    officer: str
    staff_numbers: Sequence[str]
    company_token: str
    people: Sequence[PersonId]

    async def forget_counts(self) -> None:
        """Nobody has tried anything."""
        async with self.database.transaction() as tx:
            for table in _COUNTS:
                await tx.execute(f"DELETE FROM {table}")

    async def makings(self, client: Client) -> dict[str, Making]:
        """By name."""
        count = len(self.people)
        request_codes = self._request_codes(client)
        challenge = client.ask("/holder/passkeys/log-in-challenges", {})["options"]["challenge"]
        case = {"purpose": "violation-handling", "case_number": "V-330100-20250101-0001"}

        def mobile(n: int, known: bool) -> dict[str, str]:
            return {"mobile": _mobile(n % count if known else 50_000_000 + n % count)}

        def number(n: int, known: bool) -> dict[str, str]:
            return {"identity_number": citizen(n % count if known else 30_000 + n % count)}

        def register(n: int, known: bool) -> Request:
            body = number(n, known) | {
                "mobile": f"138{secrets.randbelow(10**8):08d}",
                "name": "样本丙",
                "password": _PASSWORD,
            }
            return Request("/holder/accounts", body, {}, 201)

        def log_in(n: int, known: bool) -> Request:
            return Request(
                "/holder/sessions", mobile(n, known) | {"password": "wrong-and-long-enough"}, {}, 401
            )

        def code(n: int, known: bool) -> Request:
            return Request("/holder/codes", mobile(n, known) | {"purpose": "log-in"}, {}, 202)

        def reset(n: int, known: bool) -> Request:
            body = mobile(n, known) | number(n, known) | _WRONG | {"name": "样本丙", "password": _PASSWORD}
            return Request("/holder/password-resets", body, {}, 400)

        def passkey(n: int, known: bool) -> Request:
            person = self.people[n % count] if known else PersonId.new()
            return Request(
                "/holder/passkeys/sessions", {"credential": _assertion(challenge, person)}, {}, 401
            )

        def mobile_change(n: int, known: bool) -> Request:
            body = mobile(n + 1, known) | _WRONG | {"password": _PASSWORD, "face_check": "fch_" + "0" * 26}
            return Request("/holder/mobile-changes", body, _bearer(self.holders[n % count]), 400)

        def staff_log_in(n: int, known: bool) -> Request:
            staff_number = (
                self.staff_numbers[n % len(self.staff_numbers)] if known else str(500_000 + n % 1000)
            )
            return Request(
                "/staff/sessions", {"number": staff_number, "password": "wrong", "totp": "000000"}, {}, 401
            )

        def look_up(n: int, known: bool) -> Request:
            return Request("/staff/look-ups", number(n, known) | case, _bearer(self.officer), 404)

        def consent(n: int, known: bool) -> Request:
            said = request_codes[n % len(request_codes)] if known else f"{secrets.token_hex(5).upper()}"
            return Request(f"/holder/consents/requests/{said}", None, _bearer(self.holders[n % count]), 404)

        return {
            "register": register, "log-in": log_in, "code": code, "password-reset": reset, "passkey": passkey,
            "mobile-change": mobile_change, "staff-log-in": staff_log_in, "look-up": look_up,
            "consent-request": consent,
        }  # fmt: skip

    def _request_codes(self, client: Client) -> list[str]:
        """Of requests that the last of the people has answered."""
        found = []
        for _ in range(20):
            body = {"purpose": "rental", "fields": ["valid_until"]}
            said = client.ask("/relying/requests", body, self.company_token)["code"].replace("-", "")
            client.ask(f"/holder/consents/requests/{said}/refusal", None, self.holders[-1])
            found.append(said)
        return found


def _mobile(number: int) -> str:
    return f"139{number:08d}"


def _assertion(challenge: str, person: PersonId) -> dict[str, Any]:
    """Of a passkey nobody has; nobody comes so far as to look at its signature."""

    def b64(octets: bytes) -> str:
        return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()

    client = {
        "type": "webauthn.get",
        "challenge": challenge,
        "origin": "http://localhost",
        "crossOrigin": False,
    }
    own = b64(secrets.token_bytes(32))
    return {
        "id": own, "rawId": own, "type": "public-key", "clientExtensionResults": {},
        "response": {
            "clientDataJSON": b64(json.dumps(client).encode()), "authenticatorData": b64(bytes(37)),
            "signature": b64(bytes(70)), "userHandle": b64(person.uuid.bytes),
        },
    }  # fmt: skip


@asynccontextmanager
async def _deployment(people: int) -> AsyncIterator[Deployment]:
    with room() as made:
        settings = Settings.from_env({"LZ_MODE": "test", "LZ_DATA_DIR": str(made / "var")})
        settings.make_data_dir()
        now = SystemClock().now()
        init(key_dirs(settings), Alg.ES256, now - timedelta(days=1), "Benchmark")
        passwords = Passwords()
        hashed = await passwords.hash(_PASSWORD)
        async with attach(settings) as database:
            keys = index_keys(settings)
            known, tokens = await _people(database, keys, people, hashed, now)
            numbers, officer = await _staff(database, keys, passwords, hashed, now)
            company = await _company(database, now)
            async with database.statement() as connection:
                await connection.execute("VACUUM ANALYZE")
            yield Deployment(settings, database, tokens, officer, numbers, company, known)
        passwords.close()


async def _people(
    database: Database, keys: KeyIndex, count: int, hashed: str, now: datetime
) -> tuple[list[PersonId], list[str]]:
    """Drivers with accounts, straight into the tables; and their logins."""
    tables: dict[str, list[dict[str, object]]] = {}
    people, tokens = [], []
    for number in range(count):
        driver, person = DriverId.new(), PersonId.new()
        token = person.uuid.bytes + secrets.token_bytes(32)
        people.append(person)
        tokens.append(base64.urlsafe_b64encode(token).decode())
        row = driver_row(driver, number)
        identity = IdentityNumber(IdentityKind.RESIDENT_CARD, citizen(number))
        indexed = ((Kind.IDENTITY_NUMBER, identity.canonical, driver), (Kind.MOBILE, _mobile(number), person))
        tables.setdefault("driver", []).append(row)
        tables.setdefault("key_index", []).extend(
            {"key_hash": keys.hash(kind, value), "kind": int(kind), "owner": owner.uuid}
            for kind, value, owner in indexed
        )
        tables.setdefault("person", []).append({
            "person_id": person.uuid, "created_at": now, "driver_id": driver.uuid, "real_name_checked_at": now,
            "face_checked_at": now, "level": 2, "identity_kind": "A", "identity_number": citizen(number), "name": row["name"],
        })  # fmt: skip
        tables.setdefault("account", []).append(
            {"person_id": person.uuid, "created_at": now, "mobile": _mobile(number), "password_hash": hashed}
        )
        tables.setdefault("session", []).append({
            "person_id": person.uuid, "id": SessionId.new().uuid, "opened_at": now, "seen_at": now + timedelta(hours=11),
            "expires_at": now + timedelta(hours=12), "token_hash": hashlib.sha256(token).digest(),
        })  # fmt: skip
    async with database.transaction() as tx:
        await blobs.put(tx, PORTRAIT)
        for table, rows in tables.items():
            await tx.copy_records_to_table(
                table, records=[tuple(row.values()) for row in rows], columns=list(rows[0])
            )
    return people, tokens


async def _staff(
    database: Database, keys: KeyIndex, passwords: Passwords, hashed: str, now: datetime
) -> tuple[list[str], str]:
    """Numbers of members with passwords, and the token of an officer of another region than the drivers'."""
    numbers, policy = [str(100_000 + number) for number in range(100)], StaffPolicy()
    duty = HeldDuty(Duty.PENALTY, Region.parse("3301"), civil_day(now))
    for number in numbers:
        invited = await staff.add_member(
            database, number, "样本警员", "样本交警大队", (duty,), policy, now, audit.Actor("operator")
        )
    factor = TotpFactor(keys)
    secret = await staff.show_secret(
        database, number, invited.code, factor=factor, keys=keys, policy=policy, now=now
    )
    entered = await staff.enrol(
        database, number, invited.code, "stempelkissen-im-regen", totp.code_at(secret, totp.step_of(now)),
        passwords=passwords, factor=factor, keys=keys, policy=policy, now=now,
    )  # fmt: skip
    async with database.transaction() as tx:
        await tx.execute("UPDATE staff SET password_hash = $1", hashed)
        await tx.execute("UPDATE staff_session SET seen_at = $1", now + timedelta(hours=7))
    return numbers, entered.token


async def _company(database: Database, now: datetime) -> str:
    """The token of an approved company."""
    grant = Grant("rental", frozenset({AskedField.VALID_UNTIL}))
    async with database.transaction() as tx:
        company, secret = await relying.register(
            tx, "样本公司", CreditCode("91350100M000100Y43"), (grant,), now, quota=Quota(60_000, 10_000_000)
        )
        await relying.move(tx, company.id, CompanyEvent.APPROVED, "bench", now)
    policy = relying.ConsentPolicy(token_s=12 * 3600)
    granted = await relying.grant_token(database, str(company.id), secret, None, policy, now)
    return granted.token
