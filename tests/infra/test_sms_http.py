"""The gateway over a real socket, played by a server that answers whatever octets it is told to."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from liangzheng.infra.settings import Settings
from liangzheng.infra.sms import LONGEST_TEXT
from liangzheng.infra.sms_http import DOMAIN, LARGEST_ANSWER_OCTETS, HttpSms, SmsEndpoint, read_sms_key
from liangzheng.kernel.errors import Invalid, Unavailable
from liangzheng.kernel.people import Mobile

MOBILE = Mobile("13900000001")
KEY = b"k" * 32
TEXT = "【亮证】验证码123456"


def http(status: str, body: bytes, *fields: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(head).encode() + body


def says(**answer: Any) -> bytes:
    return http("200 OK", json.dumps({"id": "one", "state": "taken"} | answer).encode())


class Gateway:
    """Keeps what it was sent, and answers with `answer`; None: never."""

    def __init__(self) -> None:
        self.answer: bytes | None = says()
        self.asked: list[tuple[dict[str, str], bytes]] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = dict(line.split(": ", 1) for line in head[1:] if line)
        self.asked.append((fields | {"": head[0]}, await reader.readexactly(int(fields["Content-Length"]))))
        if self.answer is None:
            await reader.read()  # until who asked has gone
        else:
            writer.write(self.answer)
        writer.close()


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    told = Gateway()
    server = await asyncio.start_server(told.serve, "127.0.0.1", 0)
    told.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/send?from=lz"
    async with server:
        yield told


def sms(gateway: Gateway, within_s: float = 5.0) -> HttpSms:
    return HttpSms(SmsEndpoint(gateway.url, KEY, plain=True, within_s=within_s))


async def test_a_message_is_sent_once_signed_and_named_for_ever(gateway: Gateway) -> None:
    await sms(gateway).send(MOBILE, TEXT, "one")
    ((fields, body),) = gateway.asked
    assert json.loads(body) == {"id": "one", "mobile": "13900000001", "text": TEXT}
    assert fields[""] == "POST /send?from=lz HTTP/1.1"
    assert fields["Idempotency-Key"] == "one" and fields["Content-Type"] == "application/json"
    signed = DOMAIN + fields["LZ-Time"].encode() + b"\x00" + body
    assert fields["LZ-Signature"] == hmac.digest(KEY, signed, "sha256").hex()


@pytest.mark.parametrize(
    "answer",
    [
        http("202 Accepted", b'{"id": "one", "state": "taken", "ticket": 7}'),
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1f\r\n{"id": "one", "state": "taken"}\r\n0\r\n\r\n',
    ],
    ids=["another field", "in pieces"],
)
async def test_an_answer_is_read_in_the_forms_a_server_may_give_it(gateway: Gateway, answer: bytes) -> None:
    gateway.answer = answer
    await sms(gateway).send(MOBILE, TEXT, "one")


@pytest.mark.parametrize(
    "answer",
    [
        http("500 Oops", b""),
        http("502 Bad Gateway", json.dumps({"id": "one", "state": "refused"}).encode()),
        http("401 Unauthorized", b""),
        http("404 Not Found", b""),
        http("302 Found", b"", "Location: /send"),
        http("307 Temporary Redirect", b"", "Location: /send"),
        http("204 No Content", b""),
        http("200 OK", b"taken"),
        http("200 OK", b""),
        says(id="two"),
        says(state="perhaps"),
        says(state=None),
        says()[:-5],
        b"",
        b"SSH-2.0-x\r\n",
        http("200 OK", b" " * LARGEST_ANSWER_OCTETS),
    ],
    ids=[
        "500", "refused by a proxy", "401", "404", "302", "307", "204", "no JSON", "empty", "another message",
        "another word", "null", "cut short", "silence", "no HTTP", "too large",
    ],
)  # fmt: skip
async def test_whatever_is_not_the_contract_is_later_and_asked_once(gateway: Gateway, answer: bytes) -> None:
    gateway.answer = answer
    with pytest.raises(Unavailable) as failure:
        await sms(gateway).send(MOBILE, TEXT, "one")
    assert len(gateway.asked) == 1, "nothing is followed, nothing is retried"
    assert failure.value.retry_after_s is None
    gateway.answer = says()
    await sms(gateway).send(MOBILE, TEXT, "one")
    assert [fields["Idempotency-Key"] for fields, _ in gateway.asked] == ["one", "one"]


@pytest.mark.parametrize(("wait", "read"), [("30", 30), ("99999", 3600), ("soon", None), ("-1", None)])
async def test_a_gateway_that_is_too_busy_says_how_long(
    gateway: Gateway, wait: str, read: int | None
) -> None:
    gateway.answer = http("429 Too Many Requests", b"", f"Retry-After: {wait}")
    with pytest.raises(Unavailable) as failure:
        await sms(gateway).send(MOBILE, TEXT, "one")
    assert failure.value.retry_after_s == read


async def test_a_gateway_that_does_not_answer_is_not_waited_for(gateway: Gateway) -> None:
    gateway.answer = None
    with pytest.raises(Unavailable):
        await sms(gateway, within_s=0.05).send(MOBILE, TEXT, "one")


async def test_a_gateway_that_is_not_there_is_out_of_reach(gateway: Gateway) -> None:
    away = SmsEndpoint("http://127.0.0.1:1/send", KEY, plain=True)
    with pytest.raises(Unavailable):
        await HttpSms(away).send(MOBILE, TEXT, "one")


@pytest.mark.parametrize(("reason", "place"), [("number", "mobile"), ("text", "text")])
async def test_only_the_gateways_own_word_gives_a_message_up(
    gateway: Gateway, reason: str, place: str
) -> None:
    gateway.answer = says(state="refused", reason=reason)
    with pytest.raises(Invalid) as failure:
        await sms(gateway).send(MOBILE, TEXT, "one")
    assert failure.value.place == place


async def test_a_text_no_gateway_takes_is_not_sent(gateway: Gateway) -> None:
    with pytest.raises(Invalid):
        await sms(gateway).send(MOBILE, "x" * (LONGEST_TEXT + 1), "one")
    assert gateway.asked == []


async def test_neither_mobile_nor_text_nor_key_is_printed(
    gateway: Gateway, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.answer = http("500 Oops", b"")
    with pytest.raises(Unavailable) as failure:
        await sms(gateway).send(MOBILE, TEXT, "one")
    shown = (
        str(failure.value)
        + caplog.text
        + "".join(capsys.readouterr())
        + repr(SmsEndpoint(gateway.url, KEY, True))
    )
    assert MOBILE.value not in shown and "123456" not in shown and KEY.decode() not in shown


def _settings(**said: str) -> Settings:
    return Settings.from_env(
        {"LZ_DATA_DIR": "/nowhere", "LZ_SMS": "http", "LZ_SMS_KEY_FILE": "/keys/sms"} | said
    )


@pytest.mark.parametrize(
    "url",
    ["http://sms.example/send", "ftp://sms.example/", "https:///send", "https://u:p@sms.example/", "https://a/#b",
     "https://sms.example:0/", "https://sms.example:x/", "https://sms.example/a b", "https://sms.example/\r\nX: y"],
)  # fmt: skip
def test_production_takes_an_https_address_alone(url: str) -> None:
    with pytest.raises(Invalid, match="LZ_SMS_URL"):
        _settings(LZ_MODE="production", LZ_SMS_URL=url)
    with pytest.raises(Invalid, match="LZ_SMS_URL"):
        SmsEndpoint(url, KEY)


def test_outside_production_http_will_do_and_a_gateway_demands_codes() -> None:
    assert _settings(LZ_MODE="demo", LZ_SMS_URL="http://127.0.0.1:1/send").demands_mobile_proof
    assert _settings(LZ_MODE="production", LZ_SMS_URL="https://sms.example/send").demands_mobile_proof


@pytest.mark.parametrize("missing", ["LZ_SMS_URL", "LZ_SMS_KEY_FILE"])
def test_a_gateway_needs_address_and_key(missing: str) -> None:
    with pytest.raises(Invalid, match="LZ_SMS_URL and LZ_SMS_KEY_FILE"):
        _settings(**{"LZ_SMS_URL": "https://sms.example/send"} | {missing: ""})


def test_a_key_is_read_without_white_space_and_not_short(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(KEY + b"\n")
    assert read_sms_key(file) == KEY
    with pytest.raises(Invalid, match="at least 32"):
        SmsEndpoint("https://sms.example/", KEY[:-1])
    with pytest.raises(Unavailable, match="LZ_SMS_KEY_FILE"):
        read_sms_key(tmp_path / "none")
