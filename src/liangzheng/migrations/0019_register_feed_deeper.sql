-- The change feed for years on end: lines are forgotten after a while, a late entry may open a points cycle again, and a
-- letter that staff put to a status is told apart from the register's own.

-- Every number up to forgotten_to is done for ever; what stood under it is not kept and not compared any more.
ALTER TABLE register_source ADD COLUMN forgotten_to bigint NOT NULL DEFAULT 0;
ALTER TABLE register_source ADD CONSTRAINT register_source_forgotten CHECK (forgotten_to BETWEEN 0 AND done_to);

-- `reckoned`: points that moved between two cycles, because a late entry or a correction changed what the calendar had done.
-- It names the entry it moved, or none where it undoes a clearing.
ALTER TABLE points_entry DROP CONSTRAINT points_entry_kind_check;
ALTER TABLE points_entry DROP CONSTRAINT points_entry_check1;
ALTER TABLE points_entry ADD CONSTRAINT points_entry_kind CHECK (kind IN ('opening', 'restated', 'violation', 'correction',
    'earned-back', 'cleared', 'carried', 'reckoned'));
ALTER TABLE points_entry ADD CONSTRAINT points_entry_names CHECK (kind = 'reckoned'
    OR (kind IN ('correction', 'carried')) = (corrects IS NOT NULL));

-- A letter of a status that an act of staff put there. Gone once the letter is, or once the act has no say in it any more.
CREATE TABLE status_letter (
    driver_id  uuid        NOT NULL,
    put_by     uuid        NOT NULL,  -- the proposal
    put_at     timestamptz NOT NULL,
    also_said  boolean     NOT NULL DEFAULT false,  -- the register has said the letter as well, so it outlives the act
    letter     text        NOT NULL CHECK (length(letter) = 1),
    PRIMARY KEY (driver_id, letter)
);
INSERT INTO status_letter (driver_id, put_by, put_at, letter)
SELECT p.driver_id, p.id, p.proposed_at, 'U' FROM proposal AS p JOIN driver AS d ON d.driver_id = p.driver_id
 WHERE p.kind = 'retain' AND p.state = 'proposed' AND position('U' IN d.status) > 0
ON CONFLICT DO NOTHING;

-- Foreign keys (after the topology step where tables are sharded)
ALTER TABLE status_letter ADD FOREIGN KEY (driver_id) REFERENCES driver (driver_id);
