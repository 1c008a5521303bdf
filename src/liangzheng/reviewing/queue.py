"""What a queue of reviews is, in the words of the context that owns its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from liangzheng.infra.postgres import Row
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.reviews import Review, Reviewer

R = TypeVar("R", bound=Review)


@dataclass(frozen=True, slots=True)
class Queue(Generic[R]):
    """A table of reviews and what is said of it. Its owner declares it, beside the statements only the owner needs.

    `table`: with the columns of photo_review (migration 0015), keyed by `shard` and `named`, which alone names one as well.
    `more`: columns of the table (r) and of what is joined to it, besides those every review has.
    """

    table: str
    shard: str
    named: str
    more: str
    joins: str
    review: Callable[[Row], R] = field(repr=False)
    purpose: str
    """In the audit record."""
    name: str
    """Of one review, in the acts of the record: `photo-review` was taken, put back; `photo-reviews` were listed."""
    escalated: str
    """Topic and act: one is past its promise."""
    told: Callable[[R], Mapping[str, str]] = field(repr=False)
    """What the event says of it."""
    own: tuple[str, str]
    """To whoever reaches for a review of their own: the sentence, and its rule."""


def in_common(row: Row) -> dict[str, Any]:
    """What every review has, for its class; its reasons are of its own catalogue."""
    kind = row["taken_by_kind"]
    return {
        "driver_id": DriverId(row["driver_id"]),
        "authority": row["authority"],
        "submitted_at": row["submitted_at"],
        "due_day": row["due_day"],
        "due_at": row["due_at"],
        "provisional": row["provisional"],
        "taken_by": Reviewer(kind, row["taken_by"]) if kind else None,
        "taken_until": row["taken_until"],
        "escalated_at": row["escalated_at"],
        "outcome": row["outcome"],
    }
