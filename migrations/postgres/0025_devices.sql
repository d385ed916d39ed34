-- Browsers that an administrator has enrolled, and the names and PINs that serve on them alone.
CREATE TABLE devices (
    id UUID NOT NULL PRIMARY KEY,
    organization UUID NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    -- SHA-256 of the secret in its link until it is enrolled, of the one in its cookie from then on.
    hash BYTEA NOT NULL UNIQUE,
    created_by UUID NOT NULL REFERENCES people (id),
    created_at BIGINT NOT NULL,
    -- Until when the link serves.
    expires_at BIGINT NOT NULL,
    enrolled_at BIGINT,
    user_agent TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT '',
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX devices_of_organization ON devices (organization, created_at, id);

CREATE TABLE pins (
    organization UUID NOT NULL,
    person UUID NOT NULL,
    username TEXT NOT NULL,
    -- Folded: no two of an organization read alike.
    username_key TEXT NOT NULL,
    -- PHC string of argon2id.
    hash TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    -- Tries in a row that were wrong, and when the next one is heard.
    misses BIGINT NOT NULL DEFAULT 0,
    next_try_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organization, person),
    UNIQUE (organization, username_key),
    FOREIGN KEY (organization, person) REFERENCES memberships (organization, person)
);

-- The device that a session was opened on by PIN: it ends with it.
ALTER TABLE sessions ADD COLUMN device UUID REFERENCES devices (id);
CREATE INDEX sessions_of_device ON sessions (device) WHERE device IS NOT NULL;
