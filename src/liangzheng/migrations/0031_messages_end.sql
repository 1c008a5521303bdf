-- Messages and answered requests to correct end with time; what accounts left open that are closed already ends as well.

-- What may be forgotten, by its age: messages/store.py, forget. What nobody read stays, but for those that count looks; and
-- so does the notice of a held act until its text message was sent.
CREATE INDEX message_over ON message (at)
    WHERE (read_at IS NOT NULL OR kind IN ('company-answered', 'looked-at', 'looked-up', 'record-shown'))
      AND NOT (sms = 'wanted' AND kind IN ('account-closing-asked', 'mobile-change-asked'));

-- The queue of requests to correct, and those that are over.
CREATE INDEX correction_request_open ON correction_request (id) WHERE state = 'open';
CREATE INDEX correction_request_over ON correction_request (answered_at) WHERE state <> 'open';

-- Of an account that is closed nobody is left to read a message.
UPDATE message AS m SET read_at = greatest(a.closed_at, m.at)
  FROM account AS a
 WHERE a.person_id = m.person_id AND a.closed_at IS NOT NULL AND m.read_at IS NULL;

-- Accounts were closed before what they had applied for, or asked to have put right, ended with them. Their closing is told
-- once more: the handlers of account.closed end both, with events and audit entries, and change nothing twice. The id of
-- the event is a UUIDv7, that of the driver is written as kernel/ids.py writes it.
INSERT INTO outbox (bucket, id, topic, subject, body, created_at, due_at)
SELECT (get_byte(uuid_send(a.person_id), 15) & 63)::smallint,
       (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
           || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid,
       'account.closed', a.person_id,
       CASE WHEN p.driver_id IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('driver_id', 'drv_' || (
           SELECT string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz', 1 + substring(b.bits FROM 5 * i + 1 FOR 5)::integer, 1), '' ORDER BY i)
             FROM generate_series(0, 25) AS i,
                  (SELECT B'00' || ('x' || replace(p.driver_id::text, '-', ''))::bit(128) AS bits) AS b)) END,
       now(), now()
  FROM account AS a
  JOIN person AS p ON p.person_id = a.person_id
 WHERE a.closed_at IS NOT NULL
   AND (EXISTS (SELECT FROM application AS o
                 WHERE o.driver_id = p.driver_id AND o.person_id = a.person_id AND o.state IN ('under_review', 'accepted'))
     OR EXISTS (SELECT FROM correction_request AS c WHERE c.person_id = a.person_id AND c.state = 'open'));
