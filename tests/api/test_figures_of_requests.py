"""Every request is counted under its route's pattern, and belongs to a trace; ids and numbers are in no label."""

from __future__ import annotations

from liangzheng.infra import metrics
from tests.accounts.people import MadeUp
from tests.api.phone import Phone, registration

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


def counted(method: str, route: str, status: int) -> float:
    labels = {"method": method, "route": route, "status": str(status)}
    return metrics.REGISTRY.get_sample_value("lz_http_request_seconds_count", labels) or 0.0


async def test_a_request_is_counted_under_its_pattern(phone: Phone) -> None:
    cases = [
        ("/healthz", "/healthz", 200),
        ("/holder/applications/app_320500199001011234", "/holder/applications/{application_id}", 401),
        ("/verifier/me", "/verifier/me", 401),
        ("/verifier/verifications/320500199001011234/portrait", "/verifier/verifications/{verification}/portrait", 401),
        ("/320500199001011234", "(none)", 404),
    ]  # fmt: skip
    for path, route, status in cases:
        before = counted("GET", route, status)
        assert (await phone.get(path)).status_code == status
        assert counted("GET", route, status) == before + 1, path
    await phone.client.request("BREW", "/healthz")
    assert counted("other", "/healthz", 405) >= 1
    assert b"320500199001011234" not in metrics.exposition()
    assert b"BREW" not in metrics.exposition()


async def test_whoever_sends_a_trace_hears_it_again_and_nobody_else_gets_one(
    phone: Phone, person: MadeUp
) -> None:
    problem = await phone.post("/holder/accounts", registration(person, mobile="1"), headers=TRACEPARENT)
    assert problem.headers["x-request-id"] == TRACE
    assert (await phone.get("/healthz", headers=TRACEPARENT)).headers["x-request-id"] == TRACE
    assert "x-request-id" not in (await phone.get("/healthz")).headers
    odd = await phone.get("/healthz", headers={"traceparent": "320500199001011234"})
    assert len(odd.headers["x-request-id"]) == 32
