-- Codes of authenticators, codes on paper that stand in for them, and when a session has last proved whose it is.
CREATE TABLE second_factors (
    person UUID NOT NULL PRIMARY KEY REFERENCES people (id),
    -- Sealed with the instance's secret key.
    secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    -- A code is taken once: those of this step and before are not.
    last_step BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE recovery_codes (
    person UUID NOT NULL REFERENCES people (id),
    hash BYTEA NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (person, hash)
);

-- Since when a second factor is asked for.
ALTER TABLE people ADD COLUMN second_factor_at BIGINT;
-- Of whom the organization asks one: nobody, administrators or everybody.
ALTER TABLE organizations ADD COLUMN second_factor TEXT NOT NULL DEFAULT 'nobody';
ALTER TABLE sessions ADD COLUMN proved_at BIGINT NOT NULL DEFAULT 0;
