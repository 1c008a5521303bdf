"""Which addresses are called: the texts that may be registered, and the places a connection may go to."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.web_address import LONGEST, CallPolicy, WebAddress, refuse_place

OPEN = CallPolicy()
DEMO = CallPolicy(plain_http=True, loopback=True, ports=None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("https://hooks.example.com", "https://hooks.example.com/"),
        ("https://Hooks.Example.COM/a/b?c=d", "https://hooks.example.com/a/b?c=d"),
        ("https://hooks.example.com:443/x", "https://hooks.example.com/x"),
        ("https://hooks.example.com:8443/x", "https://hooks.example.com:8443/x"),
        ("https://xn--fiqs8s.example.cn/", "https://xn--fiqs8s.example.cn/"),
    ],
)
def test_a_public_name_over_https_is_an_address(text: str, said: str) -> None:
    assert str(WebAddress.parse(text, OPEN)) == said


@pytest.mark.parametrize(
    "text",
    [
        "", "hooks.example.com", "http://hooks.example.com/", "ftp://hooks.example.com/", "file:///etc/passwd",
        "gopher://hooks.example.com/", "https://", "https:///x", "https://user@hooks.example.com/",
        "https://user:word@hooks.example.com/", "https://hooks.example.com@10.0.0.1/", "https://hooks.example.com/#x",
        "https://hooks.example.com\\@10.0.0.1/", "https://hooks.example.com /", "https://hooks.example.com/\r\nX: y",
        "https://hooks.example.com:0/", "https://hooks.example.com:22/", "https://hooks.example.com:5432/",
        "https://hooks.example.com:99999/", "https://hooks.example.com:x/", "https://hooks..example.com/",
        "https://-a.example.com/", "https://a_b.example.com/", "https://例子.example/", "https://%31%30.0.0.1/",
        "https://hooks.example.com/" + "a" * LONGEST, "https://hooks.example.com/{x}", "https://hooks.example.com./",
    ],
)  # fmt: skip
def test_what_is_no_such_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        WebAddress.parse(text, OPEN)
    assert refused.value.place == "url"


INNER_NAMES = [
    "localhost", "printer", "db.internal", "api.localhost", "nas.local", "router.lan", "x.home.arpa", "a.corp", "b.intranet",
    # places, also in the ways only resolvers read
    "127.0.0.1", "10.0.0.1", "169.254.169.254", "127.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "0",
    "[::1]", "[fd00::1]", "[::ffff:127.0.0.1]", "8.8.8.8", "[2606:4700::1111]",
]  # fmt: skip


@pytest.mark.parametrize("host", INNER_NAMES)
def test_names_of_the_inside_and_bare_places_are_refused_before_anything_is_resolved(host: str) -> None:
    with pytest.raises(Invalid):
        WebAddress.parse(f"https://{host}/", OPEN)


@pytest.mark.parametrize(
    "text",
    ["http://127.0.0.1:9000/x", "http://localhost:9000/", "http://[::1]:9000/", "https://a.example.com:9/"],
)
def test_a_demonstration_may_call_its_own_machine(text: str) -> None:
    WebAddress.parse(text, DEMO)


@pytest.mark.parametrize(
    "text",
    [
        "http://printer/", "http://db.internal/", "http://127.1/", "http://2130706433/", "http://0177.0.0.1/",
        # written as a place, and one that is not this machine
        "http://10.0.0.1/", "http://169.254.169.254/", "http://[fd00::1]/", "http://[::ffff:10.0.0.1]/",
    ],
)  # fmt: skip
def test_but_no_name_of_the_inside(text: str) -> None:
    with pytest.raises(Invalid):
        WebAddress.parse(text, DEMO)


INNER = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.0.1",
    "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
    "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1",
    "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2001:10::1", "2002:7f00:1::", "2002:808:808::",
    "3fff::1", "4000::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
]  # fmt: skip


@pytest.mark.parametrize("place", INNER)
def test_no_connection_goes_to_an_inner_place(place: str) -> None:
    assert refuse_place(ipaddress.ip_address(place), OPEN) is not None


@pytest.mark.parametrize(
    "place",
    ["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
     "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
     "2001:200::1", "2400:3200::1", "2606:4700:4700::1111", "2a00::1"],
)  # fmt: skip
def test_public_places_are_not_refused(place: str) -> None:
    assert refuse_place(ipaddress.ip_address(place), OPEN) is None


@given(st.ip_addresses())
def test_nothing_the_standard_library_holds_for_private_is_let_through(
    place: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    inner = (
        place.is_private
        or place.is_loopback
        or place.is_link_local
        or place.is_multicast
        or place.is_reserved
    )
    if inner and refuse_place(place, OPEN) is None:
        # Newer libraries know exceptions inside 192.0.0.0/24 and 2001::/23; we refuse those whole.
        raise AssertionError(f"{place} would be called")


@pytest.mark.parametrize("place", [one for one in INNER if not ipaddress.ip_address(one).is_loopback])
def test_a_demonstration_calls_no_inner_place_but_its_own_machine(place: str) -> None:
    assert refuse_place(ipaddress.ip_address(place), DEMO) is not None
    assert refuse_place(ipaddress.ip_address("127.0.0.1"), DEMO) is None
    assert refuse_place(ipaddress.ip_address("::1"), DEMO) is None
