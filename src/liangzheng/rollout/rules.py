"""Where a measure is open on a day. Pure: a calendar in, an answer out."""

from __future__ import annotations

from datetime import date

from liangzheng.kernel.region import IssuingAuthority
from liangzheng.rollout.model import Calendar, Measure, NotOpen, NotPublished, Open, Opening, Wave


def decide_opening(calendar: Calendar, measure: Measure, authority: IssuingAuthority, day: date) -> Opening:
    """Whether `measure` is open on `day` for licences issued by `authority`.

    Open from the earliest published day on. Where the city's own day was never published – it was named
    without a
    day, or not every place of a wave was named – the answer from that wave's first day is NotPublished until
    a
    published day covers the city (2021-12-10, nationwide, in the history of the e-licence). Never a guess.
    A wave decides who may apply, not where a licence counts: once issued it has effect nationwide (Order 162
    art. 61), so nothing but applying asks this rule.
    Source: docs/reference.md §11.1: the batches of 2021-06-01, 2021-09-01, 2021-10-20…26, by 2021-12-02 and
    2021-12-10 (data/waves.csv).
    """
    code = authority.division_code or authority.province_prefix + "0000"
    waves = tuple(calendar.of_measure(measure))
    days = sorted((opens, wave.name) for wave in waves if (opens := wave.day_of(code)) is not None)
    if days and days[0][0] <= day:
        return Open(since=days[0][0], wave=days[0][1])
    known = days[0][0] if days else None
    unpublished = _may_have_opened_in(waves, code, known)
    begun = [wave for wave in unpublished if wave.first_day <= day]
    if begun:
        return NotPublished(
            wave=begun[0].name, latest=begun[0].opens_until if begun[0].names(code) else known
        )
    return NotOpen(opens_on=None if unpublished else known)


def _may_have_opened_in(waves: tuple[Wave, ...], code: str, known: date | None) -> list[Wave]:
    """Waves the city may have opened in, unpublished, before its first published day, by opening day.

    A city named in one wave without a day opened in that one; otherwise any wave with unnamed places may be
    it.
    """
    before = [
        wave for wave in waves if wave.day_of(code) is None and (known is None or wave.first_day < known)
    ]
    named = [wave for wave in before if wave.names(code)]
    return named or [wave for wave in before if not wave.complete]
