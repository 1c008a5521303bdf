-- SHA-256 of the font with a holder's rare characters (生僻字), which travels in the licence document and is kept as a blob.
-- Null where the name has none, where nothing can draw it, and in every version of before.
ALTER TABLE licence ADD COLUMN font_hash bytea CHECK (length(font_hash) = 32);
