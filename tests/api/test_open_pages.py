from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from liangzheng.accounts import AccountPolicy
from liangzheng.api.app import create_app
from liangzheng.api.open.start_page import simulated_neighbours
from liangzheng.infra.face_manual import ManualFace
from liangzheng.infra.postgres import Database
from liangzheng.infra.sms_simulated import SimulatedSms
from liangzheng.kernel.errors import NotFound, Unavailable
from liangzheng.kernel.time import FixedClock, SystemClock
from tests.api.conftest import SmallWiring
from tests.api.phone import Phone


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_a_page_runs_no_script_and_asks_nobody_else(phone: Phone, path: str) -> None:
    answer = await phone.get(path)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert re.findall(r"(?:src|href|action)\s*=\s*[\"'](?!/)", answer.text) == []
    assert re.findall(r"https?://(?!test\b)", answer.text) == []
    for forbidden in ("<script", "<iframe", "<img", " style=", "@import", "url("):
        assert forbidden not in answer.text


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_the_only_style_a_page_has_is_the_one_its_policy_names(phone: Phone, path: str) -> None:
    answer = await phone.get(path)
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


async def test_the_start_page_says_in_two_languages_what_is_played(phone: Phone) -> None:
    text = (await phone.get("/")).text
    for words in (
        "电子驾驶证",
        "electronic driving licences",
        "以下为模拟",
        "looks at no face",
        "/holder/sessions",
    ):
        assert words in text
    for chinese, english in simulated_neighbours("test", face=True, real_name=True, sms=False):
        assert chinese in text
        assert english in text


async def test_where_the_face_check_is_not_played_the_page_does_not_say_so(wiring: SmallWiring) -> None:
    wiring.face_verifier = ManualFace()  # type: ignore[assignment]
    async with Phone.over(create_app(wiring)) as phone:  # type: ignore[arg-type]
        text = (await phone.get("/")).text
    assert "looks at no face" not in text
    assert "以下为模拟" in text


async def test_where_text_messages_are_played_the_page_says_so(wiring: SmallWiring, tmp_path: Path) -> None:
    wiring.sms = SimulatedSms("test", tmp_path / "sms.ndjson")
    async with Phone.over(create_app(wiring)) as phone:  # type: ignore[arg-type]
        assert "短信为模拟" in (await phone.get("/")).text


async def test_in_production_nothing_is_played_and_the_page_says_nothing_of_it(wiring: SmallWiring) -> None:
    wiring.settings = replace(wiring.settings, mode="production")
    wiring.account_policy = AccountPolicy(production=True)
    async with Phone.over(create_app(wiring)) as phone:  # type: ignore[arg-type]
        text = (await phone.get("/")).text
    assert "模拟" not in text
    assert "Simulated" not in text


async def test_the_start_page_leads_to_the_web_apps_on_their_own_hosts(phone: Phone) -> None:
    text = (await phone.get("/", headers={"Host": "127.0.0.1:8766"})).text
    found = re.findall(r'href="//(\w+)\.localhost:8766/"', text)
    assert found == ["driver", "verify", "staff", "open"]
    assert 'href="//driver.localhost/"' in (await phone.get("/", headers={"Host": "service"})).text


async def test_what_may_be_typed_is_over_tls_where_a_proxy_speaks_it(wiring: SmallWiring) -> None:
    asked = {"Host": "lz.example", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "elsewhere.example"}
    for hosts, address in (((), "http://lz.example"), (("lz.example",), "https://lz.example")):
        wiring.settings = replace(wiring.settings, hosts=hosts)
        async with Phone.over(create_app(wiring)) as phone:  # type: ignore[arg-type]
            text = (await phone.get("/", headers=asked)).text
        assert f"curl {address}/holder/sessions" in text and "elsewhere" not in text


async def test_where_no_web_app_is_served_none_is_named(wiring: SmallWiring) -> None:
    wiring.settings = replace(wiring.settings, faces=())
    async with Phone.over(create_app(wiring)) as phone:  # type: ignore[arg-type]
        assert "Web apps" not in (await phone.get("/")).text


async def test_a_host_name_cannot_write_into_the_page(phone: Phone) -> None:
    answer = await phone.get("/", headers={"Host": "x<script>alert(1)</script>"})
    assert "<script" not in answer.text


async def test_the_description_names_who_may_call_what_and_the_form_of_problems(phone: Phone) -> None:
    described = (await phone.get("/openapi.json")).json()
    assert described["openapi"].startswith("3.1")
    bind = described["paths"]["/holder/phone-keys"]["post"]
    assert bind["security"] == [{"caller": []}]
    assert described["paths"]["/holder/accounts"]["post"]["security"] == []
    for operations in described["paths"].values():
        for operation in operations.values():
            assert "422" not in operation["responses"]
            problem = operation["responses"]["default"]["content"]["application/problem+json"]["schema"]
            assert problem == {"$ref": "#/components/schemas/Problem"}
    assert "HTTPValidationError" not in described["components"]["schemas"]


async def test_every_reference_of_the_description_leads_somewhere(phone: Phone) -> None:
    described = (await phone.get("/openapi.json")).json()

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [found for inner in value.values() for found in references(inner)]
        return [found for inner in value for found in references(inner)] if isinstance(value, list) else []

    names = {reference.removeprefix("#/components/schemas/") for reference in references(described)}
    assert names <= set(described["components"]["schemas"])
    assert len(names) > 5


OF_ANOTHER = {"CounterDecisionBody": {"person"}, "ReplyBody": {"person"}}
"""Bodies that name somebody who does not call: who stands at the counter, before an officer; who asked for a correction."""


async def test_no_body_in_the_description_has_a_field_for_who_calls(phone: Phone) -> None:
    schemas = (await phone.get("/openapi.json")).json()["components"]["schemas"]
    for name, schema in schemas.items():
        if name.endswith("Body"):
            named = {"person_id", "driver_id", "person", "driver", "level"} & set(schema["properties"])
            assert named == OF_ANOTHER.get(name, set()), name
            assert schema["additionalProperties"] is False, name


ALL_WELL = dict.fromkeys(("database", "clock", "trust", "keys", "disk"), "ok")


@pytest.fixture
def _in_step(wiring: SmallWiring) -> None:
    """The clock of the tests stands still, that of the database runs: readiness compares the two."""
    wiring.clock = FixedClock(SystemClock().now())


async def readiness_of(phone: Phone) -> tuple[int, dict[str, str]]:
    answer = await phone.get("/readyz")
    said = answer.json()
    assert said["status"] == ("ready" if answer.status_code == 200 else "not-ready")
    return answer.status_code, said["checks"]


@pytest.mark.usefixtures("_in_step")
async def test_health_is_the_process_and_readiness_what_it_depends_on(phone: Phone) -> None:
    assert (await phone.get("/healthz")).json() == {"status": "ok"}
    assert await readiness_of(phone) == (200, ALL_WELL)
    assert (await phone.get("/readyz")).json()["signs_until"] is not None


@pytest.mark.usefixtures("_in_step")
@pytest.mark.parametrize("error", [NotFound("no keys"), Unavailable("older than one already used")])
async def test_without_a_trust_bundle_it_is_not_ready(
    wiring: SmallWiring, phone: Phone, error: Exception
) -> None:
    wiring.trust_fails = error
    assert await readiness_of(phone) == (503, ALL_WELL | {"trust": "failed"})


@pytest.mark.usefixtures("_in_step")
async def test_without_a_key_that_signs_it_is_not_ready(wiring: SmallWiring, phone: Phone) -> None:
    wiring.signing_fails = Unavailable("no status key signs now")
    assert await readiness_of(phone) == (503, ALL_WELL | {"keys": "failed"})


@pytest.mark.usefixtures("_in_step")
async def test_without_room_on_the_disk_it_is_not_ready(wiring: SmallWiring, phone: Phone) -> None:
    wiring.settings = replace(wiring.settings, disk_low_mib=1 << 40)
    assert await readiness_of(phone) == (503, ALL_WELL | {"disk": "failed"})
    wiring.settings = replace(wiring.settings, disk_low_mib=0, data_dir=Path("/nowhere/at/all"))
    assert await readiness_of(phone) == (503, ALL_WELL | {"disk": "failed"})


@pytest.mark.parametrize("seconds", [6, -6])
async def test_with_a_clock_that_is_off_it_is_not_ready(
    wiring: SmallWiring, phone: Phone, seconds: int
) -> None:
    wiring.clock = FixedClock(SystemClock().now() + timedelta(seconds=seconds))
    assert await readiness_of(phone) == (503, ALL_WELL | {"clock": "failed"})


@pytest.mark.usefixtures("_in_step")
async def test_over_a_database_that_is_not_ours_it_is_not_ready(
    wiring: SmallWiring, phone: Phone, empty_database: Database
) -> None:
    wiring.database = empty_database
    assert await readiness_of(phone) == (503, ALL_WELL | {"database": "failed", "clock": "failed"})


async def test_over_no_database_it_is_not_ready_but_alive(wiring: SmallWiring, phone: Phone) -> None:
    await wiring.database.close()
    assert (await phone.get("/readyz")).status_code == 503
    assert (await phone.get("/healthz")).status_code == 200
