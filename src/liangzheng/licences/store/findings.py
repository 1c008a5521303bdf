"""What must hold in the tables of applications, licences and credentials, statement by statement; reports
over all shards.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

from liangzheng.infra.checks import Check
from liangzheng.infra.postgres import Connection, Row

CHECKS = (
    Check(
        "at most one live licence a driver",
        "SELECT driver_id AS subject, count(*) || ' live' AS found FROM licence WHERE state = 'live' "
        "GROUP BY driver_id HAVING count(*) > 1 LIMIT $1",
    ),
    Check(
        "every licence that was issued has an application that ended issued",
        "SELECT l.id AS subject, 'version ' || l.version AS found FROM licence AS l LEFT JOIN application "
        "AS a "
        "ON a.driver_id = l.driver_id AND a.id = l.application_id "
        "WHERE l.state IN ('live', 'superseded', 'withdrawn') AND a.state IS DISTINCT FROM 'issued' LIMIT $1",
    ),
    Check(
        "every application that ended issued has its licence",
        "SELECT a.id AS subject, '' AS found FROM application AS a WHERE a.state = 'issued' AND NOT EXISTS "
        "(SELECT 1 FROM licence AS l WHERE l.driver_id = a.driver_id AND l.application_id = a.id "
        "AND l.state IN ('live', 'superseded', 'withdrawn')) LIMIT $1",
    ),
    Check(
        "every version of a licence that was issued has its audit entry",
        "SELECT l.id AS subject, 'version ' || l.version AS found FROM licence AS l "
        "WHERE l.state IN ('live', 'superseded', 'withdrawn') AND NOT EXISTS (SELECT 1 FROM audit_entry AS a "
        "WHERE a.scope = l.driver_id AND a.subject = l.id AND a.act = 'licence.issued' "
        "AND (a.detail ->> 'version')::integer = l.version) LIMIT $1",
    ),
    Check(
        "every audit entry of an issued licence is of a licence there is",
        "SELECT a.subject, 'version ' || (a.detail ->> 'version') AS found FROM audit_entry AS a "
        "WHERE a.act = 'licence.issued' AND NOT EXISTS (SELECT 1 FROM licence AS l WHERE l.driver_id = a.scope "
        "AND l.id = a.subject AND l.version = (a.detail ->> 'version')::integer "
        "AND l.state IN ('live', 'superseded', 'withdrawn')) LIMIT $1",
    ),
    Check(
        "every move of an application has its event",
        "SELECT a.id AS subject, a.move || ' moves, ' || count(e.move) || ' events' AS found FROM "
        "application AS a "
        "LEFT JOIN application_event AS e ON e.driver_id = a.driver_id AND e.application_id = a.id "
        "GROUP BY a.driver_id, a.id, a.move HAVING count(e.move) <> a.move LIMIT $1",
    ),
    Check(
        "every move of a licence has its event",
        "SELECT l.id AS subject, l.move || ' moves, ' || count(e.move) || ' events' AS found FROM licence "
        "AS l "
        "LEFT JOIN licence_event AS e ON e.driver_id = l.driver_id AND e.licence_id = l.id AND e.version = "
        "l.version "
        "GROUP BY l.driver_id, l.id, l.version, l.move HAVING count(e.move) <> l.move LIMIT $1",
    ),
    Check(
        "every move of a credential has its event",
        "SELECT c.id AS subject, c.move || ' moves, ' || count(e.move) || ' events' AS found FROM "
        "credential AS c "
        "LEFT JOIN credential_event AS e ON e.driver_id = c.driver_id AND e.credential_id = c.id "
        "GROUP BY c.driver_id, c.id, c.move HAVING count(e.move) <> c.move LIMIT $1",
    ),
    Check(
        "every live credential is of the driver's live licence",
        "SELECT c.id AS subject, '' AS found FROM credential AS c LEFT JOIN licence AS l ON l.driver_id = "
        "c.driver_id "
        "AND l.id = c.licence_id AND l.version = c.licence_version "
        "WHERE c.state = 'live' AND l.state IS DISTINCT FROM 'live' LIMIT $1",
    ),
    Check(
        "every live credential is on a live phone key of its driver, and made for that key",
        "SELECT c.id AS subject, CASE WHEN k.id IS NULL THEN 'no such key' WHEN k.ended_at IS NOT NULL THEN 'the key has ended' "
        "WHEN p.driver_id IS DISTINCT FROM c.driver_id THEN 'of somebody else' ELSE 'made for another key' END AS found "
        "FROM credential AS c LEFT JOIN phone_key AS k ON k.id = c.phone_key_id "
        "LEFT JOIN person AS p ON p.person_id = k.person_id WHERE c.state = 'live' "
        "AND (k.id IS NULL OR k.ended_at IS NOT NULL OR p.driver_id IS DISTINCT FROM c.driver_id OR k.public_key <> c.phone_key) "
        # Where the key has ended and the credential is about to.
        "AND NOT EXISTS (SELECT FROM outbox AS o WHERE o.topic = 'phone-key.ended' AND o.subject = k.person_id) LIMIT $1",
    ),
    Check(
        "every credential with a place in a status list has its entry",
        "SELECT c.id AS subject, c.list_id || '/' || c.list_index AS found FROM credential AS c LEFT JOIN "
        "status_entry AS s "
        "ON s.list_id = c.list_id AND s.list_index = c.list_index "
        "WHERE c.list_id IS NOT NULL AND s.credential_id IS DISTINCT FROM c.id LIMIT $1",
    ),
    Check(
        "a credential that has ended is invalid in its status list",
        "SELECT c.id AS subject, 'value ' || s.value AS found FROM credential AS c JOIN status_entry AS s "
        "ON s.list_id = c.list_id AND s.list_index = c.list_index "
        "WHERE c.state IN ('superseded', 'ended', 'withdrawn') AND s.value <> 1 LIMIT $1",
    ),
    Check(
        "every application with an own photo that was accepted has its approved review",
        "SELECT a.id AS subject, a.state AS found FROM application AS a LEFT JOIN photo_review AS r "
        "ON r.driver_id = a.driver_id AND r.application_id = a.id AND r.photo_id = a.photo_id "
        "WHERE a.photo_id IS NOT NULL AND a.origin <> 'reissue' AND a.state IN ('accepted', 'drafted', 'issued') "
        "AND (r.outcome IS DISTINCT FROM 'approved' OR r.decided_by_kind IS NULL) LIMIT $1",
    ),
    Check(
        "every approved photo is kept under its hash",
        "SELECT p.id AS subject, '' AS found FROM photo_review AS r JOIN photo AS p ON p.driver_id = r.driver_id "
        "AND p.id = r.photo_id WHERE r.outcome = 'approved' "
        "AND NOT EXISTS (SELECT FROM blob AS b WHERE b.hash = p.portrait_hash) LIMIT $1",
    ),
    Check(
        "every application under review has an open review with its picture, and every open review its application",
        "SELECT coalesce(a.id, r.application_id) AS subject, coalesce(a.state, '') AS found FROM photo_review AS r "
        "FULL JOIN application AS a ON a.driver_id = r.driver_id AND a.id = r.application_id "
        "LEFT JOIN photo AS p ON p.driver_id = r.driver_id AND p.id = r.photo_id "
        "WHERE coalesce(a.state = 'under_review', false) <> (r.application_id IS NOT NULL AND r.outcome IS NULL) "
        "OR (a.state = 'under_review' AND p.picture IS NULL) LIMIT $1",
    ),
    Check(
        "a version with an own photo has that photo",
        "SELECT l.id AS subject, 'version ' || l.version AS found FROM licence AS l JOIN application AS a "
        "ON a.driver_id = l.driver_id AND a.id = l.application_id LEFT JOIN photo AS p "
        "ON p.driver_id = a.driver_id AND p.id = a.photo_id "
        "WHERE a.photo_id IS NOT NULL AND l.portrait_hash IS DISTINCT FROM p.portrait_hash LIMIT $1",
    ),
    Check(
        "every accepted application waits in the queue",
        "SELECT a.id AS subject, '' AS found FROM application AS a WHERE a.state = 'accepted' AND NOT EXISTS "
        "(SELECT 1 FROM issue_queue AS q WHERE q.subject = a.id) LIMIT $1",
    ),
    Check(
        "nothing waits in the queue that is not accepted or requested",
        "SELECT q.subject AS subject, q.kind AS found FROM issue_queue AS q "
        "LEFT JOIN application AS a ON q.kind = 'application' AND a.driver_id = q.driver_id AND a.id = "
        "q.subject "
        "LEFT JOIN credential AS c ON q.kind = 'credential' AND c.driver_id = q.driver_id AND c.id = "
        "q.subject "
        "WHERE coalesce(a.state, c.state, 'gone') NOT IN ('accepted', 'requested') LIMIT $1",
    ),
    Check(
        "every photo a licence was issued with is kept",
        "SELECT l.id AS subject, 'version ' || l.version AS found FROM licence AS l WHERE NOT EXISTS "
        "(SELECT 1 FROM blob AS b WHERE b.hash = l.portrait_hash) LIMIT $1",
    ),
    Check(
        "every font a licence was issued with is kept",
        "SELECT l.id AS subject, 'version ' || l.version AS found FROM licence AS l WHERE l.font_hash IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM blob AS b WHERE b.hash = l.font_hash) LIMIT $1",
    ),
    Check(
        "every entry of a status list is a credential's",
        "SELECT s.credential_id AS subject, s.list_id || '/' || s.list_index AS found FROM status_entry AS s LEFT JOIN "
        "credential AS c ON c.driver_id = s.driver_id AND c.id = s.credential_id WHERE c.id IS NULL LIMIT $1",
    ),
    Check(
        "no status list has more entries than places were taken",
        "SELECT l.list_id::text AS subject, l.taken || ' taken, ' || count(s.list_index) || ' entries' AS found FROM "
        "status_list AS l JOIN status_entry AS s ON s.list_id = l.list_id GROUP BY l.list_id, l.taken "
        "HAVING count(s.list_index) > l.taken LIMIT $1",
    ),
    Check(
        "every number of the look-up index is somebody's",
        "SELECT k.owner AS subject, 'kind ' || k.kind AS found FROM key_index AS k WHERE NOT EXISTS "
        "(SELECT 1 FROM driver AS d WHERE d.driver_id = k.owner) AND NOT EXISTS "
        "(SELECT 1 FROM person AS p WHERE p.person_id = k.owner) LIMIT $1",
    ),
)

_AT_ONCE = 1000


async def live_in_batches(tx: Connection) -> AsyncIterator[list[Row]]:
    """Live licences in order of driver, a thousand at a time, each with the list values of its live
    credentials.
    """
    after = UUID(int=0)
    while rows := await tx.fetch(
        "SELECT l.driver_id, l.id, l.version, l.classes, l.valid_from, l.valid_until, l.authority, "
        "ARRAY(SELECT s.value FROM credential AS c JOIN status_entry AS s ON s.list_id = c.list_id AND "
        "s.list_index = c.list_index WHERE c.driver_id = l.driver_id AND c.state = 'live') AS values, "
        "EXISTS (SELECT FROM application AS a WHERE a.driver_id = l.driver_id AND a.id = l.application_id "
        "AND a.photo_id IS NOT NULL) AS own_photo "
        "FROM licence AS l WHERE l.state = 'live' AND l.driver_id > $1 ORDER BY l.driver_id LIMIT $2",
        after,
        _AT_ONCE,
    ):
        yield rows
        after = rows[-1]["driver_id"]


async def signed_in_batches(tx: Connection, table: str, at_once: int) -> AsyncIterator[list[Row]]:
    """Every kept signature of `licence` or `credential` with the octets it was made over and what they should say, as
    they come, `at_once` of them at a time.
    """
    columns = {
        "licence": "document AS octets, version, classes, valid_from, valid_until, authority, portrait_hash, "
        "font_hash",
        "credential": "octets, licence_id, licence_version, list_id, list_index, phone_key",
    }[table]
    cursor = await tx.cursor(f"SELECT id, kid, signature, {columns} FROM {table} WHERE signature IS NOT NULL")
    while rows := await cursor.fetch(at_once):
        yield rows


async def under_way(tx: Connection, driver_ids: list[UUID]) -> set[UUID]:
    """Those of these drivers who have an application under way."""
    rows = await tx.fetch(
        "SELECT driver_id FROM application WHERE driver_id = ANY($1::uuid[]) AND state IN ('accepted', "
        "'drafted')",
        driver_ids,
    )
    return {row["driver_id"] for row in rows}
