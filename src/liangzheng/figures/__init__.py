"""Public figures: counters by measure, day and province, folded from events.

`fold` is the handler; it counts an event in the transaction that removes it from the outbox, so that none
counts twice
and none is lost. Nothing here reads another context's tables.
"""

from __future__ import annotations

from liangzheng.figures.fold import fold
from liangzheng.figures.model import Count, Counted, Figure
from liangzheng.figures.store import between

__all__ = ["Count", "Counted", "Figure", "between", "fold"]
