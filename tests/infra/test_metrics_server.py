"""The port for operators: figures, health and readiness, and nothing without the token where one is set."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from liangzheng.infra import metrics
from liangzheng.infra.metrics_server import serving
from liangzheng.infra.readiness import Readiness
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Unavailable

TOKEN = "a-token-of-the-operator"
WELL = Readiness({"database": True}, datetime(2026, 11, 20, tzinfo=UTC))


def _settings(**more: str) -> Settings:
    return Settings.from_env({"LZ_MODE": "test", "LZ_DATA_DIR": "/nowhere", "LZ_METRICS_PORT": "0", **more})


async def _said(settings: Settings, request: bytes, found: Readiness = WELL) -> tuple[int, str]:
    async def ready() -> Readiness:
        return found

    async with serving(settings, ready) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        writer.write_eof()
        answer = (await reader.read()).decode()
        writer.close()
        await writer.wait_closed()
    return (int(answer.split()[1]) if answer else 0), answer


def _get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


async def test_nothing_is_served_unless_a_port_is_set() -> None:
    async def ready() -> Readiness:
        return WELL

    async with serving(_settings(LZ_METRICS_PORT=""), ready) as port:
        assert port is None


async def test_it_serves_figures_in_the_prometheus_format() -> None:
    metrics.REQUESTS.labels("GET", "/holder/licence", "200").observe(0.002)
    status, answer = await _said(_settings(), _get("/metrics"))
    assert status == 200
    assert f"Content-Type: {metrics.CONTENT_TYPE}" in answer
    assert 'lz_http_request_seconds_count{method="GET",route="/holder/licence",status="200"}' in answer
    assert "lz_process_resident_memory_bytes" in answer


async def test_health_and_readiness_are_there_too() -> None:
    assert (await _said(_settings(), _get("/healthz")))[0] == 200
    status, answer = await _said(_settings(), _get("/readyz"))
    assert status == 200 and '"signs_until": "2026-11-20T00:00:00+00:00"' in answer
    status, answer = await _said(
        _settings(), _get("/readyz"), Readiness({"database": False, "disk": True}, None, False)
    )
    assert status == 503 and '"database": false' in answer
    assert '"standing_certain": false' in answer


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/other"])
async def test_with_a_token_set_the_token_is_demanded(path: str) -> None:
    settings = _settings(LZ_METRICS_TOKEN=TOKEN)
    for headers in (
        [],
        ["Authorization: Bearer x"],
        [f"Authorization: Basic {TOKEN}"],
        [f"X: Bearer {TOKEN}"],
    ):
        status, answer = await _said(settings, _get(path, *headers))
        assert status == 401 and "lz_" not in answer
    status, _ = await _said(settings, _get(path, f"authorization: Bearer {TOKEN}"))
    assert status == (404 if path == "/other" else 200)
    assert (await _said(settings, _get("/healthz")))[0] == 200


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST /metrics HTTP/1.1\r\n\r\n", 405), (_get("/"), 404), (_get("/metrics/.."), 404), (b"\r\n\r\n", 405),
        (b"GET /met", 0),
        (b"GET /" + b"a" * 100_000, 0),
    ],
)  # fmt: skip
async def test_what_is_no_request_for_it_ends_there(request_: bytes, status: int) -> None:
    assert (await _said(_settings(), request_))[0] == status


async def test_a_port_that_is_taken_is_said() -> None:
    async def ready() -> Readiness:
        return WELL

    async with serving(_settings(), ready) as port:
        with pytest.raises(Unavailable, match=f"port {port}"):
            async with serving(_settings(LZ_METRICS_PORT=str(port)), ready):
                pass
