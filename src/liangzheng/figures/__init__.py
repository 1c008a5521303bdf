"""Public figures: counters by measure, day and province, and in parts by city and reason, folded from events.

`fold` is the handler; it counts an event in the transaction that removes it from the outbox, so that none counts twice and
none is lost. Verifications leave no event, for speed: a job hands them to `count_looks` up to an instant, and that instant
moves in the same transaction. Nothing here reads another context's tables.
"""

from __future__ import annotations

from liangzheng.figures.fold import count_looks, fold
from liangzheng.figures.model import Count, Counted, Figure, Summary, told_to_everybody
from liangzheng.figures.store import between, counted_to, summary

__all__ = [
    "Count",
    "Counted",
    "Figure",
    "Summary",
    "between",
    "count_looks",
    "counted_to",
    "fold",
    "summary",
    "told_to_everybody",
]
