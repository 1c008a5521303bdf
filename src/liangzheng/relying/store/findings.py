"""What must hold in the tables of relying, statement by statement; reports over all shards."""

from __future__ import annotations

from liangzheng.infra.checks import Check

CHECKS = (
    Check(
        "every answer to a company has its audit entry",
        "SELECT l.look_id AS subject, '' AS found FROM company_look AS l WHERE NOT EXISTS "
        "(SELECT 1 FROM audit_entry AS a WHERE a.scope = l.driver_id AND a.subject = l.look_id) LIMIT $1",
    ),
    Check(
        "every standing consent came from a request its driver signed",
        "SELECT s.consent_id AS subject, '' AS found FROM standing_consent AS s WHERE NOT EXISTS "
        "(SELECT 1 FROM consent_request AS r WHERE r.company_id = s.company_id AND r.request_id = s.request_id "
        "AND r.driver_id = s.driver_id AND r.signature IS NOT NULL) LIMIT $1",
    ),
    Check(
        "no consent outlives the account that gave it",
        "SELECT s.consent_id AS subject, '' AS found FROM standing_consent AS s WHERE s.state = 'active' AND NOT EXISTS "
        "(SELECT 1 FROM driver_person AS d WHERE d.driver_id = s.driver_id AND d.person_id = s.person_id) AND NOT EXISTS "
        # A closing whose event is still in the queue: nothing is answered under the consent meanwhile.
        "(SELECT 1 FROM outbox AS o WHERE o.topic = 'account.closed' AND o.subject = s.person_id) LIMIT $1",
    ),
    Check(
        "every move of a company is on record",
        "SELECT c.company_id AS subject, 'move ' || c.move AS found FROM company AS c WHERE c.move <> "
        "(SELECT count(*) FROM company_event AS e WHERE e.company_id = c.company_id) LIMIT $1",
    ),
)
