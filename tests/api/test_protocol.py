"""Slow, long and many: what a client may do to a connection, over raw sockets against a server that runs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from liangzheng.api.app import SERVER_OPTIONS
from liangzheng.api.auth import public
from liangzheng.api.frame import Limits
from liangzheng.api.protocol import BoundedProtocol
from tests.api.small import small_app
from tests.api.sockets import WITHIN_S, Connection, Server, running


class Impatient(BoundedProtocol):
    """The same with an end to its patience that a test can wait for; bodies on the wire up to 100,000 octets."""

    header_s = 0.2
    body_s = 0.2
    write_s = 0.4
    body_octets = 100_000


@public
async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.query_params.get("name", "hello"))


@public
async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{len(await request.body())} octets")


@public
async def slow(request: Request) -> PlainTextResponse:
    await asyncio.sleep(3 * Impatient.header_s)
    return PlainTextResponse("slow")


@public
async def large(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("x" * LARGE)


LARGE = 8 << 20
"""More than the buffers of a connection hold."""
ROUTES = [
    Route("/", hello),
    Route("/large", large),
    Route("/echo", echo, methods=["POST"]),
    Route("/slow", slow),
]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with running(small_app(ROUTES, Limits(body_s=WITHIN_S)), http=Impatient) as opened:
        yield opened


GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"


def post(length: int | str, *, path: bytes = b"/echo", more: bytes = b"") -> bytes:
    return (
        b"POST " + path + b" HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n" + more
        + (b"Transfer-Encoding: chunked" if length == "chunked" else b"Content-Length: %d" % length)
        + b"\r\n\r\n"
    )  # fmt: skip


def header(octets: int) -> bytes:
    return b"X-Long: " + b"x" * (octets - len(b"X-Long: \r\n")) + b"\r\n"


BEGIN = b"GET / HTTP/1.1\r\nHost: test\r\n"
KIB = 1024


# --- how much ---------------------------------------------------------------------------------------

TOO_LONG = {
    "one header": BEGIN + header(17 * KIB) + b"\r\n",
    "one that does not end": BEGIN + header(17 * KIB)[:-2],
    "many small ones": BEGIN + b"".join(b"X-%04d: x\r\n" % n for n in range(1600)) + b"\r\n",
    "many small ones without end": BEGIN + b"".join(b"X-%04d: x\r\n" % n for n in range(1600)),
    "the request line": b"GET /?" + b"x" * 17 * KIB + b" HTTP/1.1\r\nHost: test\r\n\r\n",
    "a request line without end": b"GET /?" + b"x" * 17 * KIB,
}


@pytest.mark.parametrize("octets", TOO_LONG.values(), ids=TOO_LONG)
async def test_a_head_past_sixteen_kibioctets_is_refused(server: Server, octets: bytes) -> None:
    client = await server.connect()
    await client.send(octets)
    await client.refused(431, "headers-too-large")


@pytest.mark.parametrize("octets", TOO_LONG.values(), ids=TOO_LONG)
async def test_in_small_pieces_and_after_another_request_too(server: Server, octets: bytes) -> None:
    client = await server.connect()
    await client.send(GET)
    assert (await client.answer())[0] == 200
    for start in range(0, len(octets), 3000):
        await client.send(octets[start : start + 3000])
        await asyncio.sleep(0)
    await client.refused(431, "headers-too-large")


async def test_a_head_of_nearly_sixteen_kibioctets_is_read(server: Server) -> None:
    client = await server.connect()
    for _ in range(3):
        await client.send(BEGIN + header(16 * KIB - 200) + b"\r\n")
        assert (await client.answer())[0] == 200


async def test_many_requests_in_one_piece_are_not_taken_for_one_long_one(server: Server) -> None:
    """Pipelined: together far more than one head may weigh, and one that is whole only later."""
    client = await server.connect()
    count = 40
    asked = [b"GET /?name=%d HTTP/1.1\r\nHost: test\r\n%b\r\n" % (n, header(1000)) for n in range(count)]
    octets = b"".join(asked)
    await client.send(octets[:-10])
    await client.send(octets[-10:])
    assert [(await client.answer())[2] for _ in range(count)] == [b"%d" % n for n in range(count)]


async def test_a_chunked_body_has_an_end_whatever_it_is_made_of(server: Server) -> None:
    """Chunk extensions and trailers are no body, so the frame does not see them."""
    client = await server.connect()
    await client.send(post("chunked") + b"1\r\nx\r\n")
    with pytest.raises((ConnectionResetError, BrokenPipeError, AssertionError)):
        for _ in range(200):
            await client.send(b"1;" + b"x" * 5000 + b"\r\nx\r\n")
            await asyncio.sleep(0)
            assert not client.reader.at_eof()
    assert len(server.server.server_state.connections) <= 1


async def test_more_connections_than_are_served_are_told_so_at_once() -> None:
    async with running(small_app(ROUTES), http=Impatient, limit_concurrency=4) as server:
        kept = [await server.connect() for _ in range(3)]
        for client in kept:
            await client.send(GET)
            assert (await client.answer())[0] == 200
        await (await server.connect()).refused(503, "unavailable")
        for client in kept:
            await client.send(GET)
            assert (await client.answer())[0] == 200
        kept[0].writer.close()
        await kept[0].writer.wait_closed()
        async with asyncio.timeout(WITHIN_S):
            while len(server.server.server_state.connections) > 2:
                await asyncio.sleep(0.01)
        again = await server.connect()
        await again.send(GET)
        assert (await again.answer())[0] == 200


async def served(server: Server, address: str) -> Connection:
    """A client at that address that was answered and stays."""
    client = await server.connect(address)
    await client.send(GET)
    assert (await client.answer())[0] == 200
    return client


class Strict(Impatient):
    """Counts this machine's connections too: all clients of a test are here."""

    exempt = ()


async def test_one_network_holds_its_share_of_the_connections_and_no_more() -> None:
    async with running(small_app(ROUTES), http=Strict, limit_concurrency=9) as server:
        kept = [await served(server, "127.0.0.8") for _ in range(3)]
        await (await server.connect("127.0.0.9")).refused(503, "unavailable")
        others = [await served(server, "127.0.1.9") for _ in range(3)]
        kept[0].writer.close()
        async with asyncio.timeout(WITHIN_S):
            while len(server.server.server_state.connections) > 5:
                await asyncio.sleep(0.01)
        await served(server, "127.0.0.9")
        assert len(others) == 3


async def test_a_proxy_s_connections_are_many_people_s() -> None:
    named = Strict.behind(["127.0.0.8", "10.0.0.0/8"])
    async with running(small_app(ROUTES), http=named, limit_concurrency=12) as server:
        kept = [await served(server, "127.0.0.8") for _ in range(5)]
        kept += [await served(server, "127.0.0.9") for _ in range(4)]
        await (await server.connect("127.0.0.9")).refused(503, "unavailable")
    assert BoundedProtocol.behind(["2001:db8::/32"]).exempt[:2] == BoundedProtocol.exempt


# --- for whom ---------------------------------------------------------------------------------------

NO_ONE_HOST = {
    "none": b"",
    "two": b"Host: test\r\nHost: other\r\n",
    "the same twice": b"Host: test\r\nHost: test\r\n",
    "two, far apart and otherwise written": b"Host: test\r\n" + b"X-Between: x\r\n" * 40 + b"hOST: other\r\n",
    "two in one": b"Host: test other\r\n",
    "a path": b"Host: test/path\r\n",
    "a person": b"Host: person@test\r\n",
    "a port that is none": b"Host: test:80a\r\n",
    "two ports": b"Host: test:80:80\r\n",
    "a broken address": b"Host: [::1\r\n",
    "letters of no host name": "Host: 测试\r\n".encode(),
    "half an escape": b"Host: te%2\r\n",
}
ONE_HOST = [
    b"test", b"test:8700", b"test:", b"", b"driver.localhost", b"127.0.0.1:80", b"[::1]:80", b"t%20est", b"te_st ",
]  # fmt: skip


@pytest.mark.parametrize("hosts", NO_ONE_HOST.values(), ids=NO_ONE_HOST)
async def test_a_request_for_no_host_or_for_several_is_refused(server: Server, hosts: bytes) -> None:
    client = await server.connect()
    await client.send(b"GET / HTTP/1.1\r\n" + hosts + b"\r\n")
    await client.refused(400, "bad-request")


async def test_the_next_request_of_a_connection_is_asked_too(server: Server) -> None:
    client = await served(server, "127.0.0.1")
    await client.send(post(2, more=b"Host: test\r\n") + b"{}" + GET)
    await client.refused(400, "bad-request")


@pytest.mark.parametrize("host", ONE_HOST)
async def test_one_host_is_served_in_every_form_it_may_have(server: Server, host: bytes) -> None:
    client = await server.connect()
    await client.send(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    assert (await client.answer())[0] == 200


@pytest.mark.parametrize(
    ("hosts", "status"), [(b"", 200), (b"Host: test\r\n", 200), (b"Host: a\r\nHost: b\r\n", 400)]
)
async def test_before_http_1_1_nobody_had_to_name_one(server: Server, hosts: bytes, status: int) -> None:
    client = await server.connect()
    await client.send(b"GET / HTTP/1.0\r\n" + hosts + b"\r\n")
    assert (await client.answer())[0] == status


# --- how long ---------------------------------------------------------------------------------------


async def test_who_says_nothing_is_left(server: Server) -> None:
    assert await (await server.connect()).closed() == b""


async def test_a_head_that_stops_is_told_and_left(server: Server) -> None:
    client = await server.connect()
    await client.send(BEGIN)
    await client.refused(408, "too-slow")


@pytest.mark.parametrize("first", [b"", GET], ids=["the first request", "a later request"])
async def test_a_head_that_never_ends_is_left_however_lively_it_is(server: Server, first: bytes) -> None:
    client = await server.connect()
    if first:
        await client.send(first)
        assert (await client.answer())[0] == 200
    await client.send(BEGIN + b"X-Slow: ")
    async with asyncio.timeout(WITHIN_S):
        await client.trickle(b"x", Impatient.header_s / 10)


async def test_empty_lines_do_not_keep_a_connection(server: Server) -> None:
    """They begin no request, and end uvicorn's own wait for one."""
    client = await server.connect()
    await client.send(GET)
    assert (await client.answer())[0] == 200
    async with asyncio.timeout(WITHIN_S):
        await client.trickle(b"\r\n", Impatient.header_s / 10)


async def test_a_body_that_stops_is_told_and_left(server: Server) -> None:
    client = await server.connect()
    await client.send(post(10) + b"12345")
    await client.refused(408, "too-slow")


async def test_who_falls_silent_after_a_body_that_nobody_read_is_left() -> None:
    async def answers_early(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async with running(answers_early, http=Impatient, timeout_keep_alive=1) as server:
        client = await server.connect()
        await client.send(post(10))
        assert (await client.answer())[2] == b"ok"
        await client.send(b"1234567890")
        assert await client.closed() == b""


def unread(server: Server) -> socket.socket:
    """A client that never reads, with little room for what is sent to it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    return client


async def alone(server: Server) -> None:
    """Until the server holds no connection any more."""
    async with asyncio.timeout(WITHIN_S):
        while server.server.server_state.connections:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("more", [b"", b"Connection: close\r\n"], ids=["kept", "to be closed"])
async def test_who_does_not_read_the_answer_is_left(server: Server, more: bytes) -> None:
    client = unread(server)
    client.sendall(b"GET /large HTTP/1.1\r\nHost: test\r\n" + more + b"\r\n")
    async with asyncio.timeout(WITHIN_S):
        while not server.server.server_state.connections:
            await asyncio.sleep(0.01)
    await alone(server)
    client.close()


async def test_who_reads_slowly_is_served() -> None:
    """Longer in all than one piece may take."""

    class Patient(Impatient):
        write_s = 2.0

    async with running(small_app(ROUTES), http=Patient) as server:
        client = await server.connect()
        await client.send(GET.replace(b" / ", b" /large "))
        await client.reader.readuntil(b"\r\n\r\n")
        left = LARGE
        for _ in range(12):
            left -= len(await client.reader.readexactly(LARGE // 16))
            await asyncio.sleep(Patient.write_s / 10)
        assert len(await client.reader.readexactly(left)) == left


# --- and everybody else is served -------------------------------------------------------------------


async def test_a_connection_is_kept_between_requests_longer_than_a_head_may_take(server: Server) -> None:
    client = await server.connect()
    for _ in range(3):
        await client.send(GET)
        assert (await client.answer())[0] == 200
        await asyncio.sleep(2 * Impatient.header_s)
    await client.send(post(4) + b'"ab"')
    assert (await client.answer())[2] == b"4 octets"


async def test_our_own_slowness_is_nobodys_fault(server: Server) -> None:
    client = await server.connect()
    await client.send(GET.replace(b" / ", b" /slow ") + BEGIN)  # and half a request behind it
    assert (await client.answer())[2] == b"slow"
    await client.send(b"\r\n")
    assert (await client.answer())[2] == b"hello"


async def test_a_head_in_two_pieces_is_read(server: Server) -> None:
    client = await server.connect()
    await client.send(GET[:20])
    await client.send(GET[20:])
    assert (await client.answer())[0] == 200


async def test_what_is_no_http_is_refused_as_a_problem(server: Server) -> None:
    client = await server.connect()
    await client.send(b"\x16\x03\x01 hello\r\n\r\n")
    await client.refused(400, "bad-request")


async def test_without_our_protocol_a_head_has_no_end_and_as_many_hosts_as_it_likes() -> None:
    """Negative control: what is refused above is refused by nobody else."""
    async with running(small_app(ROUTES), http="httptools") as server:
        client = await server.connect()
        await client.send(b"GET / HTTP/1.1\r\nHost: test\r\nHost: other\r\n\r\n")
        assert (await client.answer())[0] == 200
        await client.send(BEGIN + header(200 * KIB))
        await asyncio.sleep(2 * Impatient.header_s)
        await client.send(b"\r\n")
        assert (await client.answer())[0] == 200


def test_the_real_limits_are_the_documented_ones() -> None:
    assert SERVER_OPTIONS["http"] is BoundedProtocol
    assert (BoundedProtocol.header_octets, BoundedProtocol.header_s, BoundedProtocol.body_s) == (
        16384,
        15,
        60,
    )
    assert BoundedProtocol.write_s == 60
