-- What is forgotten by its time is found by it. The BRIN indexes of 0016 and 0020 find the last minute of a table that only
-- grows; once old rows go, their pages hold new ones, and a range that spans both is read for every question. The key of a
-- repeated request (idempotency) had no index by time at all.
DROP INDEX verification_at;
CREATE INDEX verification_at ON verification (at);
DROP INDEX company_look_at;
CREATE INDEX company_look_at ON company_look (at);
CREATE INDEX idempotency_created_at ON idempotency (created_at);
