-- Lines that people are told, each on their own page.
CREATE TABLE notices (
    organization UUID NOT NULL,
    person UUID NOT NULL,
    id UUID NOT NULL,
    -- Who tells it; nothing where the host does.
    plugin TEXT,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    -- What it leads to: a record, or a page of this site.
    collection TEXT,
    record UUID,
    path TEXT,
    urgent BOOLEAN NOT NULL,
    -- While one of this key is unread, it is that one.
    key TEXT,
    at BIGINT NOT NULL,
    read_at BIGINT,
    -- Whether it is to be mailed: that is not decided yet, it waits for the morning, or nothing is left to do.
    mail TEXT NOT NULL CHECK (mail IN ('open', 'digest', 'done')),
    PRIMARY KEY (organization, person, id),
    FOREIGN KEY (organization, person) REFERENCES memberships (organization, person)
);
CREATE UNIQUE INDEX notices_once ON notices (organization, person, coalesce(plugin, ''), key)
    WHERE read_at IS NULL AND key IS NOT NULL;
CREATE INDEX notices_unread ON notices (organization, person) WHERE read_at IS NULL;
CREATE INDEX notices_open ON notices (at) WHERE mail = 'open';
CREATE INDEX notices_digest ON notices (organization, person) WHERE mail = 'digest';

-- How people want to be told by mail.
CREATE TABLE notice_wishes (
    organization UUID NOT NULL,
    person UUID NOT NULL,
    -- `page`, `digest` (what is urgent at once, the rest in the morning) or `mail` (all at once).
    by TEXT NOT NULL CHECK (by IN ('page', 'digest', 'mail')),
    -- Whether nothing is mailed at night.
    quiet BOOLEAN NOT NULL,
    PRIMARY KEY (organization, person),
    FOREIGN KEY (organization, person) REFERENCES memberships (organization, person)
);

-- Ways in for people without an account: one page of a plugin, one subject.
CREATE TABLE links (
    organization UUID NOT NULL REFERENCES organizations (id),
    id UUID NOT NULL,
    -- SHA-256 of its secret.
    hash BYTEA NOT NULL UNIQUE,
    plugin TEXT NOT NULL,
    page TEXT NOT NULL,
    subject UUID NOT NULL,
    label TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    -- Why it leads nowhere any more, and since when.
    closed TEXT CHECK (closed IN ('withdrawn', 'superseded')),
    closed_at BIGINT,
    -- How often something was done by it, and when last.
    uses BIGINT NOT NULL DEFAULT 0,
    used_at BIGINT,
    PRIMARY KEY (organization, id)
);
CREATE INDEX links_of_subject ON links (organization, plugin, subject);
