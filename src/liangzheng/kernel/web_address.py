"""Which addresses on the internet we may call because somebody told us to: https, a name, and a public place.

Two questions, asked at two times: is this text an address we would call (`WebAddress.parse`, when it is
registered), and is this place public (`refuse_place`, each time before a connection is made to it)? The
second is the one that protects us: a name that was harmless when it was registered may point inwards now.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final
from urllib.parse import urlsplit

from liangzheng.kernel.errors import Invalid

LONGEST: Final = 500
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_PATH = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
_QUERY = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*")


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """What may be called. As it stands: what a service in the open may call. `loopback` is for demonstrations
    and tests, whose receivers run on this machine; every other inner place stays closed to them too."""

    plain_http: bool = False
    loopback: bool = False
    ports: frozenset[int] | None = frozenset({443, 8443})


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An address that passed: `host` in lower case, `target` path and query, never empty."""

    scheme: str
    host: str
    port: int
    target: str

    @classmethod
    def parse(cls, text: str, policy: CallPolicy) -> WebAddress:
        """Raises Invalid at `url`, naming the rule."""
        if not 0 < len(text) <= LONGEST or not text.isascii() or not text.isprintable() or " " in text:
            raise Invalid("url", f"at most {LONGEST} visible ASCII characters")
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise Invalid("url", "an address with a host and, if any, a port") from None
        schemes = ("https", "http") if policy.plain_http else ("https",)
        if parts.scheme not in schemes:
            raise Invalid("url", f"begins with {' or '.join(schemes)}://")
        if "@" in parts.netloc or "#" in text or "\\" in text:
            raise Invalid("url", "no user, no password, no fragment, no backslash")
        if not _PATH.fullmatch(parts.path) or not _QUERY.fullmatch(parts.query):
            raise Invalid("url", "path and query of the characters RFC 3986 allows")
        port = port if port is not None else 443 if parts.scheme == "https" else 80
        if port == 0 or (policy.ports is not None and port not in policy.ports):
            raise Invalid("url", "port " + " or ".join(str(one) for one in sorted(policy.ports or {443})))
        host = _host(parts.hostname or "", policy)
        return cls(parts.scheme, host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))

    @property
    def authority(self) -> str:
        """Host, and the port where it is not the scheme's own (RFC 9421 §2.2.3)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.scheme == "https" else 80
        return host if self.port == usual else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def _host(host: str, policy: CallPolicy) -> str:
    """A name of two labels or more whose last is no number. Literal places are for policies with loopback."""
    if policy.loopback:
        try:
            place = ipaddress.ip_address(host)
        except ValueError:
            place = None
        if place is not None:
            if refuse_place(place, policy) is not None:
                raise Invalid("url", "a host name of the public DNS, or a place on this machine")
            return str(place)
        if host == "localhost":
            return host
    labels = host.split(".")
    # "127.1", "2130706433" and "0x7f.1" are places in disguise: resolvers take them for 127.0.0.1.
    named = len(labels) >= 2 and len(host) <= 253 and all(map(_LABEL.fullmatch, labels))
    if not named or not re.search("[a-z]", labels[-1]) or labels[-1].startswith("0x"):
        raise Invalid(
            "url", "a host name of the public DNS, not a number and not a name of the local network"
        )
    if labels[-1] in _INNER_NAMES:
        raise Invalid("url", "a host name of the public DNS, not a name of the local network")
    return host


_INNER_NAMES: Final = frozenset(
    {
        "localhost",
        "local",
        "internal",
        "intranet",
        "lan",
        "home",
        "corp",
        "private",
        "arpa",
        "test",
        "invalid",
    }
)
"""Last labels that are not, or must not be, in the public DNS (RFC 6761, RFC 6762, RFC 8375; .internal)."""

_INNER_V4: Final[tuple[tuple[IPv4Network, str], ...]] = tuple(
    (IPv4Network(network), what)
    for network, what in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared behind a carrier's translation"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarks"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved or broadcast"),
    )
)
"""The IPv4 Special-Purpose Address Registry (RFC 6890), and multicast."""

_OUTER_V6: Final = IPv6Network("2000::/3")
_INNER_V6: Final[tuple[tuple[IPv6Network, str], ...]] = tuple(
    (IPv6Network(network), what)
    for network, what in (
        ("2001::/23", "protocol assignments, Teredo among them"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4, which hides an IPv4 place"),
        ("3fff::/20", "documentation"),
    )
)
"""Within global unicast. Everything outside it is refused: ::1, unique local, link-local, multicast,
IPv4-mapped (::ffff:0:0/96) and translated (64:ff9b::/96, RFC 6052; 64:ff9b:1::/48, RFC 8215) alike."""


def refuse_place(place: IPv4Address | IPv6Address, policy: CallPolicy) -> str | None:
    """Why no connection is made to this place, or None."""
    if policy.loopback and place.is_loopback:
        return None
    if isinstance(place, IPv4Address):
        return next((what for network, what in _INNER_V4 if place in network), None)
    if place.scope_id is not None or place not in _OUTER_V6:
        return "outside global unicast"
    return next((what for network, what in _INNER_V6 if place in network), None)
