"""From which network a request counts, with and without proxies of ours in front."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from starlette.requests import Request

from liangzheng.api.network import client_network


def asked(hops: int, *said: str, peer: str | None = "192.0.2.9") -> str:
    wiring = SimpleNamespace(settings=SimpleNamespace(trusted_proxies=hops))
    app = SimpleNamespace(state=SimpleNamespace(wiring=wiring))
    headers = [(b"x-forwarded-for", line.encode()) for line in said]
    scope = {"type": "http", "headers": headers, "app": app, "client": (peer, 1) if peer else None}
    return str(client_network(Request(scope)))


PEER = "192.0.2.0/24"


@pytest.mark.parametrize(
    ("hops", "said", "network"),
    [
        (0, [], PEER),
        (0, ["198.51.100.7"], PEER),
        (1, ["198.51.100.7"], "198.51.100.0/24"),
        (1, ["203.0.113.1, 198.51.100.7"], "198.51.100.0/24"),
        (1, ["203.0.113.1", "198.51.100.7"], "198.51.100.0/24"),
        (2, ["203.0.113.1, 198.51.100.7, 192.0.2.8"], "198.51.100.0/24"),
        (1, ["198.51.100.7:4711"], "198.51.100.0/24"),
        (1, ["2001:db8:1:2::3"], "2001:db8:1::/48"),
        (1, ["[2001:db8:1:2::3]:4711"], "2001:db8:1::/48"),
        (2, ["198.51.100.7"], PEER),
        (1, [], PEER),
        (1, ["unknown"], "None"),
    ],
    ids=[
        "no proxy", "nobody believes it", "one proxy", "made up before it", "in two lines", "two proxies", "a port", "IPv6",
        "IPv6 and port", "past one of them", "past the proxy", "no address",
    ],
)  # fmt: skip
def test_only_what_our_own_proxies_wrote_counts(hops: int, said: list[str], network: str) -> None:
    assert asked(hops, *said) == network


def test_a_socket_file_has_no_network() -> None:
    assert asked(0, peer=None) == "None"
