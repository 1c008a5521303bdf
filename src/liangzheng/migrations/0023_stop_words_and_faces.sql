-- A driver is bound to the account whose person showed the face; a name and a number bind nobody any more. What they had
-- bound is free, and whoever it was stays at level 1 until they, or somebody else, show the face.
DELETE FROM driver_person AS d USING person AS p WHERE p.person_id = d.person_id AND p.level < 2;

-- One account for a driver is kept by driver_person alone: the index held the same claim twice.
DELETE FROM key_index AS k USING person AS p WHERE p.person_id = k.owner AND k.kind = 1;

-- When the caller of a login proved once more that it is them; logging in counts as well.
ALTER TABLE session ADD COLUMN proved_at timestamptz;
