-- Companies held to their registration in every way they ask, and drivers who hear of each answer.

-- The fold of answers into messages reads the last minute of them, as that of verifications does (0016).
CREATE INDEX company_look_at ON company_look USING brin (at) WITH (pages_per_range = 16, autosummarize = on);

-- A company verifies under its registration. Verifiers made for one by hand are held to none, and end.
UPDATE verifier AS v SET state = 'ended'
 WHERE v.kind = 'company' AND v.state = 'active'
   AND NOT EXISTS (SELECT 1 FROM company AS c WHERE c.company_id = v.verifier_id);
