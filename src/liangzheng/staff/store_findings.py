"""What must hold in the tables of staff, statement by statement; reports over all shards."""

from __future__ import annotations

from liangzheng.infra.checks import Check

CHECKS = (
    Check(
        "every look-up by number has its audit entry",
        "SELECT l.id AS subject, l.duty AS found FROM look_up AS l WHERE NOT EXISTS (SELECT 1 FROM audit_entry AS a "
        "WHERE a.scope = l.driver_id AND a.subject = l.id AND a.act = 'driver.looked-up') LIMIT $1",
    ),
    Check(
        "every proposal has its audit entry",
        "SELECT p.id AS subject, p.kind AS found FROM proposal AS p WHERE NOT EXISTS (SELECT 1 FROM audit_entry AS a "
        "WHERE a.scope = coalesce(p.driver_id, p.id) AND a.subject = p.id AND a.act = 'proposal.made') LIMIT $1",
    ),
    Check(
        "every move of a proposal has its event",
        "SELECT p.id AS subject, p.state || ', move ' || p.move AS found FROM proposal AS p WHERE p.move - 1 <> "
        "(SELECT count(*) FROM proposal_event AS e WHERE e.province = p.province AND e.proposal_id = p.id) LIMIT $1",
    ),
    Check(
        # Older weeks lose look-ups and samples to pruning, not in one step.
        "every drawing is what its seed says",
        "WITH drawn AS (SELECT id, week FROM (SELECT l.id, d.week, d.per_staff, row_number() OVER (PARTITION BY d.week, "
        "l.staff_id ORDER BY sha256(d.seed || uuid_send(l.id))) AS place FROM look_up_draw AS d JOIN look_up AS l "
        "ON l.at >= (d.week - interval '8 hours') AT TIME ZONE 'UTC' "
        "AND l.at < least(d.drawn_at, (d.week + interval '6 days 16 hours') AT TIME ZONE 'UTC')) AS each "
        "WHERE place <= per_staff) "
        "SELECT coalesce(drawn.id, s.look_up_id) AS subject, CASE WHEN drawn.id IS NULL THEN 'slipped in' ELSE 'left out' "
        "END AS found FROM drawn FULL JOIN look_up_sample AS s ON s.look_up_id = drawn.id "
        "WHERE (drawn.id IS NULL OR s.look_up_id IS NULL) AND coalesce(drawn.week, s.week) > "
        "(SELECT max(week) - 350 FROM look_up_draw) LIMIT $1",
    ),
    Check(
        "every review of a look-up has its audit entry",
        "SELECT s.look_up_id AS subject, s.outcome AS found FROM look_up_sample AS s WHERE s.outcome IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM audit_entry AS a WHERE a.scope = s.driver_id AND a.subject = s.look_up_id "
        "AND a.act = 'look-up.reviewed') LIMIT $1",
    ),
    Check(
        "who is not active is logged out and verifies nothing",
        "SELECT s.staff_id AS subject, s.state AS found FROM staff AS s WHERE s.state <> 'active' AND ("
        "EXISTS (SELECT 1 FROM staff_session AS l WHERE l.staff_id = s.staff_id AND l.ended_at IS NULL) OR "
        "EXISTS (SELECT 1 FROM verifier AS v WHERE v.verifier_id = s.staff_id AND v.state = 'active')) LIMIT $1",
    ),
    Check(
        "who has a password has a second factor",
        "SELECT s.staff_id AS subject, '' AS found FROM staff AS s WHERE s.password_hash IS NOT NULL AND NOT EXISTS "
        "(SELECT FROM staff_totp AS t WHERE t.staff_id = s.staff_id AND t.enrolled_at IS NOT NULL) AND NOT EXISTS "
        "(SELECT FROM staff_passkey AS k WHERE k.staff_id = s.staff_id) LIMIT $1",
    ),
    Check(
        "every staff number leads to its member",
        "SELECT s.staff_id AS subject, '' AS found FROM staff AS s WHERE NOT EXISTS "
        "(SELECT 1 FROM staff_number AS n WHERE n.number = s.number AND n.staff_id = s.staff_id) LIMIT $1",
    ),
)
