"""What must hold in the tables of showing, statement by statement; reports over all shards."""

from __future__ import annotations

from liangzheng.infra.checks import Check

CHECKS = (
    Check(
        "every verification has its audit entry",
        "SELECT v.verification_id AS subject, '' AS found FROM verification AS v WHERE NOT EXISTS "
        "(SELECT 1 FROM audit_entry AS a WHERE a.scope = v.driver_id AND a.subject = v.verification_id) LIMIT $1",
    ),
    Check(
        "every verification is of a licence there was",
        "SELECT v.verification_id AS subject, 'version ' || v.licence_version AS found FROM verification AS v "
        "WHERE NOT EXISTS (SELECT 1 FROM licence AS l WHERE l.driver_id = v.driver_id AND l.id = v.licence_id "
        "AND l.version = v.licence_version) LIMIT $1",
    ),
)
