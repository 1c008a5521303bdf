"""`lz face` as an operator uses it, with the engine that plays one: over files that hold numbers, so that every rate is known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from liangzheng.cli.face import app
from liangzheng.infra.face_dlib import DlibComparer
from liangzheng.infra.face_simulated import PlayedComparer
from liangzheng.kernel.errors import Failure, Invalid, Unavailable


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LZ_FACE_ENGINE", "simulated")
    monkeypatch.setenv("LZ_DATA_DIR", str(tmp_path / "var"))


def face(*words: object) -> Result:
    """Raises the failure `lz` would say in one sentence."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(result.exception, Failure):
        raise result.exception
    return result


def pairs(folder: Path, *, same: list[float], others: list[float]) -> Path:
    """A CSV of pairs as far apart as these numbers."""
    rows = ["path_a,path_b,same"]
    for number, (distance, word) in enumerate([(d, "1") for d in same] + [(d, "0") for d in others]):
        for name, value in (("a", 0.0), ("b", distance)):
            (folder / f"{name}{number}").write_text(f"{value} of pair {number}")
        rows.append(f"a{number},b{number},{word}")
    file = folder / "pairs.csv"
    file.write_text("\n".join(rows))
    return file


@pytest.fixture
def known(tmp_path: Path) -> Path:
    return pairs(tmp_path, same=[0.10] * 200 + [0.30] * 98 + [0.70] * 2, others=[0.25] + [0.50] * 399)


def test_rates_known_by_hand_come_out_and_the_record_holds(tmp_path: Path, known: Path) -> None:
    assert face("new-key", tmp_path / "keys").exit_code == 0
    key, public = tmp_path / "keys" / "face-calibration.key", tmp_path / "keys" / "face-calibration.der"
    record = tmp_path / "record.json"
    done = face("calibrate", known, "--json", "--key", key, "--record", record)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["pass_at_most"], told["fail_above"], told["not_compared"]) == (0.24, 0.70, 0)
    assert (told["false_matches"]["errors"], told["false_matches"]["of"]) == (0, 400)
    assert told["false_matches"]["high"] == pytest.approx(1 - 0.05 ** (1 / 400))
    [at] = [each for each in told["table"] if each["threshold"] == 0.30]
    assert (at["false_matches"]["errors"], at["false_non_matches"]["errors"]) == (1, 2)
    said = face("check", record, "--key", public)
    assert "0.24" in said.stdout and "0.00% (0.00%–0.75%) of 400" in said.stdout
    # Of no other engine, altered, or under another key, it is none.
    altered = tmp_path / "altered.json"
    altered.write_text(record.read_text().replace('"record":"ey', '"record":"ez'))
    face("new-key", tmp_path / "others")
    for file, under in ((altered, public), (record, tmp_path / "others" / public.name)):
        with pytest.raises(Invalid, match="signed by"):
            face("check", file, "--key", under)


def test_a_record_is_of_one_engine_one_version_and_its_models(
    tmp_path: Path, known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    face("new-key", tmp_path / "keys")
    key, public = tmp_path / "keys" / "face-calibration.key", tmp_path / "keys" / "face-calibration.der"
    face("calibrate", known, "--key", key, "--record", tmp_path / "record.json")
    for name in ("version", "models"):
        with monkeypatch.context() as other:
            other.setattr(PlayedComparer, name, "other")
            with pytest.raises(Invalid, match="these very models"):
                face("check", tmp_path / "record.json", "--key", public)
    # The engine that looks at faces takes no record that was made of numbers.
    monkeypatch.setenv("LZ_FACE_ENGINE", "dlib")
    monkeypatch.setattr(DlibComparer, "with_models", lambda _: PlayedComparer())
    with pytest.raises(Invalid, match="these very models"):
        face("check", tmp_path / "record.json", "--key", public)
    monkeypatch.setenv("LZ_FACE_CALIBRATION", str(tmp_path / "record.json"))
    monkeypatch.setenv("LZ_FACE_CALIBRATION_KEY", str(public))
    with pytest.raises(Invalid, match="these very models"):
        face()


def test_the_table_is_for_people(known: Path) -> None:
    shown = face("calibrate", known)
    assert shown.exit_code == 0
    for word in ("SIMULATED", "误识率", "拒识率", "0.25% (", "█", "passes at most"):
        assert word in shown.stdout, word


def test_nothing_is_signed_on_too_little_or_on_what_tells_nobody_apart(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="at least 300 pairs of each sort"):
        face("calibrate", pairs(tmp_path, same=[0.1] * 300, others=[0.9] * 299))
    with pytest.raises(Unavailable, match="no threshold holds"):
        face("calibrate", pairs(tmp_path, same=[0.005] * 300, others=[0.005] * 300))
    with pytest.raises(Invalid, match="goes with --key"):
        face("calibrate", tmp_path / "pairs.csv", "--record", tmp_path / "record.json")
    assert not (tmp_path / "record.json").exists()


def test_pairs_without_a_face_are_none(tmp_path: Path) -> None:
    file = pairs(tmp_path, same=[0.1] * 300, others=[0.9] * 301)
    (tmp_path / "a600").write_text("no face")
    told = json.loads(face("calibrate", file, "--json").stdout)
    assert (told["not_compared"], told["false_matches"]["of"]) == (1, 300)
    (tmp_path / "a599").write_text("no face here")
    with pytest.raises(Invalid, match="with one face in each"):
        face("calibrate", file)


def test_a_key_is_private_and_never_written_over(tmp_path: Path, known: Path) -> None:
    face("new-key", tmp_path)
    with pytest.raises(Invalid, match="not written over"):
        face("new-key", tmp_path)
    key = tmp_path / "face-calibration.key"
    key.chmod(0o640)
    with pytest.raises(Invalid, match="by its owner only"):
        face("calibrate", known, "--key", key, "--record", tmp_path / "record.json")
    key.chmod(0o600)
    key.write_bytes(b"no key")
    with pytest.raises(Invalid, match="is a private key"):
        face("calibrate", known, "--key", key, "--record", tmp_path / "record.json")


def test_which_engine_there_is_and_whether_it_may_pass_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "never calibrated" in face().stdout
    monkeypatch.setenv("LZ_FACE_ENGINE", "manual")
    assert "every check goes to a person" in face().stdout
    monkeypatch.setattr(DlibComparer, "with_models", lambda _: PlayedComparer())
    monkeypatch.setenv("LZ_FACE_ENGINE", "dlib")
    assert "passes nobody" in face().stdout
    monkeypatch.setenv("LZ_FACE_ENGINE", "manual")
    with pytest.raises(Invalid, match="no distance is known"):
        face("calibrate", __file__)
