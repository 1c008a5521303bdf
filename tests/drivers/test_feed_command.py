"""`lz register source` and `lz register feed` as a person uses them, each command a process of its own."""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from drivers.test_register_command import Lz
from liangzheng import drivers
from liangzheng.cli import register_feed, tell_register
from liangzheng.kernel.errors import Conflict, Invalid, NotFound, TooMany, Unavailable
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


Said = dict[str, Any]


class Deployment:
    """Answers as a deployment that has done `done_to` numbers; `lost` answers fail before one comes through."""

    def __init__(self, done_to: int = 0, room: int = 10_000, lost: tuple[Exception, ...] = ()) -> None:
        self.done_to, self.room, self.lost = done_to, room, list(lost)
        self.waits: set[int] = set()
        self.bodies: list[bytes] = []
        self.slept: list[float] = []

    def post(self, _url: str, _source: SourceId, _signer: SoftwareSigner, body: bytes) -> Said:
        self.bodies.append(body)
        if body and self.lost:
            raise self.lost.pop(0)
        refused: list[Said] = []
        before = self.done_to
        for line in body.splitlines():
            sequence = drivers.sequence_of(line)
            if sequence is None:
                refused.append({"line": 1, "sequence": None, "place": "line", "rule": "x"})
            elif sequence > self.done_to:
                self.waits.add(sequence)
        while self.done_to + 1 in self.waits:
            self.done_to += 1
        self.waits = {n for n in self.waits if n > self.done_to}
        for sequence in sorted(self.waits)[self.room :]:
            self.waits.discard(sequence)
            refused.append({"line": 1, "sequence": sequence, "place": "sequence", "rule": "x"})
        return {"done_to": self.done_to, "applied": self.done_to - before, "refused": refused, "older": []}


def told_by(
    file: Path, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> tuple[tell_register.Told, list[int]]:
    monkeypatch.setattr(tell_register, "post_body", deployment.post)
    monkeypatch.setattr(tell_register.time, "sleep", deployment.slept.append)
    told, shown = tell_register.Told(), list[int]()
    tell_register.send(
        file, SourceId.new(), "http://here", SoftwareSigner.generate(Alg.ES256), told, shown.append
    )
    return told, shown


def numbered(file: Path, numbers: Iterable[int]) -> list[bytes]:
    lines = [json.dumps({"sequence": n}).encode() + b"\n" for n in numbers]
    file.write_bytes(b"".join(lines))
    return lines


def test_a_file_is_sent_in_bodies_without_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "changes.ndjson"
    lines = [*numbered(file, range(1, 2_502)), b"no line\n"]
    file.write_bytes(b"".join(lines))
    deployment = Deployment(done_to=400)
    told, shown = told_by(file, deployment, monkeypatch)
    assert (told.passed_over, told.sent, told.applied, told.refused) == (400, 2_102, 2_101, 1)
    assert [body.count(b"\n") for body in deployment.bodies] == [0, 1_000, 1_000, 102]
    assert b"".join(deployment.bodies) == b"".join(lines[400:])
    assert tell_register.lines_in(file) == shown[-1] == 2_502


def test_a_deployment_that_does_not_answer_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbered(tmp_path / "f", range(1, 11))
    lost = (
        Unavailable("restarting"),
        TooMany("slower", retry_after_s=3),
        Unavailable("for good", retry_after_s=9999),
    )
    deployment = Deployment(lost=lost)
    told, _ = told_by(tmp_path / "f", deployment, monkeypatch)
    assert (told.applied, told.done_to) == (10, 10)
    assert deployment.slept == [0.5, 3, 60]
    assert len(set(deployment.bodies[1:])) == 1, "the very same body each time"
    gone = Deployment(lost=tuple(Unavailable("gone") for _ in range(99)))
    with pytest.raises(Unavailable):
        told_by(tmp_path / "f", gone, monkeypatch)
    assert len(gone.bodies) == 2 + len(tell_register.WAITS_S)
    halted = Deployment(lost=(Conflict("halted"),))
    with pytest.raises(Conflict):
        told_by(tmp_path / "f", halted, monkeypatch)
    assert halted.slept == []


def test_what_found_no_room_is_told_again_while_others_move_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tell_register, "LINES_A_BODY", 2)
    numbered(tmp_path / "f", range(12, 0, -1))
    told, _ = told_by(tmp_path / "f", Deployment(room=3), monkeypatch)
    assert (told.done_to, told.applied, told.refused, told.sent) == (12, 12, 0, 12)
    numbered(tmp_path / "g", [1, 2, *range(9, 15)])
    told, _ = told_by(tmp_path / "g", Deployment(room=3), monkeypatch)
    assert (told.done_to, told.refused) == (2, 3), "without an end where a line is missing for good"


def test_a_line_without_an_end_fills_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "f"
    [first, second] = numbered(file, (1, 2))
    longest = b'{"sequence": 3, "x": "' + b"x" * (drivers.LONGEST_LINE - 24) + b'"}'
    assert len(longest) == drivers.LONGEST_LINE
    file.write_bytes(first + b"x" * (1 << 20) + b"\n" + second + longest + b"\n" + b"y" * 5_000)
    told, _ = told_by(file, Deployment(), monkeypatch)
    assert (told.applied, told.refused) == (3, 2)
    assert told.shown == [f"refused: line {n} of the file: at most 4096 octets" for n in (2, 5)]


def test_from_a_new_source_to_a_change_applied_once(lz: Lz) -> None:
    assert lz("keys", "init").returncode == 0
    file = lz.room / "register.csv"
    lz("register", "generate", "--drivers", "40", "--out", file, "--portraits", "0", "--as-of", "2026-11-20")
    imported = lz("register", "import", file, "--as-of", "2026-09-15")
    assert imported.returncode == 0, imported.stderr
    with file.open(encoding="utf-8") as opened:
        row, other = [row for row in csv.DictReader(opened) if row["status"] == "A"][:2]
    key = lz.room / "public.pem"
    key.write_bytes(pem(SoftwareSigner.generate(Alg.SM2).public_key.spki, "PUBLIC KEY"))
    added = lz("register", "source", "add", "示例登记", "--key", key, *every_province())
    assert added.returncode == 0, added.stderr
    source = added.stdout.split()[0]
    changes = lz.room / "changes.ndjson"
    lines = [
        {
            "sequence": n, "occurred_at": f"2026-{month:02}-01T00:00:00Z", "driver": whose, "change": "status",
            "values": {"status": letters},
        }
        for n, letters, month, whose in (
            (1, "D", 11, {"file_number": row["file_number"]}),
            (2, "D", 11, {"file_number": "000000000000"}),
            (3, "A", 10, {"file_number": row["file_number"]}),  # older than line 1
            (4, "D", 9, {"file_number": other["file_number"]}),  # older than the file
            (6, "H", 11, {"file_number": other["file_number"]}),  # and 5 is missing
        )
    ]  # fmt: skip
    changes.write_text("".join(json.dumps(line) + "\n" for line in lines[:-1]), encoding="utf-8")
    told = lz("register", "feed", changes, "--source", source)
    assert told.returncode == 0, told.stderr
    assert told.stdout.strip() == "4 lines told, 1 applied, 1 refused, 2 older, 0 done before; done to 4"
    again = lz("register", "feed", changes, "--source", source, "--strict")
    assert again.stdout.strip() == "0 lines told, 0 applied, 0 refused, 0 older, 4 done before; done to 4"
    assert "2  " in lz("register", "source", "refused", source).stdout
    changes.write_text(json.dumps(lines[-1]) + "\n", encoding="utf-8")
    assert lz("register", "feed", changes, "--source", source).returncode == 0
    closed = lz("register", "source", "close-gap", source, "--reason", "lost")
    assert closed.stdout.strip() == "closed 5 to 5; 1 applied, 0 refused, 0 older; done to 6", closed.stderr
    assert "5  " in lz("register", "source", "refused", source).stdout
    assert "active  done to 6, 0 waiting" in lz("register", "source", "list").stdout
    assert lz("register", "source", "end", source).returncode == 0
    assert lz("register", "feed", changes, "--source", source).returncode == 1


def every_province() -> list[str]:
    from liangzheng.kernel.region import PROVINCES

    return [word for prefix in PROVINCES for word in ("--province", prefix)]
