"""What a process is given: nothing simulated in production, and an old trust bundle in no mode."""

from __future__ import annotations

import shutil
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import pytest

from liangzheng import wiring as module
from liangzheng.infra.face_authority import AuthorityFace
from liangzheng.infra.keys_file import KeyOverlap, init, rotate
from liangzheng.infra.postgres import Database
from liangzheng.infra.settings import Settings
from liangzheng.infra.sms import NoSms
from liangzheng.infra.sms_http import HttpSms
from liangzheng.kernel.errors import Forbidden, Invalid, Unavailable
from liangzheng.kernel.time import SystemClock
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.x509 import Role
from liangzheng.wiring import Part, Wiring, key_dirs, wire, wired_up

REAL = {"LZ_FACE_ENGINE": "manual", "LZ_ALLOW_SOFTWARE_KEYS": "yes", "LZ_HOSTS": "lz.example"}


def settings_of(tmp_path: Path, mode: str, **more: str) -> Settings:
    settings = Settings.from_env({"LZ_MODE": mode, "LZ_DATA_DIR": str(tmp_path), **REAL, **more})
    dirs = key_dirs(settings)
    if not dirs.trust.exists():
        init(dirs, Alg.ES256, SystemClock().now(), "Fictional Authority")
    return settings


def made(settings: Settings, database: Database) -> Wiring:
    wired = wire(settings, Part.API, database)
    wired.passwords.close()
    return wired


def test_what_is_real_is_wired_in_production(tmp_path: Path, database: Database) -> None:
    assert made(settings_of(tmp_path, "production"), database).simulated == ()


def test_the_gateway_of_production_is_reached_by_the_processes_that_send(
    tmp_path: Path, database: Database
) -> None:
    key = tmp_path / "sms.key"
    key.write_bytes(b"k" * 32)
    said = {"LZ_SMS": "http", "LZ_SMS_URL": "https://sms.example/send", "LZ_SMS_KEY_FILE": str(key)}
    settings = settings_of(tmp_path, "production", **said)
    for part in Part:
        wired = wire(settings, part, database)
        wired.passwords.close()
        assert isinstance(wired.sms, HttpSms if part in (Part.API, Part.QUEUE) else NoSms)


@pytest.mark.parametrize(
    ("setting", "refused", "name"),
    [
        ({"LZ_FACE_ENGINE": "simulated"}, Unavailable, "simulated face engine"),
        ({"LZ_SMS": "simulated"}, Unavailable, "simulated"),
        ({"LZ_PHOTO_FACES": "simulated"}, Unavailable, "simulated count of faces"),
        ({"LZ_ALLOW_SOFTWARE_KEYS": "no"}, Forbidden, "keys in files"),
    ],
)
def test_what_only_plays_its_part_is_refused_in_production(
    tmp_path: Path, database: Database, setting: dict[str, str], refused: type[Exception], name: str
) -> None:
    assert made(settings_of(tmp_path, "test", **setting), database)
    with pytest.raises(refused, match=name):
        made(settings_of(tmp_path, "production", **setting), database)


def test_a_face_authority_is_asked_without_tls_outside_production_only(
    tmp_path: Path, database: Database
) -> None:
    ours = SoftwareSigner.generate(Alg.ES256)
    (tmp_path / "ours.der").write_bytes(ours.to_pkcs8())
    (tmp_path / "theirs.der").write_bytes(ours.public_key.spki)
    said = {
        "LZ_FACE_ENGINE": "authority", "LZ_FACE_AUTHORITY_KEY": str(tmp_path / "theirs.der"),
        "LZ_FACE_AUTHORITY_SIGNER": str(tmp_path / "ours.der"), "LZ_FACE_AUTHORITY_S": "3",
    }  # fmt: skip
    clear, sealed = (
        {"LZ_FACE_AUTHORITY_URL": "http://f.example/"},
        {"LZ_FACE_AUTHORITY_URL": "https://f.example/"},
    )
    engine = made(settings_of(tmp_path, "test", **said, **clear), database).face_verifier
    assert isinstance(engine, AuthorityFace) and engine._endpoint.timeout_s == 3
    assert made(settings_of(tmp_path, "production", **said, **sealed), database)
    with pytest.raises(Invalid, match="https"):
        made(settings_of(tmp_path, "production", **said, **clear), database)


@pytest.mark.parametrize(
    ("chooses", "neighbour"),
    [
        ("_face_verifier", "face check"),
        ("_real_name", "real names"),
        ("_sms", "text messages"),
        ("_face_finder", "count of faces in photos"),
    ],
)
def test_a_simulated_neighbour_that_does_not_refuse_by_itself_is_refused_by_the_wiring(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch, chooses: str, neighbour: str
) -> None:
    monkeypatch.setattr(module, chooses, lambda *_: SimpleNamespace(simulated=True))
    assert made(settings_of(tmp_path, "test"), database).simulated == (neighbour,)
    with pytest.raises(Unavailable, match=f"{neighbour} is simulated"):
        made(settings_of(tmp_path, "production"), database)


@pytest.mark.parametrize("part", [Part.ISSUER, Part.QUEUE])
def test_an_engine_on_this_machine_is_the_api_s_alone(
    tmp_path: Path, database: Database, part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_with = list[Path | None]()

    def comparer(folder: Path | None) -> SimpleNamespace:
        made_with.append(folder)
        return SimpleNamespace(version="20.0", models="ab" * 32, close=lambda: None)

    monkeypatch.setattr(module.DlibComparer, "with_models", comparer)
    settings = settings_of(tmp_path, "production", LZ_FACE_ENGINE="dlib", LZ_FACE_MODELS="/models")
    engine = made(settings, database).face_verifier
    assert (engine.name, engine.calibrated, engine.simulated) == ("dlib", False, False)
    other = wire(settings, part, database)
    other.passwords.close()
    assert other.face_verifier.name == "manual"
    assert made_with == [Path("/models")]


def test_the_wiring_asks_every_neighbour_that_can_be_simulated(tmp_path: Path, database: Database) -> None:
    wired = made(settings_of(tmp_path, "test", LZ_FACE_ENGINE="simulated"), database)
    able = [each.name for each in fields(wired) if hasattr(getattr(wired, each.name), "simulated")]
    assert able == ["real_name", "face_verifier", "sms", "face_finder"]
    assert wired.simulated == ("face check",)


async def test_a_restarted_process_refuses_a_trust_bundle_older_than_one_that_was_used(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Attached:
        async def __aenter__(self) -> Database:
            return database

        async def __aexit__(self, *_: object) -> None:
            return None

    monkeypatch.setattr(module, "attach", lambda *_, **__: Attached())
    settings = settings_of(tmp_path, "test")
    dirs = key_dirs(settings)
    shutil.copy(dirs.bundle, tmp_path / "old")
    rotate(dirs, [(Role.STATUS, None)], SystemClock().now(), KeyOverlap())
    async with wired_up(settings, Part.API) as wired:
        assert wired.trust().version == 2
    shutil.copy(tmp_path / "old", dirs.bundle)
    with pytest.raises(Unavailable, match="older than version 2"):
        async with wired_up(settings, Part.API):
            pass
