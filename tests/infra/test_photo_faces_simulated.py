"""What plays a count of faces: shapes on white, none, one in the middle or aside, two; never in production."""

from __future__ import annotations

import pytest

from liangzheng import licences
from liangzheng.cli.demo import pictures
from liangzheng.drivers.draw import portrait
from liangzheng.infra.photo_faces_simulated import SimulatedFaces, shapes
from liangzheng.kernel.errors import Unavailable
from tests.conftest import NOW


@pytest.mark.parametrize("number", range(8))
def test_of_drawn_people_it_counts_none_one_and_two(number: int) -> None:
    drawn = portrait(7, number)
    assert shapes(drawn) == (1, True)
    assert shapes(pictures.nobody(drawn)) == (0, None)
    assert shapes(pictures.two_people(drawn)) == (2, None)
    assert shapes(pictures.aside(drawn)) == (1, False)


async def test_it_says_that_it_only_plays(capsys: pytest.CaptureFixture[str]) -> None:
    engine = SimulatedFaces("test")
    assert await engine.faces(portrait(7, 1)) == (1, True)
    assert engine.simulated and "SIMULATED" in "".join(capsys.readouterr())
    engine.close()


def test_it_is_not_made_in_production() -> None:
    with pytest.raises(Unavailable, match="production"):
        SimulatedFaces("production")


@pytest.mark.parametrize("number", range(4))
async def test_the_pictures_of_the_demonstration_are_turned_away_for_what_they_show(number: int) -> None:
    """As the API judges them: decoded, made anew, counted."""
    process, engine, drawn = licences.PhotoProcess(), SimulatedFaces("test"), portrait(7, number)
    try:
        for sent, fault in (
            (drawn, None),
            (pictures.nobody(drawn), "not_one_face"),
            (pictures.two_people(drawn), "not_one_face"),
            (pictures.aside(drawn), "not_frontal"),
        ):
            photo = licences.SentPhoto(licences.PhotoSource.CAMERA, sent)
            judged = await licences.judge_photo(photo, process, engine, licences.PhotoPolicy(), NOW)
            if isinstance(judged.decision, licences.Usable):
                assert fault is None and "face_not_checked" not in judged.decision.doubts
            else:
                assert fault in judged.decision.faults
    finally:
        process.close()
