"""How often each route may be called: by whom it is, and by the network it comes from. One table, one mechanism.

Every write passes both: the network before its body is taken in (frame.py), the subject when it is known who calls
(auth.py). What is not in the table has the rate of its part of the API. Companies' reads count as well: they poll.

A process counts for itself, in memory, so that a count costs no round trip. Of several processes each refills its
share of the rate and keeps the whole burst: over any longer time all of them together allow what the table says.
What guards a secret is counted in the database besides, exactly and by the secret's owner: passwords and codes
(accounts/store.py, store_codes.py), staff log-ins (staff/store.py), look-ups and checks of companies by the day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Final

from starlette.requests import Request
from starlette.types import Scope

from liangzheng.infra.limits import Limiter, Network, Rate, network_of
from liangzheng.infra.settings import Settings
from liangzheng.kernel.time import Clock
from liangzheng.showing.model import VerifierKind

VERIFICATIONS: Final = {
    VerifierKind.POLICE: Rate(120, 60),
    VerifierKind.COMPANY: Rate(600, 60),
    VerifierKind.PUBLIC: Rate(30, 60),
}
"""A minute: an officer's terminal sees one car at a time."""

SHORT_CODES_TRIED: Final = Rate(10, 60)
"""Short codes a verifier tries, right or wrong: guessing one of a hundred million within its minute stays out of reach."""

REQUEST_CODES_TRIED: Final = Rate(20, 60)
"""Codes of companies' requests a holder tries, right or wrong: one of 2^50 is not found by trying."""

REGISTRATIONS_OF_A_NUMBER: Final = Rate(10, 3600)
"""Registrations with one identity number, whatever becomes of them."""

TOKENS_OF_A_CLIENT: Final = Rate(30, 60)
"""Tokens for one client id."""

REFUSALS_OF_A_CLIENT: Final = Rate(30, 60)
"""Refused requests for one client id from one network: it is no secret, and a stranger uses up their own network's tries."""

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

_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_COUNTED: Final = "write_counted"


class Rates:
    """The counts of one process. `settings` are read when a rate is first needed."""

    def __init__(self, settings: Callable[[], Settings], clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._limiters: dict[object, Limiter] = {}
        self._proxies: tuple[Network, ...] | None = None

    def limiter(self, key: object, rate: RateOf, what: str) -> Limiter:
        """The one limiter of `key`, which refills this process's share."""
        found = self._limiters.get(key)
        if found is None:
            settings = self._settings()
            found = self._limiters[key] = Limiter(rate(settings).shared(settings.workers), what)
        return found

    def forget(self) -> None:
        """Everything begins anew, with the settings of now."""
        self._limiters.clear()

    def take_network(self, scope: Scope) -> None:
        """Counts a write for the network it comes from, whatever becomes of it. Raises TooMany."""
        method, path = scope["method"], scope["path"]
        if method in _READS:
            return
        network, now = network_of(self.address(scope)), self._clock.now()
        self.limiter("network", _everything, "writes from this network").take(network, now)
        rule = RULES.get(f"{method} {path}")
        if rule is not None and rule.network is not None:
            self.limiter(("network", rule.what), rule.network, f"{rule.what} from this network").take(
                network, now
            )

    def take_subject(self, scope: Scope, who: object) -> None:
        """Counts a write, or a company's call, for who makes it; a request once. Raises TooMany."""
        state = scope.setdefault("state", {})
        part = scope["path"].split("/", 2)[1]
        if state.get(_COUNTED) or (scope["method"] in _READS and part != "relying"):
            return
        subject = _id_of(who)
        if subject is None:
            return
        state[_COUNTED] = True
        now = self._clock.now()
        rule = RULES.get(f"{scope['method']} {scope['path']}")
        if rule is None or rule.subject is None:
            rule = PARTS.get(part)
        kind = getattr(who, "kind", None)
        if scope["path"].endswith("/verifications") and part in ("verifier", "staff"):
            rate = VERIFICATIONS[kind if isinstance(kind, VerifierKind) else VerifierKind.POLICE]
            self.limiter(("subject", rate), lambda _: rate, "verifications").take(subject, now)
        elif rule is not None and rule.subject is not None:
            self.limiter(("subject", part, rule.what), rule.subject, rule.what).take(subject, now)

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


def count_write(request: Request, who: object) -> None:
    """`who` was found to make this request: counted, where the frame counts (rates_of the scope). Raises TooMany."""
    rates: Rates | None = request.scope.get("state", {}).get(RATES)
    if rates is not None:
        rates.take_subject(request.scope, who)


def take(request: Request, rate: Rate, what: str, subject: object, now: datetime) -> None:
    """Counts one try of something besides the request itself: a number, a code, a client id. Raises TooMany."""
    rates: Rates = request.scope["state"][RATES]
    rates.limiter(what, lambda _: rate, what).take(subject, now)


def take_here(request: Request, rate: Rate, what: str, subject: object, now: datetime) -> Callable[[], None]:
    """`take`, for the subject as asked from this network. What is returned takes the count back: the try was right."""
    rates: Rates = request.scope["state"][RATES]
    limiter = rates.limiter(what, lambda _: rate, what)
    asking = (subject, network_of(rates.address(request.scope)))
    limiter.take(asking, now)
    return lambda: limiter.give_back(asking)
