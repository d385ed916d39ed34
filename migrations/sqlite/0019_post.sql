-- Lines that people are told, each on their own page.
CREATE TABLE notices (
    organization BLOB NOT NULL,
    person BLOB NOT NULL,
    id BLOB NOT NULL,
    -- Who tells it; nothing where the host does.
    plugin TEXT,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    -- What it leads to: a record, or a page of this site.
    collection TEXT,
    record BLOB,
    path TEXT,
    urgent INTEGER NOT NULL,
    -- While one of this key is unread, it is that one.
    key TEXT,
    at INTEGER NOT NULL,
    read_at INTEGER,
    -- Whether it is to be mailed: that is not decided yet, it waits for the morning, or nothing is left to do.
    mail TEXT NOT NULL CHECK (mail IN ('open', 'digest', 'done')),
    PRIMARY KEY (organization, person, id),
    FOREIGN KEY (organization, person) REFERENCES memberships (organization, person)
) STRICT;
CREATE UNIQUE INDEX notices_once ON notices (organization, person, coalesce(plugin, ''), key)
    WHERE read_at IS NULL AND key IS NOT NULL;
CREATE INDEX notices_unread ON notices (organization, person) WHERE read_at IS NULL;
CREATE INDEX notices_open ON notices (at) WHERE mail = 'open';
CREATE INDEX notices_digest ON notices (organization, person) WHERE mail = 'digest';

-- How people want to be told by mail.
CREATE TABLE notice_wishes (
    organization BLOB NOT NULL,
    person BLOB NOT NULL,
    -- `page`, `digest` (what is urgent at once, the rest in the morning) or `mail` (all at once).
    by TEXT NOT NULL CHECK (by IN ('page', 'digest', 'mail')),
    -- Whether nothing is mailed at night.
    quiet INTEGER NOT NULL,
    PRIMARY KEY (organization, person),
    FOREIGN KEY (organization, person) REFERENCES memberships (organization, person)
) STRICT;

-- Ways in for people without an account: one page of a plugin, one subject.
CREATE TABLE links (
    organization BLOB NOT NULL REFERENCES organizations (id),
    id BLOB NOT NULL,
    -- SHA-256 of its secret.
    hash BLOB NOT NULL UNIQUE,
    plugin TEXT NOT NULL,
    page TEXT NOT NULL,
    subject BLOB NOT NULL,
    label TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    -- Why it leads nowhere any more, and since when.
    closed TEXT CHECK (closed IN ('withdrawn', 'superseded')),
    closed_at INTEGER,
    -- How often something was done by it, and when last.
    uses INTEGER NOT NULL DEFAULT 0,
    used_at INTEGER,
    PRIMARY KEY (organization, id)
) STRICT;
CREATE INDEX links_of_subject ON links (organization, plugin, subject);
