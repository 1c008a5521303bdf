"""Pairs are read strictly, compared as a check compares, and counted when they cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from liangzheng.infra.face_measure import MOST_PAIRS, apart_by, measure, read_pairs
from liangzheng.infra.face_rates import Measured
from liangzheng.infra.face_simulated import PlayedComparer
from liangzheng.kernel.errors import Invalid


def written(folder: Path, *rows: str, header: str = "path_a,path_b,same") -> Path:
    for name, number in (("a", "0.1"), ("b", "0.35"), ("c", "0.9"), ("none", "no number"), ("a2", "0.1")):
        (folder / name).write_text(number)
    file = folder / "pairs.csv"
    file.write_text("\n".join((header, *rows)) + "\n", "utf-8")
    return file


async def test_pairs_are_as_far_apart_as_the_engine_says_and_what_shows_no_face_is_counted(
    tmp_path: Path,
) -> None:
    pairs = read_pairs(written(tmp_path, "a,b,1", f"{tmp_path}/b,c,no", "a,none,yes"))
    told: list[int] = []
    found = await measure(pairs, apart_by(PlayedComparer()), told.append)
    assert [(round(one.distance, 6), one.same) for one in found.measured] == [(0.25, True), (0.55, False)]
    assert isinstance(found.measured[0], Measured)
    assert (found.not_compared, told) == (1, [1, 2, 3])


@pytest.mark.parametrize(
    ("rows", "place", "rule"),
    [
        (("a,b,1", "a,gone,1"), "pairs.csv:3", "gone can be read"),
        (("a,b",), "pairs.csv:2", "two paths"),
        (("a,b,maybe",), "pairs.csv:2", "1 or 0"),
        (("a,a,1",), "pairs.csv:2", "two different pictures"),
        (("a,a2,1",), "pairs.csv:2", "two different pictures"),
        (("a,b,1", "b,a,1"), "pairs.csv:3", "not named before"),
        (("a,b,1", "b,a2,0"), "pairs.csv:3", "not named before"),
        (('"a,b,1',), "pairs.csv", "is a CSV"),
    ],
)
def test_what_is_no_evidence_is_refused_by_its_line(
    tmp_path: Path, rows: tuple[str, ...], place: str, rule: str
) -> None:
    with pytest.raises(Invalid, match=rule) as refused:
        read_pairs(written(tmp_path, *rows))
    assert refused.value.place == place


def test_another_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="path_a,path_b,same"):
        read_pairs(written(tmp_path, "a,b,1", header="one,other,same"))
    with pytest.raises(Invalid, match="can be read"):
        read_pairs(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(b"path_a,path_b,same\n\xff,b,1\n")
    with pytest.raises(Invalid, match="UTF-8"):
        read_pairs(tmp_path / "latin.csv")


def test_there_is_an_end_to_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liangzheng.infra.face_measure.MOST_PAIRS", 1)
    assert MOST_PAIRS > 1
    with pytest.raises(Invalid, match="at most 1 pairs"):
        read_pairs(written(tmp_path, "a,b,1", "b,c,0"))
    monkeypatch.setattr("liangzheng.infra.face_measure.LARGEST_PICTURE_OCTETS", 2)
    with pytest.raises(Invalid, match="a has at most"):
        read_pairs(written(tmp_path, "a,b,1"))
