-- When what a source said of a driver happened, so that a late line undoes nothing newer.

-- The last line of a kind about a driver that was applied, whichever source said it. Points are a ledger and need none.
CREATE TABLE last_said (
    driver_id    uuid        NOT NULL,
    occurred_at  timestamptz NOT NULL,
    change       text        NOT NULL CHECK (change IN ('status', 'classes', 'validity', 'authority', 'address')),
    PRIMARY KEY (driver_id, change)
) WITH (fillfactor = 90);

-- Taken, and without effect: it happened before the last line of its kind.
ALTER TABLE register_line ADD COLUMN older boolean NOT NULL DEFAULT false;
ALTER TABLE register_line ADD CONSTRAINT register_line_older CHECK (NOT older OR rule IS NULL);

-- Foreign keys (after the topology step where tables are sharded)
ALTER TABLE last_said ADD FOREIGN KEY (driver_id) REFERENCES driver (driver_id);
