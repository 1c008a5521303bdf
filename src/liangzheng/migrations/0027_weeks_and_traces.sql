-- Samples are forgotten week by week (staff/store_sample.py, prune): found without reading those of the year that stay.
CREATE INDEX look_up_sample_week ON look_up_sample (week);

-- The span an event was put in, for whoever follows a request to what was done because of it (infra/spans.py); none without spans.
ALTER TABLE outbox ADD COLUMN trace text CHECK (trace ~ '^[0-9a-f]{32}-[0-9a-f]{16}$');
