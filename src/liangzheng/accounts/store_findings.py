"""What must hold in the tables of accounts, statement by statement; reports over all shards."""

from __future__ import annotations

from liangzheng.infra.checks import Check

CHECKS = (
    Check(
        "every person who showed a driver's face is that driver's person",
        "SELECT p.person_id AS subject, '' AS found FROM person AS p LEFT JOIN driver_person AS d "
        "ON d.driver_id = p.driver_id LEFT JOIN account AS a ON a.person_id = p.person_id "
        "WHERE p.level >= 2 AND a.closed_at IS NULL AND d.person_id IS DISTINCT FROM p.person_id LIMIT $1",
    ),
    Check(
        "every driver's person showed the face",
        "SELECT d.driver_id AS subject, '' AS found FROM driver_person AS d LEFT JOIN person AS p "
        "ON p.person_id = d.person_id WHERE p.driver_id IS DISTINCT FROM d.driver_id OR p.level < 2 LIMIT $1",
    ),
    Check(
        "every person has an account",
        "SELECT p.person_id AS subject, '' AS found FROM person AS p LEFT JOIN account AS a ON a.person_id = p.person_id "
        "WHERE a.person_id IS NULL LIMIT $1",
    ),
    Check(
        "a phone key that was replaced names a key of the same person",
        "SELECT k.id AS subject, '' AS found FROM phone_key AS k LEFT JOIN phone_key AS n "
        "ON n.person_id = k.person_id AND n.id = k.replaced_by WHERE k.replaced_by IS NOT NULL AND n.id IS NULL LIMIT $1",
    ),
    Check(
        "a closed account has no way in",
        "SELECT a.person_id AS subject, '' AS found FROM account AS a WHERE a.closed_at IS NOT NULL AND ("
        "EXISTS (SELECT FROM session AS s WHERE s.person_id = a.person_id AND s.ended_at IS NULL) OR "
        "EXISTS (SELECT FROM phone_key AS k WHERE k.person_id = a.person_id AND k.ended_at IS NULL) OR "
        "EXISTS (SELECT FROM passkey AS p WHERE p.person_id = a.person_id)) LIMIT $1",
    ),
    Check(
        "every kept picture of a face is of a check that waits for a reviewer, and every such check has some",
        "SELECT k.face_check_id AS subject, c.state AS found FROM face_capture AS k JOIN face_check AS c "
        "ON c.person_id = k.person_id AND c.id = k.face_check_id JOIN face_review AS r ON r.person_id = k.person_id AND "
        "r.face_check_id = k.face_check_id WHERE c.state <> 'in_review' OR r.outcome IS NOT NULL "
        "UNION ALL SELECT r.face_check_id, 'no picture' FROM face_review AS r WHERE r.outcome IS NULL AND NOT EXISTS "
        "(SELECT FROM face_capture AS k WHERE k.person_id = r.person_id AND k.face_check_id = r.face_check_id) LIMIT $1",
    ),
    Check(
        "a face check that was used up passed before",
        "SELECT id AS subject, state AS found FROM face_check WHERE consumed_by IS NOT NULL AND judged_at IS NULL LIMIT $1",
    ),
)
