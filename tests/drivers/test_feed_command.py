"""`lz register source` and `lz register feed` as a person uses them, each command a process of its own."""

from __future__ import annotations

import base64
import csv
import json
from pathlib import Path
from typing import Any

import pytest

from drivers.test_register_command import Lz
from liangzheng.cli import register_feed
from liangzheng.kernel.errors import Invalid, NotFound
from liangzheng.kernel.ids import SourceId
from liangzheng.standards.keys import Alg, SoftwareSigner


@pytest.fixture
def lz(server_room: Path, tmp_path: Path) -> Lz:
    room = server_room / tmp_path.name
    room.mkdir()
    room.chmod(0o711)
    return Lz(room)


def pem(octets: bytes, what: str) -> bytes:
    text = base64.encodebytes(octets).decode().strip()
    return f"-----BEGIN {what}-----\n{text}\n-----END {what}-----\n".encode()


@pytest.mark.parametrize("alg", Alg)
@pytest.mark.parametrize("packed", [True, False], ids=["PEM", "DER"])
def test_keys_are_read_as_openssl_writes_them(tmp_path: Path, alg: Alg, packed: bool) -> None:
    signer = SoftwareSigner.generate(alg)
    spki, pkcs8 = signer.public_key.spki, signer.to_pkcs8()
    (tmp_path / "public").write_bytes(pem(spki, "PUBLIC KEY") if packed else spki)
    (tmp_path / "private").write_bytes(pem(pkcs8, "PRIVATE KEY") if packed else pkcs8)
    assert register_feed._public_key(tmp_path / "public") == signer.public_key
    assert register_feed._signer(tmp_path / "private").kid == signer.kid
    with pytest.raises(Invalid):
        register_feed._public_key(tmp_path / "private")
    with pytest.raises(NotFound):
        register_feed._signer(tmp_path / "nowhere")


def test_a_file_is_sent_in_bodies_without_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "changes.ndjson"
    file.write_bytes(
        b"".join(json.dumps({"sequence": n}).encode() + b"\n" for n in range(1, 2_502)) + b"no line\n"
    )
    bodies: list[bytes] = []

    def post(_url: str, _source: SourceId, _signer: SoftwareSigner, body: bytes) -> dict[str, Any]:
        bodies.append(body)
        refused = [{"line": 1, "sequence": None, "place": "line", "rule": "x"}] if b"no line" in body else []
        return {"done_to": 400 if not body else 2_501, "applied": body.count(b"sequence"), "refused": refused}

    monkeypatch.setattr(register_feed, "post_body", post)
    told = register_feed._send(file, SourceId.new(), "http://here", SoftwareSigner.generate(Alg.ES256))
    assert (told.passed_over, told.sent, told.applied, told.refused) == (400, 2_102, 2_101, 1)
    assert [body.count(b"\n") for body in bodies] == [0, 1_000, 1_000, 102]
    assert b"".join(bodies) == b"".join(file.read_bytes().splitlines(keepends=True)[400:])


def test_from_a_new_source_to_a_change_applied_once(lz: Lz) -> None:
    assert lz("keys", "init").returncode == 0
    file = lz.room / "register.csv"
    lz("register", "generate", "--drivers", "40", "--out", file, "--portraits", "0", "--as-of", "2026-11-20")
    imported = lz("register", "import", file)
    assert imported.returncode == 0, imported.stderr
    with file.open(encoding="utf-8") as opened:
        row = next(row for row in csv.DictReader(opened) if row["status"] == "A")
    key = lz.room / "public.pem"
    key.write_bytes(pem(SoftwareSigner.generate(Alg.SM2).public_key.spki, "PUBLIC KEY"))
    added = lz("register", "source", "add", "示例登记", "--key", key, *every_province())
    assert added.returncode == 0, added.stderr
    source = added.stdout.split()[0]
    changes = lz.room / "changes.ndjson"
    lines = [
        {"sequence": n, "occurred_at": "2026-11-01T00:00:00Z", "driver": whose, "change": "status", "values": {"status": letters}}
        for n, letters, whose in (
            (1, "D", {"file_number": row["file_number"]}),
            (2, "D", {"file_number": "000000000000"}),
        )
    ]  # fmt: skip
    changes.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    told = lz("register", "feed", changes, "--source", source)
    assert told.returncode == 0, told.stderr
    assert told.stdout.strip() == "2 lines told, 1 applied, 1 refused, 0 done before; done to 2"
    again = lz("register", "feed", changes, "--source", source, "--strict")
    assert again.stdout.strip() == "0 lines told, 0 applied, 0 refused, 2 done before; done to 2"
    assert "2  " in lz("register", "source", "refused", source).stdout
    assert "active  done to 2, 0 waiting" in lz("register", "source", "list").stdout
    assert lz("register", "source", "end", source).returncode == 0
    assert lz("register", "feed", changes, "--source", source).returncode == 1


def every_province() -> list[str]:
    from liangzheng.kernel.region import PROVINCES

    return [word for prefix in PROVINCES for word in ("--province", prefix)]
