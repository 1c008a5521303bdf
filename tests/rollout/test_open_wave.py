"""The deployment's own calendar: opened by an act, asked by one statement."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from liangzheng import audit, rollout
from liangzheng.infra.postgres import Connection
from liangzheng.infra.reference import load_reference
from liangzheng.kernel.errors import Conflict
from liangzheng.rollout import Measure, NotOpen, Open, Wave
from liangzheng.rollout.history import calendar_of_history

AUTHORITIES = load_reference().authorities
OPERATOR = audit.Actor("operator")
DAY = date(2026, 11, 20)
SUZHOU = Wave(Measure.E_LICENCE, "Suzhou", DAY, DAY, {"320500": DAY}, source="test")


async def test_nothing_is_open_in_a_new_deployment(tx: Connection) -> None:
    assert (await rollout.calendar(tx)).waves == ()
    assert await rollout.opening(tx, Measure.E_LICENCE, AUTHORITIES.get("苏E"), DAY) == NotOpen(None)


async def test_an_opened_wave_opens_its_cities_and_no_others(tx: Connection, now: datetime) -> None:
    assert await rollout.open_wave(tx, SUZHOU, now, OPERATOR)
    assert await rollout.opening(tx, Measure.E_LICENCE, AUTHORITIES.get("苏E"), DAY) == Open(DAY, "Suzhou")
    assert await rollout.opening(tx, Measure.E_LICENCE, AUTHORITIES.get("苏A"), DAY) == NotOpen(None)
    assert await rollout.opening(tx, Measure.LORRY_PASS, AUTHORITIES.get("苏E"), DAY) == NotOpen(None)


async def test_a_planned_wave_opens_on_its_day(tx: Connection, now: datetime) -> None:
    later = date(2026, 12, 1)
    await rollout.open_wave(
        tx, Wave(Measure.E_LICENCE, "all", later, later, {}, nationwide=True), now, OPERATOR
    )
    assert await rollout.opening(tx, Measure.E_LICENCE, AUTHORITIES.get("藏A"), DAY) == NotOpen(later)
    assert await rollout.opening(tx, Measure.E_LICENCE, AUTHORITIES.get("藏A"), later) == Open(later, "all")


async def test_the_same_wave_again_changes_nothing(tx: Connection, now: datetime) -> None:
    assert await rollout.open_wave(tx, SUZHOU, now, OPERATOR)
    before = await tx.fetchval("SELECT count(*) FROM audit_entry")
    assert not await rollout.open_wave(tx, SUZHOU, now, OPERATOR)
    assert await tx.fetchval("SELECT count(*) FROM audit_entry") == before == 1


async def test_another_wave_under_an_announced_name_is_refused(tx: Connection, now: datetime) -> None:
    await rollout.open_wave(tx, SUZHOU, now, OPERATOR)
    other = Wave(Measure.E_LICENCE, "Suzhou", DAY, DAY, {"320100": DAY}, source="test")
    with pytest.raises(Conflict):
        await rollout.open_wave(tx, other, now, OPERATOR)


async def test_the_history_comes_back_from_the_database_as_it_went_in(tx: Connection, now: datetime) -> None:
    history = calendar_of_history(load_reference().waves)
    for wave in history.waves:
        assert await rollout.open_wave(tx, wave, now, OPERATOR)
    assert await rollout.calendar(tx) == history
    for authority in AUTHORITIES:
        for day in (date(2021, 6, 1), date(2021, 9, 1), date(2021, 10, 22), date(2021, 12, 10)):
            asked = rollout.decide_opening(history, Measure.E_LICENCE, authority, day)
            assert await rollout.opening(tx, Measure.E_LICENCE, authority, day) == asked
