"""Settings: one table, checked at the start, a misspelling refused."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path

import pytest

from liangzheng.infra import settings as module
from liangzheng.infra.setting_words import status_policy_text
from liangzheng.infra.settings import ROLES, TABLE, Setting, Settings
from liangzheng.kernel.errors import Invalid, Unavailable
from liangzheng.kernel.status import DEFAULT_POLICY, Display, Status, StatusLetter, display, may_drive
from liangzheng.standards.livecode import Lives
from liangzheng.wiring import staff_policy

SOURCE = Path(module.__file__).parents[1]


def _with(**more: str) -> Settings:
    return Settings.from_env({"LZ_DATA_DIR": "/nowhere", **more})


def test_nothing_said_means_the_defaults() -> None:
    assert _with().lives == Lives()
    assert _with().mode == "demo"
    assert _with() == _with(LZ_PORT="", LZ_DATABASE_URL="")


@pytest.mark.parametrize(
    ("variable", "value", "rule"),
    [
        ("LZ_MODE", "prod", "demo, test, production"),
        ("LZ_PORT", "70000", "from 0 to 65535"),
        ("LZ_PORT", "٣", "whole number"),
        ("LZ_ALG", "RS256", "ES256"),
        ("LZ_DATABASE_URL", "sqlite://x", "postgresql://"),
        ("LZ_DATABASE_URL", "postgresql://u@h:port/d", "postgresql://"),
        ("LZ_AMBER_S", "2592000", "at most LZ_SNAPSHOT_S"),
        ("LZ_ROTATE_S", "60", "at most LZ_ACCEPTED_S"),
        ("LZ_FACES", "phone=d.example", "is like driver="),
        ("LZ_HOSTS", "licence.example:8443", "without scheme and port"),
        ("LZ_HOSTS", "https://licence.example", "without scheme and port"),
        ("LZ_FACES", "driver=d.example,staff=d.example", "a host name of its own"),
        ("LZ_STAFF_LOOK_UPS", "patrol", "is like patrol=100"),
        ("LZ_STAFF_IDLE_S", "36000", "from 60 to 3600"),
        ("LZ_DATABSE_URL", "postgresql://u@h/d", "do you mean LZ_DATABASE_URL"),
        ("LZ_STATUS_EFFECTS", "L=green", "LETTER=SHOWN"),
        ("LZ_STATUS_EFFECTS", "L", "LETTER=SHOWN"),
        ("LZ_STATUS_EFFECTS", "D=normal+drive", "for the letters C L R Z"),
        ("LZ_STATUS_EFFECTS", "CL=red", "for the letters C L R Z"),
        ("LZ_STATUS_EFFECTS", "L=red+walk", "+drive or nothing"),
        ("LZ_STATUS_EFFECTS", "L=red+", "+drive or nothing"),
        ("LZ_STATUS_EFFECTS", "L=red+drive+drive", "LETTER=SHOWN"),
        ("LZ_PHOTO_MOST_OCTETS", "1048577", "whole number"),
        ("LZ_METRICS_HOST", "0.0.0.0", "unless LZ_METRICS_TOKEN"),
        ("LZ_METRICS_TOKEN", "short", "at least 16"),
        ("LZ_NONSENSE_ALTOGETHER", "1", "is not a setting"),
    ],
)
def test_a_wrong_value_is_refused_by_its_variable_and_rule(variable: str, value: str, rule: str) -> None:
    with pytest.raises(Invalid, match=re.escape(rule)) as refused:
        _with(**{variable: value})
    assert refused.value.place == variable


OTHER_WORDS = {
    "LZ_MODE": "test",
    "LZ_DATA_DIR": "/elsewhere",
    "LZ_DATABASE_URL": "postgresql://u@h/d",
    "LZ_PG_BIN": "/bin",
    "LZ_POINTS_BEFORE_2022_04": "6,12",
    "LZ_LATE_POINTS_REOPEN": "no",
    "LZ_CHECKPOINTS_DIR": "/elsewhere",
    "LZ_ALG": "SM2",
    "LZ_HOST": "0.0.0.0",
    "LZ_HOSTS": "a,b",
    "LZ_FACES": "driver=d.example,staff=s.example",
    "LZ_TLS_CERT": "/tls/chain.pem",
    "LZ_TLS_KEY": "/tls/key.pem",
    "LZ_TRACES_DIR": "/elsewhere",
    "LZ_PROXIES": "10.0.0.0/8,192.0.2.7",
    "LZ_METRICS_HOST": "localhost",
    "LZ_METRICS_PORT": "9100",
    "LZ_METRICS_TOKEN": "a-token-of-the-operator",
    "LZ_LOG_FORMAT": "json",
    "LZ_LOG_LEVEL": "error",
    "LZ_ALLOW_SOFTWARE_KEYS": "yes",
    "LZ_STAFF_LOOK_UPS": "patrol=1",
    "LZ_SMS": "simulated",
    "LZ_SMS_URL": "https://sms.example/send",
    "LZ_SMS_KEY_FILE": "/keys/sms",
    "LZ_FACE_ENGINE": "simulated",
    "LZ_PHOTO_FACES": "dlib",
    "LZ_FONTS": "/fonts/one.ttf,/fonts/many.ttc#2",
    "LZ_REVIEWERS_LINKED": "yes",
    "LZ_SIMULATED_FACE_COUNTS": "no",
    "LZ_MOBILE_PROOF": "no",
    "LZ_FACE_AUTHORITY_URL": "https://faces.example/check",
    "LZ_FACE_AUTHORITY_KEY": "/keys/authority.der",
    "LZ_FACE_AUTHORITY_SIGNER": "/keys/ours.der",
    "LZ_FACE_AUTHORITY_S": "5",
    "LZ_FACE_MODELS": "/models",
    "LZ_FACE_CALIBRATION": "/models/calibration.json",
    "LZ_FACE_CALIBRATION_KEY": "/keys/calibration.der",
    "LZ_STATUS_EFFECTS": "L=message+drive",
    **{f"LZ_{role.upper()}_KEYS": f"/keys/{role}" for role in ROLES},
}
"""A value other than the default, for each setting that is not a number."""


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.variable)
def test_every_row_of_the_table_reaches_the_settings(row: Setting) -> None:
    # A row that is not wired up would leave the two equal.
    default = row.default()
    other = (
        str(default + (1 if default < 1 << 20 else -1)) if type(default) is int else OTHER_WORDS[row.variable]
    )
    assert _with(**{row.variable: other}) != _with()


def test_every_variable_the_code_reads_is_in_the_table() -> None:
    known = {row.variable for row in TABLE} | {"LZ_LIBCRYPTO", "LZ_VENV"}
    read = {
        variable
        for path in SOURCE.rglob("*.py")
        for variable in re.findall(r"LZ_[A-Z0-9_]+", path.read_text(encoding="utf-8"))
    }
    assert {variable for variable in read - known if not variable.startswith("LZ_TEST_")} == set()


def test_keys_of_a_role_are_beside_the_data_unless_said_otherwise() -> None:
    assert _with().key_dir("issuer") == Path("/nowhere/keys/issuer")
    assert _with(LZ_ISSUER_KEYS="/hsm").key_dir("issuer") == Path("/hsm")
    assert _with(LZ_ISSUER_KEYS="/hsm").key_dir("status") == Path("/nowhere/keys/status")


def test_a_simulated_neighbour_does_not_run_in_production() -> None:
    _with().demand_real("the face check")
    with pytest.raises(Unavailable, match="the face check is simulated"):
        _with(LZ_MODE="production").demand_real("the face check")


@pytest.mark.parametrize("sslmode", ["", "?sslmode=disable", "?sslmode=allow", "?sslmode=prefer"])
def test_in_production_nothing_crosses_to_a_database_elsewhere_in_the_clear(sslmode: str) -> None:
    url = "postgresql://u:secret@db.example/d"
    with pytest.raises(Invalid, match="sslmode") as refused:
        _with(LZ_MODE="production", LZ_DATABASE_URL=url + sslmode)
    assert refused.value.place == "LZ_DATABASE_URL" and "secret" not in str(refused.value)
    _with(LZ_MODE="demo", LZ_DATABASE_URL=url + sslmode)
    for strict in ("require", "verify-ca", "verify-full"):
        _with(LZ_MODE="production", LZ_DATABASE_URL=f"{url}?sslmode={strict}")
    for here in ("u@127.0.0.1/d", "u@localhost/d", "u@/d?host=/run/postgresql"):
        _with(LZ_MODE="production", LZ_DATABASE_URL="postgresql://" + here)


@pytest.mark.parametrize("variable", ["LZ_MOBILE_CHANGE_HOLD_S", "LZ_CLOSING_HOLD_S"])
def test_in_production_an_owner_has_an_hour_at_least_to_stop_what_waits(variable: str) -> None:
    assert _with(**{variable: "0"}) != _with()
    with pytest.raises(Invalid, match="at least 3600 in production") as refused:
        _with(LZ_MODE="production", **{variable: "3599"})
    assert refused.value.place == variable
    _with(LZ_MODE="production", **{variable: "3600"})


def test_what_answers_http_in_production_is_told_its_host_names() -> None:
    with pytest.raises(Invalid) as refused:
        _with(LZ_MODE="production").demand_hosts()
    assert refused.value.place == "LZ_HOSTS"
    _with(LZ_MODE="production", LZ_HOSTS="licence.example").demand_hosts()
    _with().demand_hosts()


def test_host_names_are_compared_in_lower_case() -> None:
    assert _with(LZ_HOSTS="Licence.Example, ::1").hosts == ("licence.example", "::1")
    assert _with(LZ_FACES="driver=Driver.Example").face_hosts == {"driver": "driver.example"}


@pytest.mark.parametrize(
    ("said", "origin"),
    [
        ({}, "http://d.example:8765"),
        ({"LZ_HOSTS": "licence.example"}, "https://d.example"),  # a proxy speaks TLS on its usual port
        ({"LZ_TLS_CERT": "/c.pem", "LZ_PORT": "8443"}, "https://d.example:8443"),
        ({"LZ_TLS_CERT": "/c.pem", "LZ_PORT": "8443", "LZ_HOSTS": "d.example"}, "https://d.example:8443"),
        ({"LZ_TLS_CERT": "/c.pem", "LZ_PORT": "443"}, "https://d.example"),
    ],
)
def test_a_page_s_origin_follows_from_who_speaks_tls(said: dict[str, str], origin: str) -> None:
    assert _with(**said).origin("d.example") == origin
    assert origin.startswith(_with(**said).scheme + ":")


def test_in_production_a_proxy_speaks_tls() -> None:
    with pytest.raises(Invalid, match="a reverse proxy speaks TLS") as refused:
        _with(LZ_MODE="production", LZ_TLS_CERT="/c.pem")
    assert refused.value.place == "LZ_TLS_CERT"


def test_the_data_directory_is_closed_to_others(room: Path) -> None:
    settings = _with(LZ_DATA_DIR=str(room / "lz"))
    settings.make_data_dir()
    settings.make_data_dir()
    readable_by_others = settings.data_dir.stat().st_mode & 0o066
    assert readable_by_others == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="the rule is about root")
def test_root_is_told_when_the_server_cannot_get_to_the_data_directory(room: Path) -> None:
    closed = room / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(Unavailable, match=re.escape(f"{closed} is closed to it")):
        _with(LZ_DATA_DIR=str(closed / "lz")).make_data_dir()


def test_a_data_directory_that_cannot_be_made_is_said_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="LZ_DATA_DIR"):
        _with(LZ_DATA_DIR=str(tmp_path / "file" / "under")).make_data_dir()


@pytest.mark.skipif(os.geteuid() != 0, reason="the rule is about root")
def test_root_in_a_closed_place_keeps_its_data_where_the_server_can_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "lz").touch()
    monkeypatch.setattr(module, "_CHECKOUT", closed)
    assert module.default_data_dir() == Path("/var/lib/liangzheng")


def test_what_no_order_settles_of_the_status_letters_is_a_setting() -> None:
    policy = _with(LZ_STATUS_EFFECTS="L=red+drive, R=message").status_policy
    assert may_drive(Status.parse("L"), policy) == (True, ())
    assert may_drive(Status.parse("DL"), policy) == (False, (StatusLetter.SUSPENDED,))
    assert display(Status.parse("R"), None, date(2026, 11, 20), policy) is Display.MESSAGE
    assert {
        letter for letter in StatusLetter if policy.effects[letter] != DEFAULT_POLICY.effects[letter]
    } == {"L", "R"}
    assert status_policy_text(policy) == "C=hidden,L=red+drive,R=message,Z=message"
    assert (
        _with(LZ_STATUS_EFFECTS=status_policy_text(DEFAULT_POLICY)).status_policy.effects["L"].may_drive
        is False
    )


def test_a_smallest_photo_larger_than_the_largest_is_refused() -> None:
    with pytest.raises(Invalid, match="at most LZ_PHOTO_MOST_OCTETS"):
        _with(LZ_PHOTO_LEAST_OCTETS="20000", LZ_PHOTO_MOST_OCTETS="10000")


@pytest.mark.parametrize(
    ("said", "demanded"),
    [
        ({}, False),
        ({"LZ_MODE": "production"}, True),
        ({"LZ_REVIEWERS_LINKED": "yes"}, True),
        ({"LZ_MODE": "production", "LZ_REVIEWERS_LINKED": "no"}, False),
    ],
)
def test_staff_are_linked_in_production_unless_said_otherwise(said: dict[str, str], demanded: bool) -> None:
    settings = _with(**said)
    assert settings.demands_linked_staff is demanded
    assert staff_policy(settings).demands_links is demanded
