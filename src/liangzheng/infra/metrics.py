"""Figures for operators, in the Prometheus format. Labels are words from short lists, never ids."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

REGISTRY: Final = CollectorRegistry(auto_describe=True)
CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

LOG_FIELDS_DROPPED: Final = Counter(
    "lz_log_fields_dropped", "Log fields that were not on the list and were left out.", registry=REGISTRY
)
EVENTS: Final = Counter("lz_outbox_events", "Events taken from the outbox.", ["outcome"], registry=REGISTRY)
OUTBOX_DEPTH: Final = Gauge("lz_outbox_depth", "Events waiting, by topic.", ["topic"], registry=REGISTRY)
REVIEWS: Final = Gauge(
    "lz_photo_reviews", "Open reviews of new photos: waiting, taken, late.", ["state"], registry=REGISTRY
)
REVIEW_AGE: Final = Gauge(
    "lz_photo_review_oldest_seconds", "Age of the oldest open review of a new photo.", registry=REGISTRY
)
DATABASE_RESTARTS: Final = Counter(
    "lz_database_restarts",
    "Times the embedded database server had died and was started again.",
    registry=REGISTRY,
)


def exposition() -> bytes:
    """Everything in REGISTRY, in the Prometheus text format (content type `CONTENT_TYPE`). No route serves it yet."""
    return generate_latest(REGISTRY)
