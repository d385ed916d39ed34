-- Organizations, people and how they prove who they are. Secrets (session, token, setup) are kept as SHA-256 alone.

CREATE TABLE organizations (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- Folded: scripts and people choose an organization by its name, so no two may read alike.
    name_key TEXT NOT NULL UNIQUE,
    -- ISO 3166-1 alpha-2.
    country TEXT NOT NULL,
    -- ISO 4217.
    currency TEXT NOT NULL,
    -- IANA.
    time_zone TEXT NOT NULL,
    -- BCP 47.
    locale TEXT NOT NULL,
    -- ISO 8601: 1 is Monday, 7 is Sunday.
    week_starts INTEGER NOT NULL CHECK (week_starts BETWEEN 1 AND 7),
    -- The month whose first day begins it, 1 to 12.
    fiscal_year_starts INTEGER NOT NULL CHECK (fiscal_year_starts BETWEEN 1 AND 12),
    tax_number TEXT NOT NULL DEFAULT '',
    -- Instants are microseconds since the Unix epoch, UTC, in every table.
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE people (
    id BLOB NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    -- In lower case: one address is one account.
    email_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- PHC string of argon2id; nothing for who cannot sign in with a password.
    password_hash TEXT,
    -- Somebody else chose the password and still knows it.
    password_temporary INTEGER NOT NULL DEFAULT 0,
    -- Nothing where the organization's own applies.
    locale TEXT,
    time_zone TEXT,
    instance_admin INTEGER NOT NULL DEFAULT 0,
    active INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE memberships (
    organization BLOB NOT NULL REFERENCES organizations (id),
    person BLOB NOT NULL REFERENCES people (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    active INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_of_person ON memberships (person, organization);

CREATE TABLE sessions (
    token_hash BLOB NOT NULL PRIMARY KEY,
    -- Names the session in lists, where its secret must not appear.
    id BLOB NOT NULL UNIQUE,
    person BLOB NOT NULL REFERENCES people (id),
    -- The organization that the person is working in.
    organization BLOB NOT NULL REFERENCES organizations (id),
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    -- The end however much it is used; an idle one ends earlier.
    expires_at INTEGER NOT NULL,
    user_agent TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of_person ON sessions (person, created_at);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE tokens (
    id BLOB NOT NULL PRIMARY KEY,
    organization BLOB NOT NULL,
    person BLOB NOT NULL,
    name TEXT NOT NULL,
    -- The first characters of the secret, to tell tokens apart.
    prefix TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    scope TEXT NOT NULL CHECK (scope IN ('all', 'read')),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    revoked_at INTEGER,
    FOREIGN KEY (organization, person) REFERENCES memberships (organization, person)
) STRICT;
CREATE INDEX tokens_of_person ON tokens (organization, person, created_at);

-- The one-time secret that makes the first organization. A later one replaces it.
CREATE TABLE setup (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    token_hash BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;

-- Who signed in, failed to, or changed rights, members, tokens or plugins. Appended to, never changed.
CREATE TABLE audit (
    id BLOB NOT NULL PRIMARY KEY,
    organization BLOB,
    at INTEGER NOT NULL,
    person BLOB,
    kind TEXT NOT NULL,
    address TEXT NOT NULL DEFAULT '',
    -- A JSON object.
    detail TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX audit_of_organization ON audit (organization, at, id);
CREATE INDEX audit_of_person ON audit (person, at, id);
