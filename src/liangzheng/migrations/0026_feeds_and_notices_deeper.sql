-- What a feed and change notices met in use: a gap that stays, a file that knows more than a late line, many due notices.

-- A number whose line never came and that an operator closed has no line to compare with.
ALTER TABLE register_line ALTER COLUMN line_hash DROP NOT NULL;
ALTER TABLE register_line ADD CONSTRAINT register_line_closed CHECK (line_hash IS NOT NULL OR rule IS NOT NULL);

-- When the file was drawn, where its operator said so: a line of before that is older than the file. NULL: not said.
ALTER TABLE register_import ADD COLUMN drawn_at timestamptz;

-- The first due notices of every company are found without reading the rest of its queue; nothing else asks what is due.
DROP INDEX notice_due;
CREATE INDEX notice_due_of_company ON notice (company_id, due_at) WHERE state = 'waiting';

-- ---- foreign keys: none ----
