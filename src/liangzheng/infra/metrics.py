"""Figures for operators, in the Prometheus format. Labels are words from short lists, never ids."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
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
FACE_REVIEWS: Final = Gauge(
    "lz_face_reviews", "Open reviews of face checks: waiting, taken, late.", ["state"], registry=REGISTRY
)
FACE_REVIEW_AGE: Final = Gauge(
    "lz_face_review_oldest_seconds", "Age of the oldest open review of a face check.", registry=REGISTRY
)
LINES_WAITING: Final = Gauge(
    "lz_register_lines_waiting", "Lines of registers that wait for one that is missing.", registry=REGISTRY
)
DATABASE_RESTARTS: Final = Counter(
    "lz_database_restarts",
    "Times the embedded database server had died and was started again.",
    registry=REGISTRY,
)
REQUESTS: Final = Histogram(
    "lz_http_request_seconds",
    "Requests answered, by method, route as the application has it, and status.",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)
BATCHES: Final = Counter(
    "lz_batches", "Batches a worker did, by role and outcome.", ["role", "outcome"], registry=REGISTRY
)
LICENCES: Final = Counter(
    "lz_licences", "What became of applications an issuer took.", ["outcome"], registry=REGISTRY
)
RARE_FONTS: Final = Counter(
    "lz_rare_fonts",
    "Fonts for the rare characters of a person: made, in part, no glyph, too large, failed; each set of characters once.",
    ["outcome"],
    registry=REGISTRY,
)
CHECKPOINTS: Final = Counter(
    "lz_audit_checkpoints", "Checkpoints of the audit record signed.", registry=REGISTRY
)
STANDING_CERTAIN: Final = Gauge(
    "lz_standing_certain", "1; 0 after a restore, until the register was read again.", registry=REGISTRY
)
SIGNS_UNTIL: Final = Gauge(
    "lz_key_signs_until_seconds",
    "When the last key of a role stops signing, Unix seconds.",
    ["role"],
    registry=REGISTRY,
)
ProcessCollector(namespace="lz", registry=REGISTRY)


def exposition() -> bytes:
    """Everything in REGISTRY, in the Prometheus text format (content type `CONTENT_TYPE`); metrics_server.py serves it."""
    return generate_latest(REGISTRY)
