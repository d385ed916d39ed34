-- Codes of authenticators, codes on paper that stand in for them, and when a session has last proved whose it is.
CREATE TABLE second_factors (
    person BLOB NOT NULL PRIMARY KEY REFERENCES people (id),
    -- Sealed with the instance's secret key.
    secret BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    confirmed_at INTEGER,
    -- A code is taken once: those of this step and before are not.
    last_step INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE recovery_codes (
    person BLOB NOT NULL REFERENCES people (id),
    hash BLOB NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (person, hash)
) STRICT;

-- Since when a second factor is asked for.
ALTER TABLE people ADD COLUMN second_factor_at INTEGER;
-- Of whom the organization asks one: nobody, administrators or everybody.
ALTER TABLE organizations ADD COLUMN second_factor TEXT NOT NULL DEFAULT 'nobody';
ALTER TABLE sessions ADD COLUMN proved_at INTEGER NOT NULL DEFAULT 0;
