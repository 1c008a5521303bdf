"""What plays a count of faces: shapes on white, none, one in the middle or aside, two; never in production."""

from __future__ import annotations

import pytest

from liangzheng.cli.demo import pictures
from liangzheng.drivers.draw import portrait
from liangzheng.infra.photo_faces_simulated import SimulatedFaces, shapes
from liangzheng.kernel.errors import Unavailable


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
