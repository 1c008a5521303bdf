"""How often each route may be called: by whom it is, and by the network it comes from. One table, one mechanism.

Every request passes both, reads apart from writes: the network before a body is taken in (frame.py), the subject when it is
known who calls (auth.py). Then the network has its count back: many terminals behind one gateway are many callers, and only
who was not known, or asked too often, uses up a network. Where a network is used up, a login that this process has seen to be
right still passes, and so does a log-in that carries the mark of who logged in before (known.py): junk from a carrier's network
keeps no officer there from verifying, and no holder out. What is not in the table has the rate of its part of the API.
Companies' reads count with their writes: they poll. `UNCOUNTED` answers from memory, to whoever watches the process.

A process counts for itself, in memory, so that a count costs no round trip. Of several processes each refills its
share of the rate and keeps the whole burst: over any longer time all of them together, on LZ_API_MACHINES machines with
LZ_WORKERS each, allow what the table says. A table in the database would count exactly, at a statement a request: more than
the look-up most reads consist of. What must be exact is counted there anyway, see below. An officer's verifications are not
shared out: a terminal keeps its connection, and with it one process.
What guards a secret is counted in the database besides, exactly and by the secret's owner: passwords and codes
(accounts/store.py, store_codes.py), staff log-ins (staff/store.py), look-ups and checks of companies by the day.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from ipaddress import ip_address, ip_network
from typing import Final

from starlette.requests import Request
from starlette.types import Scope

from liangzheng.api.known import KNOWN_MARK, who_is_known
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.limits import Limiter, Network, Rate, network_of
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import TooMany
from liangzheng.kernel.time import Clock
from liangzheng.showing.model import VerifierKind

VERIFICATIONS: Final = {
    VerifierKind.POLICE: Rate(120, 60),
    VerifierKind.PUBLIC: Rate(30, 60),
}
"""A minute: an officer's terminal sees one car at a time. A company has its own quota, counted exactly (relying/count.py)."""

LOG_INS_WITH_A_MARK: Final = Rate(10, 60)
"""Log-ins of one person or member of staff, let in by their mark from a network that is used up."""

KNOWN_LOG_INS: Final = Rate(600, 60)
"""Requests with one login that was right before, let in from a network that is used up; given back where it is right again."""

SHORT_CODES_TRIED: Final = Rate(10, 60)
"""Short codes a verifier tries, right or wrong: guessing one of a hundred million within its minute stays out of reach."""

REQUEST_CODES_TRIED: Final = Rate(20, 60)
"""Codes of companies' requests a holder tries, right or wrong: one of 2^50 is not found by trying."""

REGISTRATIONS_OF_A_NUMBER: Final = Rate(10, 3600)
"""Registrations with one identity number, whatever becomes of them."""

SIMULATED_MESSAGES_READ: Final = Rate(60, 60)
"""By one network. Outside production only, and what is read was never sent to anybody."""

TOKENS_OF_A_CLIENT: Final = Rate(30, 60)
"""Tokens for one client id."""

REFUSALS_OF_A_CLIENT: Final = Rate(30, 60)
"""Refused requests for one client id from one network: the id is no secret. What is right is never refused for them."""

RateOf = Callable[[Settings], Rate]


@dataclass(frozen=True, slots=True)
class Rule:
    """The rates of a route; None: that of its part of the API. Rules of one `what` share their counts."""

    what: str
    subject: RateOf | None = None
    network: RateOf | None = None


def _fixed(count: int, seconds: float) -> RateOf:
    return lambda _: Rate(count, seconds)


def _codes(settings: Settings) -> Rate:
    return Rate(settings.codes_an_hour, 3600)


def _writes(settings: Settings) -> Rate:
    return Rate(settings.writes_a_minute, 60)


def _everything(settings: Settings) -> Rate:
    return Rate(settings.network_writes_a_minute, 60)


def _reads(settings: Settings) -> Rate:
    return Rate(settings.reads_a_minute, 60)


def _everything_read(settings: Settings) -> Rate:
    return Rate(settings.network_reads_a_minute, 60)


_LOG_INS: Final = _fixed(1200, 60)

RULES: Final[Mapping[str, Rule]] = {
    "POST /holder/accounts": Rule(
        "registrations", network=lambda settings: Rate(settings.registrations_an_hour, 3600)
    ),
    "POST /holder/codes": Rule("codes", network=_codes),
    "POST /holder/mobile-changes/codes": Rule("codes", subject=_fixed(30, 3600), network=_codes),
    "POST /holder/codes/proofs": Rule("log-ins", network=_LOG_INS),
    "POST /holder/sessions": Rule("log-ins", network=_LOG_INS),
    "POST /holder/password-resets": Rule("log-ins", network=_LOG_INS),
    "POST /holder/mobile-change-stops": Rule("log-ins", network=_LOG_INS),
    "POST /holder/passkeys/log-in-challenges": Rule("log-ins", network=_LOG_INS),
    "POST /holder/passkeys/sessions": Rule("log-ins", network=_LOG_INS),
    "POST /staff/sessions": Rule("staff log-ins", network=_fixed(120, 60)),
    "POST /staff/enrolments": Rule("staff log-ins", network=_fixed(120, 60)),
    "POST /staff/enrolments/confirmations": Rule("staff log-ins", network=_fixed(120, 60)),
    "POST /relying/token": Rule("token requests", network=_fixed(600, 60)),
    "POST /holder/photos": Rule("photos", subject=_fixed(30, 3600)),
    "POST /holder/showings": Rule("short codes", subject=_fixed(6, 60)),
    "POST /holder/data-exports": Rule("copies of one's own data", subject=_fixed(5, 86_400)),
}
"""Routes whose rates are their own. No path here has a parameter."""

PARTS: Final[Mapping[str, Rule]] = {
    "holder": Rule("writes", subject=_writes),
    "staff": Rule("writes", subject=_writes),
    # Polling included; what is asked about drivers is counted exactly (relying/count.py).
    "relying": Rule("calls", subject=_fixed(1200, 60)),
    # Ten a second, of up to 2,000 lines each.
    "source": Rule("bodies", subject=_fixed(600, 60)),
}
"""By the first word of the path. Who verifies is held to VERIFICATIONS instead (`verification_rate`)."""

RATES: Final = "rates"
"""Where the frame puts the counts for the routes behind it: in the scope's state."""

READS: Final = Rule("reads", subject=_reads)
"""Of whoever calls, of every part of the API whose reads do not count with its writes."""

READS_WITH_WRITES: Final = frozenset({"relying"})

LOG_INS: Final = frozenset({"log-ins", "staff log-ins"})
"""What a mark lets in past the network's rate of it."""

UNCOUNTED: Final = frozenset({"/healthz"})

_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_COUNTED: Final = "request_counted"
_TAKEN: Final = "network_taken"
_KNOWN_KEPT: Final = 100_000


class Rates:
    """The counts of one process. `settings` and `keys` (of the marks) are read when first needed."""

    def __init__(self, settings: Callable[[], Settings], clock: Clock, keys: Callable[[], KeyIndex]) -> None:
        self._settings, self._clock, self._keys = settings, clock, keys
        self._limiters: dict[object, Limiter] = {}
        self._proxies: tuple[Network, ...] | None = None
        # Digests of Authorization headers that were right, the longest unused first.
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def limiter(self, key: object, rate: RateOf, what: str, *, shared: bool = True) -> Limiter:
        """The one limiter of `key`, which refills this process's share, or the whole where it is not `shared`."""
        found = self._limiters.get(key)
        if found is None:
            settings = self._settings()
            processes = settings.workers * settings.api_machines if shared else 1
            found = self._limiters[key] = Limiter(rate(settings).shared(processes), what)
        return found

    def forget(self) -> None:
        """Everything begins anew, with the settings of now."""
        self._limiters.clear()
        self._known.clear()

    def take_network(self, scope: Scope) -> None:
        """Counts a request for the network it comes from, until it is known who makes it. Raises TooMany."""
        method, path = scope["method"], scope["path"]
        if path in UNCOUNTED:
            return
        network, now = network_of(self.address(scope)), self._clock.now()
        if method in _READS:
            everything = self.limiter("network reads", _everything_read, "reads from this network")
        else:
            everything = self.limiter("network", _everything, "writes from this network")
        rule = RULES.get(f"{method} {path}")
        taken: tuple[Limiter, Hashable] = everything, network
        try:
            everything.take(network, now)
        except TooMany as failure:
            taken = self._known_before(scope, rule, failure, now)
        scope.setdefault("state", {})[_TAKEN] = taken
        if rule is not None and rule.network is not None and taken[0] is everything:
            of_rule = self.limiter(("network", rule.what), rule.network, f"{rule.what} from this network")
            try:
                of_rule.take(network, now)
            except TooMany as failure:
                self._by_mark(scope, rule, failure, now)

    def _known_before(
        self, scope: Scope, rule: Rule | None, failure: TooMany, now: datetime
    ) -> tuple[Limiter, Hashable]:
        """What lets a request in where the network is used up, counted: a login that was right, or a mark."""
        login = _digest_of_login(scope)
        if login not in self._known:
            return self._by_mark(scope, rule, failure, now)
        limiter = self.limiter("known log-ins", lambda _: KNOWN_LOG_INS, "requests with this login")
        limiter.take(login, now)
        return limiter, login

    def _by_mark(
        self, scope: Scope, rule: Rule | None, failure: TooMany, now: datetime
    ) -> tuple[Limiter, Hashable]:
        marks = [value for name, value in scope["headers"] if name == KNOWN_MARK]
        if rule is None or rule.what not in LOG_INS or len(marks) != 1:
            raise failure
        who = who_is_known(self._keys(), marks[0])
        if who is None:
            raise failure
        limiter = self.limiter("marks", lambda _: LOG_INS_WITH_A_MARK, "log-ins with this mark")
        limiter.take(who, now)
        return limiter, who

    def take_subject(self, scope: Scope, who: object) -> None:
        """Counts a request for who makes it, and no longer for the network; a request once.
        Raises TooMany; then the network's count stays."""
        state = scope.setdefault("state", {})
        part = scope["path"].split("/", 2)[1]
        if state.get(_COUNTED):
            return
        subject = _id_of(who)
        if subject is None:
            return
        state[_COUNTED] = True
        now = self._clock.now()
        rule = self._rule_of(scope, part)
        if scope["path"].endswith("/verifications") and part in ("verifier", "staff"):
            self._take_verification(who, subject, now)
        elif rule is not None and rule.subject is not None:
            self.limiter(("subject", part, rule.what), rule.subject, rule.what).take(subject, now)
        self._known_now(scope, part)

    @staticmethod
    def _rule_of(scope: Scope, part: str) -> Rule | None:
        if scope["method"] in _READS and part not in READS_WITH_WRITES:
            return READS
        rule = RULES.get(f"{scope['method']} {scope['path']}")
        return PARTS.get(part) if rule is None or rule.subject is None else rule

    def _take_verification(self, who: object, subject: Hashable, now: datetime) -> None:
        kind = getattr(who, "kind", None)
        kind = kind if isinstance(kind, VerifierKind) else VerifierKind.POLICE
        rate = VERIFICATIONS.get(kind)
        if rate is not None:
            shared = kind is not VerifierKind.POLICE
            self.limiter(("subject", kind), lambda _: rate, "verifications", shared=shared).take(subject, now)

    def _known_now(self, scope: Scope, part: str) -> None:
        taken: tuple[Limiter, Hashable] | None = scope["state"].pop(_TAKEN, None)
        if taken is not None:
            limiter, counted = taken
            limiter.give_back(counted)
        login = _digest_of_login(scope)
        if login is None or part == "source":  # a register signs each body anew
            return
        self._known[login] = None
        self._known.move_to_end(login)
        if len(self._known) > _KNOWN_KEPT:
            self._known.popitem(last=False)

    def address(self, scope: Scope) -> str:
        """Whom the request comes from: the peer, or, where that is one of LZ_PROXIES, the last address in X-Forwarded-For
        that is none. What a client wrote into that header stands before it and is not looked at."""
        client = scope.get("client")
        peer: str = client[0] if client else ""
        if self._proxies is None:
            self._proxies = tuple(ip_network(each) for each in self._settings().proxies)
        if not self._proxies or not self._is_proxy(peer):
            return peer
        said = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        for word in reversed(said.decode("latin-1").split(",")):
            peer = word.strip() or peer
            if not self._is_proxy(peer):
                break
        return peer

    def _is_proxy(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._proxies or ())


def _id_of(who: object) -> object:
    for name in ("person_id", "staff_id", "id"):
        found = getattr(who, name, None)
        if found is not None:
            return found
    return None


def _digest_of_login(scope: Scope) -> bytes | None:
    """Of the one Authorization header there is; None without, or with several."""
    said = [value for name, value in scope["headers"] if name == b"authorization"]
    return blake2b(said[0], digest_size=16).digest() if len(said) == 1 else None


def count_request(request: Request, who: object) -> None:
    """`who` was found to make this request, which is counted, where the frame counts (rates_of the scope). Raises TooMany."""
    rates: Rates | None = request.scope.get("state", {}).get(RATES)
    if rates is not None:
        rates.take_subject(request.scope, who)


def take(request: Request, rate: Rate, what: str, subject: object, now: datetime) -> None:
    """Counts one try of something besides the request itself: a number, a code, a client id. Raises TooMany."""
    rates: Rates = request.scope["state"][RATES]
    rates.limiter(what, lambda _: rate, what).take(subject, now)


def take_here(request: Request, rate: Rate, what: str, subject: object, now: datetime) -> None:
    """`take`, for the subject as asked from this network."""
    rates: Rates = request.scope["state"][RATES]
    asking = (subject, network_of(rates.address(request.scope)))
    rates.limiter(what, lambda _: rate, what).take(asking, now)
