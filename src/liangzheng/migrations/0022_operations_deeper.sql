-- What operators stand on, second part: after a restore nobody's standing is certain until the register was read again.

-- Until `certain_at` the standings here are those of a backup: what became of them since is not known.
ALTER TABLE restored ADD COLUMN certain_at timestamptz;
ALTER TABLE restored ADD COLUMN certain_by text CHECK (certain_by IN ('register', 'feed', 'before'));
-- Restores of before this rule: their operators were told to read the register again.
UPDATE restored SET certain_at = restored_at, certain_by = 'before';
ALTER TABLE restored ADD CHECK ((certain_at IS NULL) = (certain_by IS NULL));

-- When the file was drawn: whether it knows what a backup does not. NULL: imported before this was kept.
ALTER TABLE register_import ADD COLUMN as_of timestamptz;

-- ---- foreign keys: none ----
