"""Who plays what in the demonstration, over a start that was cut off."""

from __future__ import annotations

from typing import Any, cast

import pytest

from liangzheng import rollout
from liangzheng.cli.demo.kept import Actor, Kept
from liangzheng.cli.demo.stage import Stage

WAVE = cast(rollout.Wave, None)


def actor(line: int, role: str, *, once: bool = True, told: bool = False) -> Actor:
    return Actor(
        line=line, mobile="", password="", identity_number="", name="", authority="", classes="", phone_key=b"",
        story="", once=once, told=told, role=role,
    )  # fmt: skip


async def test_a_role_is_gone_on_with_by_who_had_it_and_never_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[dict[str, Any]] = []

    async def new_actor(_self: Stage, _wave: rollout.Wave, **said: Any) -> Actor:
        made.append(said)
        return actor(99, said.get("role", ""))

    monkeypatch.setattr(Stage, "new_actor", new_actor)
    stage = object.__new__(Stage)
    stage.kept = Kept(
        actors=[
            actor(1, "", once=False),
            actor(2, ""),  # of an earlier version: nobody knows what they played
            actor(3, "driver", told=True),
            actor(4, "replacer"),
            actor(5, "applicant"),
        ]
    )
    assert (await stage.cast(WAVE, "applicant")).line == 5
    assert (await stage.cast(WAVE, "replacer")).line == 4
    assert made == []
    assert (await stage.cast(WAVE, "driver")).line == 99
    await stage.spare(WAVE)
    assert made == [{"once": True, "role": "driver"}, {"once": True, "told": True}]


async def test_who_is_printed_for_people_to_register_as_is_cast_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[set[int]] = []

    def eligible(
        _self: Stage, _wave: rollout.Wave, known: set[int], rarely_named: bool
    ) -> tuple[int, dict[str, str]]:
        assert not rarely_named
        asked.append(known)
        row = dict.fromkeys(("document_number", "name", "issuing_authority", "driving_privileges"), "x")
        return min(set(range(2, 20)) - known), row | {"first_issue_date": ""}

    monkeypatch.setattr(Stage, "_eligible", eligible)
    monkeypatch.setattr(Stage, "keep", lambda _self: None)
    stage = object.__new__(Stage)
    stage.kept = Kept(actors=[actor(2, "", once=False)])
    assert [each.line for each in await stage.newcomers(WAVE)] == [3, 4]
    assert [each.line for each in await stage.newcomers(WAVE)] == [3, 4]
    assert (await stage.spare(WAVE)).line == 5
    assert asked == [{2}, {2, 3}, {2, 3, 4}]
