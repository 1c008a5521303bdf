"""Every route is held to a rate, by the network it is called from and by who calls it; reads apart from writes."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from liangzheng.api.app import create_app, routes_of
from liangzheng.api.known import known_mark, who_is_known
from liangzheng.api.rates import KNOWN_LOG_INS, LOG_INS, PARTS, RULES, UNCOUNTED, VERIFICATIONS, Rates
from liangzheng.api.table import RESOURCES
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.limits import Limiter, Rate
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import TooMany
from liangzheng.kernel.ids import PersonId
from liangzheng.kernel.time import FixedClock
from liangzheng.showing import VerifierKind
from tests.accounts.people import PASSWORD, MadeUp
from tests.api.cast import Cast
from tests.api.conftest import SmallWiring
from tests.api.matrix import ANYBODY, OFFICER, ROWS
from tests.api.phone import Phone

WRITES = [
    (method, route.path)
    for route in routes_of(RESOURCES)
    if isinstance(route, Route)
    for method in sorted((route.methods or set()) - {"GET", "HEAD"})
]
READS = [
    route.path
    for route in routes_of(RESOURCES)
    if isinstance(route, Route) and "GET" in (route.methods or set())
]
BEHIND_A_LOGIN = [row for row in ROWS if row.roles != ANYBODY]


def test_every_rule_is_of_a_route_there_is_and_none_has_a_parameter() -> None:
    assert set(RULES) <= {f"{method} {path}" for method, path in WRITES}
    assert not any("{" in route for route in RULES)
    assert {path.split("/")[1] for _, path in WRITES} == {*PARTS, "verifier"}


async def test_no_route_writes_more_often_for_a_network_than_it_may(wiring: SmallWiring) -> None:
    """Whoever calls, and whether or not they may: counted before a login is looked at or a body taken in."""
    wiring.settings = replace(wiring.settings, network_writes_a_minute=1)
    app = create_app(wiring)  # type: ignore[arg-type]

    async def call(method: str, path: str, address: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=(address, 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path.replace("{", "").replace("}", ""))

    for number, (method, path) in enumerate(WRITES):
        first = await call(method, path, f"10.1.{number}.1")
        assert first.status_code != 429, (method, path)
        second = await call(method, path, f"10.1.{number}.2")
        assert (second.status_code, second.json()["code"]) == (429, "too-many"), (method, path)
        assert int(second.headers["retry-after"]) == 60
        assert (await call("GET", "/healthz", f"10.1.{number}.3")).status_code == 200


async def test_no_route_reads_more_often_for_a_network_than_it_may(wiring: SmallWiring) -> None:
    """Open ones as well; but whoever watches the process from a network that strangers have used up still hears from it."""
    wiring.settings = replace(wiring.settings, network_reads_a_minute=1)
    app = create_app(wiring)  # type: ignore[arg-type]

    async def call(method: str, path: str, address: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=(address, 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path.replace("{", "").replace("}", ""))

    used_up = "10.2.0.1"
    assert (await call("GET", "/docs", used_up)).status_code == 200
    for path in READS:
        answer = await call("GET", path, used_up)
        assert (answer.status_code == 429) == (path not in UNCOUNTED), path
        assert path in UNCOUNTED or int(answer.headers["retry-after"]) == 60
    assert len(READS) > 40 and set(READS) >= UNCOUNTED
    # Another network reads, and this one writes.
    assert (await call("GET", "/docs", "10.2.1.1")).status_code == 200
    assert (await call("POST", "/holder/sessions", used_up)).status_code == 422


async def test_every_route_behind_a_login_counts_who_calls(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing left to anybody each of them refuses, before it does anything; the control is test_matrix.py."""
    unchecked = Rates.limiter

    class Nothing(Limiter):
        def take(self, subject: object, now: Any) -> None:
            raise TooMany("nothing is left", retry_after_s=7)

    def limiter(self: Rates, key: object, rate: Any, what: str, *, shared: bool = True) -> Limiter:
        if isinstance(key, tuple) and key[0] == "subject":
            return Nothing(Rate(1, 1), what)
        return unchecked(self, key, rate, what, shared=shared)

    monkeypatch.setattr(Rates, "limiter", limiter)
    for row in BEHIND_A_LOGIN:
        answer = await cast.place.phone.client.request(
            row.method,
            row.path.replace("{", "").replace("}", ""),
            headers=cast.headers_of(row.by),  # no query, no body
        )
        assert (answer.status_code, answer.headers.get("retry-after")) == (429, "7"), row.route


KEYS = KeyIndex(b"k" * 32)


class Counted:
    """The counts of one process, and a request as it meets them."""

    def __init__(self, clock: FixedClock, **settings: str) -> None:
        self.settings = Settings.from_env({"LZ_MODE": "test", "LZ_DATA_DIR": "/nowhere", **settings})
        self.clock = clock
        self.rates = Rates(lambda: self.settings, clock, lambda: KEYS)

    def scope(
        self, path: str, method: str = "POST", peer: str = "192.0.2.1", **headers: str
    ) -> dict[str, Any]:
        said = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        return {"method": method, "path": path, "client": (peer, 1), "headers": said}

    def most(self, path: str, who: object, method: str = "POST") -> int:
        """How many in a row."""
        for count in range(2000):
            try:
                self.rates.take_subject(self.scope(path, method), who)
            except TooMany:
                return count
        return 2000


HOLDER = SimpleNamespace(person_id=PersonId.new())


def test_a_request_counts_once_and_reads_apart_but_those_of_a_company(clock: FixedClock) -> None:
    counted = Counted(clock, LZ_WRITES_A_MINUTE="2", LZ_READS_A_MINUTE="7")
    scope = counted.scope("/holder/applications")
    for _ in range(5):
        counted.rates.take_subject(scope, HOLDER)
    assert (
        counted.most("/holder/licence/photo", HOLDER) == 1
    )  # one budget for all that has no rule of its own
    assert counted.most("/holder/licence", HOLDER, "GET") == 7
    assert counted.most("/holder/account", HOLDER, "GET") == 0
    assert counted.most("/verifier/me", SimpleNamespace(id=PersonId.new()), "GET") == 7
    assert counted.most("/holder/showings", HOLDER) == 6
    company = SimpleNamespace(id=PersonId.new())
    assert counted.most("/relying/requests", company, "GET") == 1200
    assert counted.most("/relying/requests", company) == 0


@pytest.mark.parametrize("kind", VerifierKind)
def test_who_verifies_has_the_rate_of_its_kind(clock: FixedClock, kind: VerifierKind) -> None:
    """A company has none here: its own quota, which may be larger, is counted in the database (relying/test_quota.py)."""
    who = SimpleNamespace(id=PersonId.new(), kind=kind)
    wanted = 2000 if kind is VerifierKind.COMPANY else VERIFICATIONS[kind].count
    assert Counted(clock).most("/verifier/verifications", who) == wanted


@pytest.mark.parametrize(("kind", "refilled"), [(VerifierKind.POLICE, 120), (VerifierKind.PUBLIC, 3)])
def test_an_officers_terminal_keeps_its_rate_on_one_connection(
    clock: FixedClock, kind: VerifierKind, refilled: int
) -> None:
    who = SimpleNamespace(id=PersonId.new(), kind=kind)
    counted = Counted(clock, LZ_WORKERS="10")
    assert counted.most("/verifier/verifications", who) == VERIFICATIONS[kind].count
    clock.advance(60)
    assert counted.most("/verifier/verifications", who) == refilled


def _arrives(
    counted: Counted, path: str, who: object = None, login: str = "", method: str = "POST", **headers: str
) -> bool:
    """Whether a request from the one network passes; `who` it turns out to be, None: nobody."""
    said = {"authorization": login} if login else {}
    scope = counted.scope(path, method, **said, **headers)
    try:
        counted.rates.take_network(scope)
        if who is not None:
            counted.rates.take_subject(scope, who)
    except TooMany:
        return False
    return True


def _officer() -> SimpleNamespace:
    return SimpleNamespace(staff_id=PersonId.new())


def test_many_terminals_behind_one_gateway_use_up_no_network(clock: FixedClock) -> None:
    counted = Counted(clock, LZ_NETWORK_WRITES_A_MINUTE="5")
    for number in range(50):
        who = _officer()
        assert all(_arrives(counted, "/staff/verifications", who, f"Bearer {number}") for _ in range(10))
    assert [_arrives(counted, "/holder/sessions") for _ in range(6)] == [True] * 5 + [False]


def test_many_phones_behind_one_gateway_use_up_no_network_by_reading(clock: FixedClock) -> None:
    counted = Counted(clock, LZ_NETWORK_READS_A_MINUTE="5")
    for number in range(50):
        who = SimpleNamespace(person_id=PersonId.new())
        assert all(_arrives(counted, "/holder/licence", who, f"Bearer {number}", "GET") for _ in range(10))
    # What is open is nobody's to give back.
    assert [_arrives(counted, "/open/trust-bundle", method="GET") for _ in range(6)] == [True] * 5 + [False]
    assert _arrives(counted, "/holder/licence", HOLDER, "Bearer 3", "GET")
    assert not _arrives(counted, "/holder/licence", HOLDER, "Bearer new", "GET")
    assert _arrives(counted, "/holder/sessions"), "writes are counted apart"


LOG_IN_PATHS = [route.partition(" ")[2] for route, rule in RULES.items() if rule.what in LOG_INS]


@pytest.mark.parametrize("path", LOG_IN_PATHS)
@pytest.mark.parametrize("all_of_it", [True, False], ids=["everything", "log-ins"])
def test_who_logged_in_before_logs_in_where_strangers_used_up_the_network(
    clock: FixedClock, path: str, all_of_it: bool
) -> None:
    """Whether it is used up by whatever they wrote or by log-ins alone; ten a minute, and no more."""
    counted = Counted(clock, LZ_NETWORK_WRITES_A_MINUTE="5" if all_of_it else "100000")
    while _arrives(counted, path):
        pass
    mine = known_mark(KEYS, PersonId.new().uuid)
    assert [_arrives(counted, path, x_known_mark=mine) for _ in range(11)] == [True] * 10 + [False]
    assert _arrives(counted, path, x_known_mark=known_mark(KEYS, PersonId.new().uuid)), (
        "another's is another's"
    )
    assert not _arrives(counted, path)
    clock.advance(6)
    if all_of_it:  # else the log-ins' own rate has let strangers in again as well
        assert _arrives(counted, path, x_known_mark=mine)


def test_a_mark_lets_in_nothing_but_log_ins_and_only_a_right_one_does(clock: FixedClock) -> None:
    counted = Counted(clock, LZ_NETWORK_WRITES_A_MINUTE="1", LZ_NETWORK_READS_A_MINUTE="1")
    assert _arrives(counted, "/holder/sessions") and _arrives(counted, "/docs", method="GET")
    mine = known_mark(KEYS, PersonId.new().uuid)
    for method, path in [
        ("GET", "/docs"),
        ("POST", "/holder/accounts"),
        ("POST", "/holder/codes"),
        ("POST", "/x"),
    ]:
        assert not _arrives(counted, path, method=method, x_known_mark=mine), path
    wrong = [
        "", "=", "A" * 44, mine[:-1], mine + "A", mine.swapcase(), "é" * 22, mine[:22] + known_mark(KEYS, PersonId.new().uuid)[22:],
        known_mark(KeyIndex(b"x" * 32), PersonId.new().uuid),
    ]  # fmt: skip
    for mark in wrong:
        assert who_is_known(KEYS, mark.encode()) is None
        assert not _arrives(counted, "/holder/sessions", x_known_mark=mark), mark
    assert _arrives(counted, "/holder/sessions", x_known_mark=mine)


async def test_over_http_a_holder_logs_in_again_with_the_mark_of_the_last_time(
    phone: Phone, wiring: SmallWiring, person: MadeUp
) -> None:
    await phone.register(person)
    mark = (await phone.log_in(person))["known_mark"]
    wiring.settings = replace(wiring.settings, network_writes_a_minute=2)
    body = {"mobile": person.mobile.value, "password": PASSWORD}
    app: Any = phone.client._transport.app  # type: ignore[attr-defined]
    app.state.rates.forget()
    stranger = phone.another()
    wrong = [await stranger.post("/holder/sessions", body | {"password": "x"}) for _ in range(3)]
    assert [answer.status_code for answer in wrong] == [401, 401, 429]
    assert (await stranger.post("/holder/sessions", body)).status_code == 429
    again = await stranger.post("/holder/sessions", body, headers={"X-Known-Mark": mark})
    assert (again.status_code, again.json()["known_mark"]) == (201, mark)


def test_what_is_refused_to_a_caller_stays_counted_for_the_network(clock: FixedClock) -> None:
    counted = Counted(clock, LZ_NETWORK_WRITES_A_MINUTE="5", LZ_WRITES_A_MINUTE="2")
    assert [_arrives(counted, "/holder/applications", HOLDER) for _ in range(7)] == [True] * 2 + [False] * 5
    assert not _arrives(counted, "/holder/sessions")


def test_a_login_that_was_right_passes_where_strangers_used_up_the_network(clock: FixedClock) -> None:
    counted = Counted(clock, LZ_NETWORK_WRITES_A_MINUTE="5")
    officer, path = _officer(), "/staff/verifications"
    assert _arrives(counted, path, officer, "Bearer right")
    assert [_arrives(counted, path, None, f"Bearer {number}") for number in range(6)] == [True] * 5 + [False]
    assert all(_arrives(counted, path, officer, "Bearer right") for _ in range(20))
    assert not _arrives(counted, path, officer, "Bearer another")  # not seen before
    assert not _arrives(counted, path, None)
    # It ended meanwhile: that many, and no more.
    passed = sum(_arrives(counted, path, None, "Bearer right") for _ in range(KNOWN_LOG_INS.count + 9))
    assert passed == KNOWN_LOG_INS.count
    counted.rates.forget()
    assert all(_arrives(counted, path, None, "Bearer right") for _ in range(5))
    assert not _arrives(counted, path, officer, "Bearer right")


async def test_over_http_an_officer_is_not_shut_out_by_their_network(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten requests that know who they are, through a network of two; strangers use it up, and the officer goes on."""
    rates: Rates = cast.app.state.rates
    small = replace(cast.place.wiring.settings, network_writes_a_minute=2)
    monkeypatch.setattr(rates, "_settings", lambda: small)
    rates.forget()

    async def ask(headers: dict[str, str]) -> int:
        client = cast.place.phone.client
        return (await client.post("/staff/verifications", json={}, headers=headers)).status_code

    officer = dict(cast.headers_of(OFFICER))
    assert [await ask(officer) for _ in range(10)] == [422] * 10
    assert [await ask({}) for _ in range(3)] == [401, 401, 429]
    assert await ask(officer) == 422


def test_several_processes_refill_their_share_and_keep_the_burst(clock: FixedClock) -> None:
    counted = Counted(clock, LZ_WRITES_A_MINUTE="60", LZ_WORKERS="3")
    assert counted.most("/holder/applications", HOLDER) == 60
    clock.advance(60)
    assert counted.most("/holder/applications", HOLDER) == 20


def test_several_machines_share_the_rate_as_processes_do(clock: FixedClock) -> None:
    counted = Counted(clock, LZ_WRITES_A_MINUTE="60", LZ_WORKERS="3", LZ_API_MACHINES="4")
    assert counted.most("/holder/applications", HOLDER) == 60
    clock.advance(60)
    assert counted.most("/holder/applications", HOLDER) == 5


@pytest.mark.parametrize(
    ("proxies", "peer", "said", "address"),
    [
        ("", "10.0.0.1", "203.0.113.9", "10.0.0.1"),  # nobody is believed
        ("10.0.0.0/8", "192.0.2.1", "203.0.113.9", "192.0.2.1"),  # not a proxy
        ("10.0.0.0/8", "10.0.0.1", "203.0.113.9", "203.0.113.9"),
        (
            "10.0.0.0/8",
            "10.0.0.1",
            "198.51.100.7, 203.0.113.9",
            "203.0.113.9",
        ),  # the first was written by the client
        ("10.0.0.0/8", "10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),  # two proxies in a row
        ("10.0.0.0/8", "10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1", "unknown", "unknown"),
        ("2001:db8::/32", "2001:db8::1", "203.0.113.9", "203.0.113.9"),
    ],
)
def test_behind_a_proxy_the_client_is_counted_and_nobody_names_themselves(
    clock: FixedClock, proxies: str, peer: str, said: str, address: str
) -> None:
    counted = Counted(clock, LZ_PROXIES=proxies)
    assert counted.rates.address(counted.scope("/", peer=peer, x_forwarded_for=said)) == address


def test_every_rate_of_the_table_can_be_made(clock: FixedClock) -> None:
    settings = Counted(clock).settings
    for rule in (*RULES.values(), *PARTS.values()):
        assert rule.subject or rule.network
        for rate in (rule.subject, rule.network):
            assert rate is None or rate(settings).count >= 1
