-- Who is asked to join, what roles are worth in an organization, and by which token an act was done.

CREATE TABLE invitations (
    id UUID NOT NULL PRIMARY KEY,
    organization UUID NOT NULL REFERENCES organizations (id),
    -- SHA-256 of the secret in its link.
    hash BYTEA NOT NULL UNIQUE,
    -- Whose it is alone; empty where it is for whoever has the link.
    email TEXT NOT NULL DEFAULT '',
    email_key TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL DEFAULT '',
    -- The person without sign-in that is made somebody's.
    person UUID REFERENCES people (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    -- As in a membership.
    roles TEXT NOT NULL DEFAULT '',
    invited_by UUID NOT NULL REFERENCES people (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    accepted_at BIGINT,
    accepted_by UUID REFERENCES people (id),
    withdrawn_at BIGINT
);
CREATE INDEX invitations_of_organization ON invitations (organization, created_at, id);

-- Roles of an organization's own, by a name without a dot, and what it makes of those that plugins declare, by
-- `plugin.role`.
CREATE TABLE roles (
    organization UUID NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    -- By single spaces.
    permissions TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (organization, name)
);

ALTER TABLE audit ADD COLUMN token UUID;
