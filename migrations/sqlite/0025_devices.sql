-- Browsers that an administrator has enrolled, and the names and PINs that serve on them alone.
CREATE TABLE devices (
    id BLOB NOT NULL PRIMARY KEY,
    organization BLOB NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    -- SHA-256 of the secret in its link until it is enrolled, of the one in its cookie from then on.
    hash BLOB NOT NULL UNIQUE,
    created_by BLOB NOT NULL REFERENCES people (id),
    created_at INTEGER NOT NULL,
    -- Until when the link serves.
    expires_at INTEGER NOT NULL,
    enrolled_at INTEGER,
    user_agent TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT '',
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX devices_of_organization ON devices (organization, created_at, id);

CREATE TABLE pins (
    organization BLOB NOT NULL,
    person BLOB NOT NULL,
    username TEXT NOT NULL,
    -- Folded: no two of an organization read alike.
    username_key TEXT NOT NULL,
    -- PHC string of argon2id.
    hash TEXT NOT NULL,
    set_at INTEGER NOT NULL,
    -- Tries in a row that were wrong, and when the next one is heard.
    misses INTEGER NOT NULL DEFAULT 0,
    next_try_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (organization, person),
    UNIQUE (organization, username_key),
    FOREIGN KEY (organization, person) REFERENCES memberships (organization, person)
) STRICT;

-- The device that a session was opened on by PIN: it ends with it.
ALTER TABLE sessions ADD COLUMN device BLOB REFERENCES devices (id);
CREATE INDEX sessions_of_device ON sessions (device) WHERE device IS NOT NULL;
