-- When the notice of a held act was handed over: the act is done a whole holding time after that, never before it.
ALTER TABLE held_act ADD COLUMN noticed_at timestamptz;

-- What ended counted from asking; what waits, from its text message, and where that is still to be sent it is not noticed.
UPDATE held_act SET noticed_at = asked_at WHERE state <> 'waiting';
UPDATE held_act AS h SET noticed_at = greatest(m.sms_at, h.asked_at), due_at = h.due_at + (greatest(m.sms_at, h.asked_at) - h.asked_at)
  FROM message AS m
 WHERE h.state = 'waiting' AND m.person_id = h.person_id AND m.at = h.asked_at AND m.sms_at IS NOT NULL
   AND m.kind = CASE h.kind WHEN 'mobile' THEN 'mobile-change-asked' ELSE 'account-closing-asked' END;

ALTER TABLE held_act ADD CHECK (state <> 'done' OR (noticed_at IS NOT NULL AND due_at <= ended_at));
