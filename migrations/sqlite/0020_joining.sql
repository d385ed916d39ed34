-- Who is asked to join, what roles are worth in an organization, and by which token an act was done.

CREATE TABLE invitations (
    id BLOB NOT NULL PRIMARY KEY,
    organization BLOB NOT NULL REFERENCES organizations (id),
    -- SHA-256 of the secret in its link.
    hash BLOB NOT NULL UNIQUE,
    -- Whose it is alone; empty where it is for whoever has the link.
    email TEXT NOT NULL DEFAULT '',
    email_key TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL DEFAULT '',
    -- The person without sign-in that is made somebody's.
    person BLOB REFERENCES people (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    -- As in a membership.
    roles TEXT NOT NULL DEFAULT '',
    invited_by BLOB NOT NULL REFERENCES people (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    accepted_at INTEGER,
    accepted_by BLOB REFERENCES people (id),
    withdrawn_at INTEGER
) STRICT;
CREATE INDEX invitations_of_organization ON invitations (organization, created_at, id);

-- Roles of an organization's own, by a name without a dot, and what it makes of those that plugins declare, by
-- `plugin.role`.
CREATE TABLE roles (
    organization BLOB NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    -- By single spaces.
    permissions TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (organization, name)
) STRICT, WITHOUT ROWID;

ALTER TABLE audit ADD COLUMN token BLOB;
