"""No line, whatever it says, stops a feed: every number is done, applied or refused, and the ledgers agree with the records."""

from __future__ import annotations

import random
from typing import Any

import pytest

from drivers.feeding import AT, KEYS, Feeding, line
from liangzheng import drivers
from liangzheng.infra.postgres import Database

DAYS = [
    "1900-01-01",
    "2019-12-31",
    "2020-01-01",
    "2025-12-31",
    "2026-01-01",
    "2026-11-20",
    "2026-11-21",
    "2199-12-31",
]
CLASSES = ["", "C1", "C1D", "A1A2B1B2C1", "A1A2A3B1B2C1C2C3C4C5C6DEFMNP", "P", "C5", "C1E", "M"]
STATUS = ["A", "B", "BD", "BCDEFGHIJKLMNPRS", "CDEFGHIJKLMNPRST", "ABCDEFGHIJKLMNPRSTUZ", "U", "C", "AN", "N"]


def any_line(choose: random.Random, sequence: int) -> bytes:
    """Of the right form mostly; what it says is often impossible."""
    day = choose.choice(DAYS)
    pick: Any = choose.choice
    values: dict[str, dict[str, Any]] = {
        "points": {
            "kind": pick(["violation", "correction", "earned-back", "cleared", "carried"]), "reference": f"r{pick(range(40))}",
            "on": day,
        },
        "status": {"status": pick(STATUS), "extended_until": pick([None, day])},
        "classes": {"driving_privileges": pick(CLASSES)},
        "validity": {"valid_from": day, "valid_until": pick([None, *DAYS]), "validity_term": pick(["6", "10", "L", "1"])},
        "authority": {"issuing_authority": pick(["苏E", "苏A", "苏E"]), "department": pick([None, "320500", "x"])},
        "address": {"resident_address": pick(["", "虚构路1号", "路" * 200]), "address_division": pick(["320505", "000000"])},
    }  # fmt: skip
    change = pick([*values, "points", "status"])
    said = values[change]
    if change == "points":
        if said["kind"] in ("violation", "correction", "earned-back"):
            said["points"] = pick([-12, -3, -1, 1, 3, 6, 9, 12])
        if said["kind"] in ("correction", "carried"):
            said["corrects" if said["kind"] == "correction" else "carries"] = f"r{pick(range(40))}"
    at = pick([AT, AT, AT, f"{pick(DAYS)}T{pick(['00:00:00', '23:59:59'])}+08:00"])
    return line(sequence, change, said, pick([1, 2, 3]), occurred_at=at)


@pytest.mark.parametrize("seed", [2, 5])
async def test_any_lines_are_all_done_and_ledgers_agree_with_records(database: Database, seed: int) -> None:
    feed = await Feeding(database).begin(3)
    choose = random.Random(seed)
    for start in range(1, 1_201, 400):
        answer = await feed.send(*(any_line(choose, n) for n in range(start, start + 400)))
        assert answer.done_to == start + 399
    for driver in (1, 2, 3):
        row, ledger = await feed.row(driver), await feed.ledger(driver)
        assert ledger is not None and ledger.points == row["points"]
        if ledger.is_full:
            assert "B" in row["status"]
    async with database.read() as tx:
        findings = await drivers.check(tx, KEYS)
    # Drivers made by hand have no picture.
    assert [each for each in findings if "photo" not in each.rule] == []
    kinds = await feed.rows("SELECT count(*), count(DISTINCT kind) FROM points_entry")
    assert kinds[0][0] > 15 and kinds[0][1] >= 4, "enough was possible for this to mean something"
