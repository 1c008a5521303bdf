"""The chain without a database: what is hashed, and which fault a walk names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.audit.chain import START, Walk, leaf, link_after
from liangzheng.audit.model import Actor, Batch, Entry, Fault, FaultKind, Head, entry_of
from liangzheng.kernel.ids import AuditId, DriverId, LicenceId, VerifierId

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
DRIVER = DriverId(UUID(int=5))


def entry(number: int = 0) -> Entry:
    return entry_of(
        "showing.verified",
        Actor("verifier", VerifierId.new()),
        LicenceId.new(),
        DRIVER,
        "roadside",
        {"number": number},
        NOW,
    )


def chain(lengths: tuple[int, ...]) -> tuple[list[Batch], list[Entry]]:
    head, batches, entries = Head(5, 0, START), [], []
    for length in lengths:
        some = [entry(number) for number in range(length)]
        batch = link_after(head, some, NOW)
        head = Head(5, batch.seq, batch.hash)
        batches.append(batch)
        entries += some
    return batches, entries


def walk(
    batches: list[Batch], entries: list[Entry], head: Head | None = None, known: tuple[Head, ...] = ()
) -> list[Fault]:
    path, faults = Walk(5, known), []
    rows = {item.id.uuid: item for item in entries}
    for batch in batches:
        faults += path.step(batch, {key: rows[key] for key in batch.entries if key in rows})
    last = Head(5, batches[-1].seq, batches[-1].hash) if batches else Head(5, 0, START)
    return faults + path.end(head or last, [])


def test_an_untouched_chain_has_no_fault() -> None:
    assert walk(*chain((2, 1, 3))) == []


@pytest.mark.parametrize(
    "change",
    [
        {"at": NOW + timedelta(microseconds=1)},
        {"act": "showing.seen"},
        {"actor_kind": "staff"},
        {"actor": UUID(int=1)},
        {"actor": None},
        {"subject_kind": "drv"},
        {"subject": UUID(int=1)},
        {"purpose": "curiosity"},
        {"detail": {"number": 2}},
        {"detail": {"number": "1"}},
        {"detail": {"number": True}},
        {"detail": {}},
        {"scope": UUID(int=69)},
        {"id": AuditId(UUID(int=3))},
    ],
    ids=str,
)
def test_every_field_of_an_entry_is_hashed(change: dict[str, object]) -> None:
    whole = entry(1)
    assert leaf(replace(whole, **change)) != leaf(whole)  # type: ignore[arg-type]


def test_the_same_instant_in_another_zone_hashes_the_same() -> None:
    whole = entry()
    assert leaf(replace(whole, at=NOW.astimezone(timezone(timedelta(hours=8))))) == leaf(whole)


def test_text_cannot_move_from_one_field_to_the_next() -> None:
    whole = entry()
    assert leaf(replace(whole, act="a.b", actor_kind='","c')) != leaf(
        replace(whole, act='a.b","', actor_kind="c")
    )


@given(st.integers(0, 5))
def test_a_changed_entry_is_the_one_named(place: int) -> None:
    batches, entries = chain((2, 1, 3))
    entries[place] = replace(entries[place], purpose="something else")
    assert walk(batches, entries)[0].entry == entries[place].id


def test_two_links_in_each_others_place_are_a_fault() -> None:
    batches, entries = chain((1, 1, 1))
    swapped = [batches[0], replace(batches[2], seq=2), replace(batches[1], seq=3)]
    assert walk(swapped, entries)[0] == Fault(FaultKind.BATCH_CHANGED, 5, 2)


def test_a_link_taken_out_of_the_middle_is_named() -> None:
    batches, entries = chain((1, 1, 1))
    fault = walk([batches[0], batches[2]], entries)[0]
    assert (fault, fault.after) == (Fault(FaultKind.BATCH_MISSING, 5, 2), entries[0].id)


@pytest.mark.parametrize("size", [1, 2])
def test_a_link_made_anew_with_a_fitting_hash_is_named_and_not_the_next(size: int) -> None:
    batches, entries = chain((1, size, 1))
    made = [replace(entry, purpose="something else") for entry in entries[1 : 1 + size]]
    right, batches[1] = batches[1], link_after(Head(5, 1, batches[0].hash), made, NOW)
    changed = [entries[0], *made, entries[-1]]
    only = made[0].id if size == 1 else None
    assert walk(batches, changed) == [Fault(FaultKind.BATCH_CHANGED, 5, 2, only)]
    # Signed heads that say so name it once, too.
    assert walk(batches, changed, known=(Head(5, 2, right.hash),)) == [Fault(FaultKind.BATCH_CHANGED, 5, 2)]


def test_a_link_made_anew_after_one_a_signed_head_vouches_for_is_named_itself() -> None:
    batches, entries = chain((1, 1, 1))
    batches[1] = link_after(Head(5, 1, bytes(31) + b"x"), [entries[1]], NOW)
    assert walk(batches, entries, known=(Head(5, 1, batches[0].hash),))[0] == Fault(
        FaultKind.BATCH_CHANGED, 5, 2
    )


def test_a_cut_end_is_seen_by_the_recorded_head() -> None:
    batches, entries = chain((1, 1, 1))
    head = Head(5, 3, batches[2].hash)
    [fault] = walk(batches[:2], entries, head)
    assert fault == Fault(FaultKind.CHAIN_CUT, 5, 3)
    assert (fault.after, f"after entry {entries[1].id}" in str(fault)) == (entries[1].id, True)


def test_a_cut_end_with_a_rewritten_head_is_seen_only_by_a_remembered_head() -> None:
    batches, entries = chain((1, 1, 1))
    rewritten = Head(5, 2, batches[1].hash)
    assert walk(batches[:2], entries, rewritten) == []  # the limit that decision 0005 states
    assert walk(batches[:2], entries, rewritten, (Head(5, 3, batches[2].hash),)) == [
        Fault(FaultKind.CHAIN_CUT, 5, 3)
    ]


def test_a_chain_rewritten_from_its_start_is_seen_only_by_a_remembered_head() -> None:
    kept, _ = chain((1, 1))
    batches, entries = chain((1, 1))
    assert walk(batches, entries) == []
    assert walk(batches, entries, known=(Head(5, 2, kept[1].hash),)) == [Fault(FaultKind.BATCH_CHANGED, 5, 2)]


@pytest.mark.parametrize(
    "value", ["32010119900101123X", "call 13800138000 back", ["x", "320101199001011234"], 1.5, {"a": 1}]
)
def test_a_detail_that_looks_personal_or_is_a_float_is_refused_before_it_is_written(value: object) -> None:
    with pytest.raises(ValueError, match="detail 'note'"):
        entry_of("a.b", Actor("system"), None, DRIVER, "test", {"note": value}, NOW)  # type: ignore[dict-item]


def test_ids_and_times_are_no_personal_data() -> None:
    assert entry_of(
        "a.b", Actor("system"), None, None, "test", {"id": str(DriverId.new()), "at": 1_795_000_000_000}, NOW
    )


def test_the_scope_is_the_driver_else_the_subject_else_the_entry_itself() -> None:
    subject = LicenceId.new()
    assert entry_of("a.b", Actor("system"), subject, DRIVER, "test", {}, NOW).scope == DRIVER.uuid
    assert entry_of("a.b", Actor("system"), subject, None, "test", {}, NOW).scope == subject.uuid
    alone = entry_of("a.b", Actor("system"), None, None, "test", {}, NOW)
    assert alone.scope == alone.id.uuid
