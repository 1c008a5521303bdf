"""What a benchmark answers with, and how a rate is held against its limit.

A figure is a ratio. The limit is worked in the same run and the same process, in short turns with the work
itself, so that whatever else the machine does falls on both.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `value` and `limit` are in `unit`; `ratio` is what is held against `goal`."""

    name: str
    value: float
    unit: str
    limit: float
    ratio: float
    goal: float
    note: str
    """What the limit is, and whatever else a reader must know to believe the figure."""

    @property
    def is_met(self) -> bool:
        """Whether the goal is reached."""
        return self.ratio >= self.goal

    def as_json(self) -> dict[str, Any]:
        """The object `./lz bench --json` prints."""
        return asdict(self)


def median_of(measure: Callable[[], float], runs: int = 5) -> float:
    """Median of `runs` measurements after one that is thrown away."""
    measure()
    return statistics.median(measure() for _ in range(runs))


def rate_against(
    name: str,
    work: Callable[[int], object],
    limit: Callable[[int], object],
    *,
    turns: int,
    goal: float,
    note: str,
    runs: int = 9,
    turn: int = 1,
) -> Figure:
    """`work(i)` and `limit(i)` for every `i` below `turns`, in turns of `turn`, as operations a second of
    this process's own CPU time. The ratio is the median of the ratios of the runs.

    One by one, unless said otherwise: on a machine that others use as well, what they do then falls on both alike.
    """
    ratios: list[float] = []
    rates: list[tuple[float, float]] = []
    with _settled():
        for run in range(runs + 1):
            worked = limited = 0.0
            for start in range(0, turns, turn):
                places = range(start, min(start + turn, turns))
                limited += _seconds(limit, places)
                worked += _seconds(work, places)
            if run:  # the first run warms up
                ratios.append(limited / worked)
                rates.append((turns / worked, turns / limited))
    value, best = (statistics.median(column) for column in zip(*rates, strict=True))
    return Figure(name, value, "1/s of one core", best, statistics.median(ratios), goal, note)


@contextmanager
def _settled() -> Iterator[None]:
    """What was made before measuring is not looked through by the garbage collector while measuring, as in a
    server after its start."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _seconds(work: Callable[[int], object], places: range) -> float:
    start = time.process_time()
    for place in places:
        work(place)
    return time.process_time() - start
