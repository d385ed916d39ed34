-- Organizations, people and how they prove who they are. Secrets (session, token, setup) are kept as SHA-256 alone.

CREATE TABLE organizations (
    id UUID NOT NULL PRIMARY KEY,
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
    week_starts BIGINT NOT NULL CHECK (week_starts BETWEEN 1 AND 7),
    -- The month whose first day begins it, 1 to 12.
    fiscal_year_starts BIGINT NOT NULL CHECK (fiscal_year_starts BETWEEN 1 AND 12),
    tax_number TEXT NOT NULL DEFAULT '',
    -- Instants are microseconds since the Unix epoch, UTC, in every table.
    created_at BIGINT NOT NULL
);

CREATE TABLE people (
    id UUID NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    -- In lower case: one address is one account.
    email_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- PHC string of argon2id; nothing for who cannot sign in with a password.
    password_hash TEXT,
    -- Somebody else chose the password and still knows it.
    password_temporary BOOLEAN NOT NULL DEFAULT FALSE,
    -- Nothing where the organization's own applies.
    locale TEXT,
    time_zone TEXT,
    instance_admin BOOLEAN NOT NULL DEFAULT FALSE,
    active BOOLEAN NOT NULL DEFAULT TRUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE memberships (
    organization UUID NOT NULL REFERENCES organizations (id),
    person UUID NOT NULL REFERENCES people (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    active BOOLEAN NOT NULL DEFAULT TRUE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organization, person)
);
CREATE INDEX memberships_of_person ON memberships (person, organization);

CREATE TABLE sessions (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    -- Names the session in lists, where its secret must not appear.
    id UUID NOT NULL UNIQUE,
    person UUID NOT NULL REFERENCES people (id),
    -- The organization that the person is working in.
    organization UUID NOT NULL REFERENCES organizations (id),
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    -- The end however much it is used; an idle one ends earlier.
    expires_at BIGINT NOT NULL,
    user_agent TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT ''
);
CREATE INDEX sessions_of_person ON sessions (person, created_at);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE tokens (
    id UUID NOT NULL PRIMARY KEY,
    organization UUID NOT NULL,
    person UUID NOT NULL,
    name TEXT NOT NULL,
    -- The first characters of the secret, to tell tokens apart.
    prefix TEXT NOT NULL,
    hash BYTEA NOT NULL UNIQUE,
    scope TEXT NOT NULL CHECK (scope IN ('all', 'read')),
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT,
    FOREIGN KEY (organization, person) REFERENCES memberships (organization, person)
);
CREATE INDEX tokens_of_person ON tokens (organization, person, created_at);

-- The one-time secret that makes the first organization. A later one replaces it.
CREATE TABLE setup (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    token_hash BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

-- Who signed in, failed to, or changed rights, members, tokens or plugins. Appended to, never changed.
CREATE TABLE audit (
    id UUID NOT NULL PRIMARY KEY,
    organization UUID,
    at BIGINT NOT NULL,
    person UUID,
    kind TEXT NOT NULL,
    address TEXT NOT NULL DEFAULT '',
    -- A JSON object.
    detail TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_of_organization ON audit (organization, at, id);
CREATE INDEX audit_of_person ON audit (person, at, id);
