-- What operators stand on: signed checkpoints of the audit chains, and the record of restores.

-- One signed statement of all chain heads. The same octets are written as files, to be copied to places this
-- database's superuser does not reach; whoever holds them finds what was rewritten here.
CREATE TABLE audit_checkpoint (
    epoch   integer     NOT NULL CHECK (epoch >= 0),    -- grows by one with every restore
    number  bigint      NOT NULL CHECK (number >= 1),   -- without gaps within an epoch
    made_at timestamptz NOT NULL,
    heads   bytea       NOT NULL CHECK (length(heads) = 32),  -- SHA-256 of the heads in it: whether there is anything new
    octets  bytea       NOT NULL,                       -- COSE_Sign1 of the audit signer
    PRIMARY KEY (epoch, number)
);

-- This database was restored from a backup. What was acknowledged after `backup_made_at` is not in it.
CREATE TABLE restored (
    epoch          integer     NOT NULL CHECK (epoch >= 1),
    restored_at    timestamptz NOT NULL,
    backup_id      uuid        NOT NULL,
    backup_made_at timestamptz NOT NULL,
    PRIMARY KEY (epoch)
);

-- ---- foreign keys: none ----
