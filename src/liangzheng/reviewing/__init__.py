"""Queues of what waits for a person's decision: by deadline, one in one hand, one outcome, escalated when late.

The rows are another context's: it declares its `Queue`, puts reviews into it and decides them. What is the same for every
queue is here: `page` and `read_page`, `take` and `put_back`, `escalate` and `figures`, `late_unheard` for fsck; and for the
owner's acts `find_anothers`, `demand_in_hand`, `hold_in_hand` and `close`.
"""

from liangzheng.reviewing.check import late_unheard
from liangzheng.reviewing.desk import ReviewDesk
from liangzheng.reviewing.lateness import QueueFigures, escalate, figures, promised
from liangzheng.reviewing.queue import Queue, in_common
from liangzheng.reviewing.review import (
    MOST_REASONS,
    OwnReview,
    demand_in_hand,
    find_anothers,
    hold_in_hand,
    page,
    put_back,
    read_page,
    review_at,
    take,
)
from liangzheng.reviewing.store import at, close

__all__ = [
    "MOST_REASONS",
    "OwnReview",
    "Queue",
    "QueueFigures",
    "ReviewDesk",
    "at",
    "close",
    "demand_in_hand",
    "escalate",
    "figures",
    "find_anothers",
    "hold_in_hand",
    "in_common",
    "late_unheard",
    "page",
    "promised",
    "put_back",
    "read_page",
    "review_at",
    "take",
]
