"""Keys in files: made, rotated, dated when lost; a ceremony takes effect at one moment or not at all."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from liangzheng.infra import keys_file
from liangzheng.infra.keys_file import (
    ISSUING_PROVINCES,
    FileSigners,
    KeyDirs,
    KeyOverlap,
    KeyState,
    Trust,
    compromise,
    init,
    key_state,
    kid_of,
    load_bundle,
    refuse_in_production,
    rotate,
    running_out,
    sign_again,
    signing_entry,
)
from liangzheng.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from liangzheng.standards import x509
from liangzheng.standards.keys import Alg
from liangzheng.standards.trust import TrustBundle
from liangzheng.standards.x509 import Role

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
JIANGSU = (Role.DOCUMENT, "CN-32")
STATUS = (Role.STATUS, None)


@pytest.fixture
def dirs(tmp_path: Path) -> KeyDirs:
    found = KeyDirs.under(tmp_path / "keys")
    init(found, Alg.ES256, NOW, "Fictional Authority")
    return found


@pytest.mark.parametrize("alg", list(Alg))
def test_a_root_makes_a_signer_for_each_province_and_one_for_the_status(tmp_path: Path, alg: Alg) -> None:
    dirs = KeyDirs.under(tmp_path)
    bundle = init(dirs, alg, NOW, "Fictional Authority")
    assert bundle.version == 1
    assert {(entry.role, entry.province) for entry in bundle.entries} == {
        STATUS,
        (Role.AUDIT, None),
        *((Role.DOCUMENT, province) for province in ISSUING_PROVINCES),
    }
    assert len(ISSUING_PROVINCES) == 31 and {entry.alg for entry in bundle.entries} == {alg}
    signer = FileSigners(dirs.issuer, Role.DOCUMENT, Trust(dirs.trust)).signing("CN-32", NOW)
    entry = bundle.find(signer.kid, Role.DOCUMENT)
    assert entry is not None
    entry.key.verify(b"message", signer.sign(b"message"))


def test_a_verifier_that_pins_the_root_reads_the_bundle(dirs: KeyDirs) -> None:
    fingerprint = x509.Certificate.load(dirs.root_certificate.read_bytes()).key.fingerprint
    assert TrustBundle.load(dirs.bundle.read_bytes(), fingerprint).version == 1


def test_a_document_signer_signs_for_ninety_days_and_its_certificate_outlives_what_it_signed(
    dirs: KeyDirs,
) -> None:
    for entry in load_bundle(dirs).entries:
        assert entry.signed_until - entry.signed_from == 90 * 86400
        assert x509.Certificate.load(entry.certificate).not_after >= entry.signed_until + 365 * 86400


def test_keys_are_for_their_owner_alone(dirs: KeyDirs) -> None:
    for directory in (dirs.root, dirs.issuer, dirs.status, dirs.index):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        files = list(directory.iterdir())
        assert files
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_directory_others_can_read_is_refused(dirs: KeyDirs) -> None:
    dirs.issuer.chmod(0o750)
    with pytest.raises(Unavailable, match="others"):
        FileSigners(dirs.issuer, Role.DOCUMENT, Trust(dirs.trust)).signing("CN-32", NOW)


def test_a_key_others_can_read_is_refused(dirs: KeyDirs) -> None:
    next(dirs.status.glob("*.key")).chmod(0o644)
    with pytest.raises(Unavailable, match="others"):
        FileSigners(dirs.status, Role.STATUS, Trust(dirs.trust)).signing(None, NOW)


def test_no_role_reaches_the_keys_of_another(dirs: KeyDirs) -> None:
    status_only = FileSigners(dirs.status, Role.DOCUMENT, Trust(dirs.trust))
    with pytest.raises(Unavailable):
        status_only.signing("CN-32", NOW)
    kids = {entry.kid for entry in load_bundle(dirs).entries if entry.role is Role.DOCUMENT}
    status = FileSigners(dirs.status, Role.STATUS, Trust(dirs.trust))
    assert all(status.of_kid(kid, NOW) is None for kid in kids)


def test_keys_are_made_once(dirs: KeyDirs) -> None:
    before = dirs.bundle.read_bytes()
    with pytest.raises(Conflict):
        init(dirs, Alg.ES256, NOW, "Fictional Authority")
    assert dirs.bundle.read_bytes() == before


def test_a_rotated_key_takes_over_and_the_old_one_ends_after_the_overlap(dirs: KeyDirs) -> None:
    old = signing_entry(load_bundle(dirs).entries, *JIANGSU, NOW)
    later = NOW + 30 * DAY
    takeover = KeyOverlap(lead=timedelta(hours=24), overlap=timedelta(hours=6))
    bundle = rotate(dirs, [JIANGSU], later, takeover)
    assert bundle.version == 2
    assert old is not None
    states = []
    for hours in (0, 23, 25, 31):
        at = later + timedelta(hours=hours)
        pair = [entry for entry in bundle.entries if (entry.role, entry.province) == JIANGSU]
        states.append([key_state(entry, bundle.entries, at) for entry in pair])
    assert states == [
        [KeyState.ACTIVE, KeyState.PLANNED],
        [KeyState.ACTIVE, KeyState.PLANNED],
        [KeyState.RETIRING, KeyState.ACTIVE],
        [KeyState.RETIRED, KeyState.ACTIVE],
    ]
    signers = FileSigners(dirs.issuer, Role.DOCUMENT, Trust(dirs.trust))
    assert signers.signing("CN-32", later).kid == old.kid
    assert signers.signing("CN-32", later + 2 * DAY).kid != old.kid
    assert signers.of_kid(old.kid, later + timedelta(hours=25)) is not None
    assert signers.of_kid(old.kid, later + timedelta(hours=31)) is None


def test_a_retired_key_stays_with_the_window_it_signed_in(dirs: KeyDirs) -> None:
    old = signing_entry(load_bundle(dirs).entries, *JIANGSU, NOW)
    assert old is not None
    bundle = rotate(dirs, [JIANGSU], NOW + DAY, KeyOverlap(overlap=timedelta(0)))
    kept = bundle.find(old.kid, Role.DOCUMENT)
    assert kept is not None
    assert kept.why_not_at(int((NOW + DAY / 2).timestamp())) is None
    assert kept.why_not_at(int((NOW + 2 * DAY).timestamp())) is not None


def test_only_what_was_named_is_rotated(dirs: KeyDirs) -> None:
    before = {entry.kid for entry in load_bundle(dirs).entries}
    after = rotate(dirs, [JIANGSU, STATUS], NOW + DAY, KeyOverlap())
    assert before < {entry.kid for entry in after.entries}
    assert len(after.entries) == len(before) + 2


def test_a_province_that_is_none_of_ours_is_not_rotated(dirs: KeyDirs) -> None:
    with pytest.raises(NotFound):
        rotate(dirs, [(Role.DOCUMENT, "CN-71")], NOW, KeyOverlap())
    assert load_bundle(dirs).version == 1


def test_a_compromised_key_signs_nothing_more_and_is_dated(dirs: KeyDirs) -> None:
    lost = signing_entry(load_bundle(dirs).entries, *JIANGSU, NOW)
    assert lost is not None
    since = NOW + 10 * DAY
    bundle = compromise(dirs, lost.kid, since, NOW + 12 * DAY)
    entry = bundle.find(lost.kid, Role.DOCUMENT)
    assert entry is not None
    assert entry.why_not_at(int((since - DAY).timestamp())) is None
    assert entry.why_not_at(int(since.timestamp())) is not None
    signers = FileSigners(dirs.issuer, Role.DOCUMENT, Trust(dirs.trust))
    assert signers.of_kid(lost.kid, NOW + DAY) is None
    with pytest.raises(Unavailable):
        signers.signing("CN-32", NOW + DAY)
    earlier = compromise(dirs, lost.kid, NOW, NOW + 13 * DAY).find(lost.kid, Role.DOCUMENT)
    later = compromise(dirs, lost.kid, NOW + 13 * DAY, NOW + 13 * DAY).find(lost.kid, Role.DOCUMENT)
    assert earlier is not None and later is not None
    assert earlier.compromised_at == later.compromised_at == int(NOW.timestamp()), "an earlier date stays"


def test_an_unknown_key_cannot_be_marked(dirs: KeyDirs) -> None:
    with pytest.raises(NotFound):
        compromise(dirs, bytes(8), NOW, NOW)


def test_signing_again_raises_the_version_and_changes_no_key(dirs: KeyDirs) -> None:
    before = load_bundle(dirs)
    after = sign_again(dirs, NOW + DAY)
    assert after.version == before.version + 1
    assert after.issued_at == before.issued_at + 86400
    assert after.entries == before.entries


def test_who_has_the_bundle_open_sees_the_next_one(dirs: KeyDirs) -> None:
    trust = Trust(dirs.trust)
    assert trust().version == 1
    rotate(dirs, [STATUS], NOW, KeyOverlap())
    assert trust().version == 2
    assert trust.published()[1] == dirs.bundle.read_bytes()


def test_an_older_bundle_put_back_is_not_taken(dirs: KeyDirs) -> None:
    trust, old = Trust(dirs.trust), dirs.bundle.read_bytes()
    rotate(dirs, [STATUS], NOW, KeyOverlap())
    assert trust().version == 2
    dirs.bundle.write_bytes(old)
    with pytest.raises(Unavailable, match="older"):
        trust()


def test_a_damaged_bundle_is_refused(dirs: KeyDirs) -> None:
    octets = bytearray(dirs.bundle.read_bytes())
    octets[len(octets) // 2] ^= 1
    dirs.bundle.write_bytes(bytes(octets))
    with pytest.raises(Unavailable):
        Trust(dirs.trust)()


def test_keys_that_run_out_are_told_two_weeks_before(dirs: KeyDirs) -> None:
    bundle = load_bundle(dirs)
    assert running_out(bundle, NOW + 75 * DAY) == []
    assert len(running_out(bundle, NOW + 77 * DAY)) == 33
    assert {last for _, _, last in running_out(bundle, NOW + 91 * DAY)} == {None}
    rotate(dirs, [JIANGSU], NOW + 77 * DAY, KeyOverlap())
    names = {province for _, province, _ in running_out(load_bundle(dirs), NOW + 78 * DAY)}
    assert "CN-32" not in names and "CN-33" in names


def test_two_ceremonies_do_not_run_at_once(dirs: KeyDirs) -> None:
    with keys_file._ceremony(dirs):
        with pytest.raises(Conflict):
            rotate(dirs, [STATUS], NOW, KeyOverlap())
    assert rotate(dirs, [STATUS], NOW, KeyOverlap()).version == 2


class PowerCut(BaseException):
    """The machine is off."""


def cut_before(write: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The write with that number, and everything after it, does not happen."""
    whole, count = keys_file.write_whole, 0

    def counted(path: Path, octets: bytes, mode: int = 0o600) -> None:
        nonlocal count
        if count == write:
            raise PowerCut
        count += 1
        whole(path, octets, mode)

    monkeypatch.setattr(keys_file, "write_whole", counted)


def writes_of(act: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> int:
    whole, count = keys_file.write_whole, 0

    def counted(path: Path, octets: bytes, mode: int = 0o600) -> None:
        nonlocal count
        count += 1
        whole(path, octets, mode)

    with monkeypatch.context() as patch:
        patch.setattr(keys_file, "write_whole", counted)
        act()
    return count


def test_a_rotation_cut_off_at_any_write_leaves_the_old_keys_whole(
    dirs: KeyDirs, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = writes_of(lambda: rotate(dirs, [JIANGSU, STATUS], NOW, KeyOverlap()), monkeypatch)
    assert writes == 3
    before = load_bundle(dirs)
    for write in range(writes):
        with monkeypatch.context() as patch, pytest.raises(PowerCut):
            cut_before(write, patch)
            rotate(dirs, [JIANGSU, STATUS], NOW + DAY, KeyOverlap())
        assert load_bundle(dirs) == before
        assert FileSigners(dirs.issuer, Role.DOCUMENT, Trust(dirs.trust)).signing("CN-32", NOW)
    assert rotate(dirs, [JIANGSU], NOW + DAY, KeyOverlap()).version == before.version + 1


def test_a_first_ceremony_cut_off_at_any_write_can_be_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = KeyDirs.under(tmp_path / "whole")
    writes = writes_of(lambda: init(whole, Alg.ES256, NOW, "Fictional Authority"), monkeypatch)
    for write in (0, 1, 2, 3, 4, 20, writes - 2, writes - 1):
        dirs = KeyDirs.under(tmp_path / str(write))
        with monkeypatch.context() as patch, pytest.raises(PowerCut):
            cut_before(write, patch)
            init(dirs, Alg.ES256, NOW, "Fictional Authority")
        with pytest.raises(NotFound):
            load_bundle(dirs)
        bundle = init(dirs, Alg.ES256, NOW, "Fictional Authority")
        assert len(bundle.entries) == 33
        assert FileSigners(dirs.issuer, Role.DOCUMENT, Trust(dirs.trust)).signing("CN-65", NOW)


def test_a_file_is_never_seen_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bundle"
    keys_file.write_whole(path, b"old")

    def full(_fd: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(keys_file.os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        keys_file.write_whole(path, b"new and longer")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path], "nothing is left beside it"


def test_key_files_are_refused_in_production_unless_someone_says_so() -> None:
    with pytest.raises(Forbidden, match="LZ_ALLOW_SOFTWARE_KEYS"):
        refuse_in_production("production", False)
    refuse_in_production("production", True)
    refuse_in_production("demo", False)


@pytest.mark.parametrize("text", ["", "0123", "0123456789abcdef00", "zz" * 8])
def test_a_key_id_has_sixteen_hexadecimal_digits(text: str) -> None:
    assert kid_of("0123456789abcdef") == bytes.fromhex("0123456789abcdef")
    with pytest.raises(Invalid):
        kid_of(text)
