"""Calling what somebody else named: where the connection goes, what is sent, and what ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from liangzheng.infra.webhooks import HttpWebhooks, NotTaken, call_policy, resolve
from liangzheng.kernel.web_address import CallPolicy

OPEN = call_policy("production")
HERE = CallPolicy(plain_http=True, loopback=True, ports=None)
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """A server on this machine that writes down what came."""

    def __init__(self, answer: bytes | Answer) -> None:
        self.heard: list[bytes] = []
        self._answer = answer
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
            )
            self.heard.append(head + await reader.readexactly(length))
            if isinstance(self._answer, bytes):
                writer.write(self._answer)
                await writer.drain()
            else:
                await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening(answer: bytes | Answer) -> AsyncIterator[Listener]:
    listener = Listener(answer)
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    listener.port = server.sockets[0].getsockname()[1]
    try:
        yield listener
    finally:
        server.close()


def leads_to(*places: str) -> Callable[[str, int], Awaitable[list[str]]]:
    async def resolved(host: str, port: int) -> list[str]:
        return list(places)

    return resolved


async def test_what_is_sent_is_one_whole_request_and_the_status_comes_back() -> None:
    async with listening(b"HTTP/1.1 204 No Content\r\n\r\n") as listener:
        url = f"http://127.0.0.1:{listener.port}/hooks?a=b"
        assert await HttpWebhooks(HERE).post(url, {"Content-Type": "application/json"}, b"{}") == 204
    (heard,) = listener.heard
    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"POST /hooks?a=b HTTP/1.1"
    assert f"Host: 127.0.0.1:{listener.port}".encode() in head
    assert b"Content-Type: application/json" in head
    assert body == b"{}"


async def test_a_redirect_is_a_status_like_another_and_nobody_follows_it() -> None:
    async with listening(b"HTTP/1.1 200 OK\r\n\r\n") as inner:
        moved = f"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:{inner.port}/\r\n\r\n".encode()
        async with listening(moved) as outer:
            assert await HttpWebhooks(HERE).post(f"http://127.0.0.1:{outer.port}/", {}, b"") == 307
        assert inner.heard == []


@pytest.mark.parametrize(
    "places",
    [
        ["10.0.0.1"], ["127.0.0.1"], ["169.254.169.254"], ["::1"], ["fd00::1"], ["::ffff:10.0.0.1"], ["64:ff9b::a00:1"],
        ["100.64.0.1"], ["fe80::1%lo"], ["8.8.8.8", "10.0.0.1"], ["0.0.0.0"], ["not a place"],
    ],
    ids=str,
)  # fmt: skip
async def test_a_public_name_that_leads_inside_is_not_connected_to(
    places: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def connect(*_: object, **__: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(asyncio, "open_connection", connect)
    with pytest.raises(NotTaken, match="place-refused"):
        await HttpWebhooks(OPEN, resolve=leads_to(*places)).post("https://hooks.example.com/", {}, b"")


async def test_the_connection_goes_to_the_place_that_was_checked_and_the_name_is_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that leads elsewhere when it is asked again (DNS rebinding) changes nothing: it is not asked again."""
    asked: list[str] = []
    connected: list[tuple[object, ...]] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]

    async def connect(*where: object, **how: object) -> None:
        connected.append((*where, how["server_hostname"]))
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio, "open_connection", connect)
    with pytest.raises(NotTaken, match="unreachable"):
        await HttpWebhooks(OPEN, resolve=rebinding).post("https://hooks.example.com/", {}, b"")
    assert connected == [("93.184.216.34", 443, "hooks.example.com")]
    assert asked == ["hooks.example.com"]


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://hooks.example.com:22/",
        "nonsense",
    ],
)
async def test_an_address_that_may_not_be_called_is_not_even_resolved(url: str) -> None:
    async def never(host: str, port: int) -> list[str]:
        raise AssertionError("it was resolved")

    with pytest.raises(NotTaken, match="address-refused"):
        await HttpWebhooks(OPEN, resolve=never).post(url, {}, b"")


async def test_a_receiver_that_says_nothing_is_left_after_its_time() -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async def dripping(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:  # a byte now and then resets no clock: the time is for all of it
            writer.write(b"H")
            await writer.drain()
            await asyncio.sleep(0.02)

    for answer in (silent, dripping):
        async with listening(answer) as listener:
            with pytest.raises(NotTaken, match="too-slow"):
                await HttpWebhooks(HERE, within_s=0.3).post(f"http://127.0.0.1:{listener.port}/", {}, b"")


@pytest.mark.parametrize(
    "answer",
    [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 999 x\r\n\r\n", b"HTTP/1.1 20", b"HTTP/2 200\r\n", b"A" * 5000 + b"\r\n",
     b"HTTP/1.1 200" + b"x" * 5000],
    ids=["nothing", "another protocol", "no status", "half", "other version", "long", "long status"],
)  # fmt: skip
async def test_what_is_no_answer_is_none(answer: bytes) -> None:
    async with listening(answer) as listener:
        with pytest.raises(NotTaken, match="malformed-answer"):
            await HttpWebhooks(HERE).post(f"http://127.0.0.1:{listener.port}/", {}, b"")


async def test_an_endless_answer_is_read_no_further_than_its_first_line() -> None:
    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X" * 65536)
            await writer.drain()

    async with listening(endless) as listener:
        assert await HttpWebhooks(HERE).post(f"http://127.0.0.1:{listener.port}/", {}, b"") == 200


async def test_nobody_there_is_unreachable_and_a_plain_answer_to_tls_is_no_tls() -> None:
    async with listening(b"HTTP/1.1 200 OK\r\n\r\n") as listener:
        port = listener.port
        policy = CallPolicy(loopback=True, ports=None)
        with pytest.raises(NotTaken, match=r"^(tls|malformed-answer|unreachable|too-slow)$"):
            await HttpWebhooks(policy, within_s=2).post(f"https://localhost:{port}/", {}, b"")
        assert listener.heard == []
    with pytest.raises(NotTaken, match="unreachable"):
        await HttpWebhooks(HERE).post(f"http://127.0.0.1:{port}/", {}, b"")


async def test_the_system_s_resolver_gives_numeric_places() -> None:
    assert "127.0.0.1" in await resolve("127.0.0.1", 80)
    with pytest.raises(NotTaken, match="unresolved"):
        await resolve("nothing-is-called-this.invalid", 80)


def test_production_calls_https_on_public_places_and_nothing_else() -> None:
    assert call_policy("production") == CallPolicy(
        plain_http=False, loopback=False, ports=frozenset({443, 8443})
    )
    assert call_policy("demo").loopback and call_policy("test").loopback
