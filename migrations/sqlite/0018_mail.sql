-- Letters, written in the commit that they belong to and sent afterwards.
CREATE TABLE mail (
    id BLOB NOT NULL PRIMARY KEY,
    -- Nothing where a letter is about an account and no organization.
    organization BLOB REFERENCES organizations (id),
    -- What it is, such as `invitation`, and the plugin that asked for it.
    kind TEXT NOT NULL,
    plugin TEXT,
    recipient TEXT NOT NULL,
    recipient_name TEXT NOT NULL,
    reply_to TEXT,
    subject TEXT NOT NULL,
    -- JSON; nothing once it is forgotten.
    letter TEXT,
    -- A JSON list of files.
    attachments TEXT NOT NULL,
    -- Whether who reads it can act as the one that it goes to.
    secret INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
    -- When it is tried next, while it waits.
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- Of the last try: when, from where, and why it failed.
    tried_at INTEGER,
    tried_from TEXT,
    error TEXT,
    asked_at INTEGER NOT NULL
) STRICT;
CREATE INDEX mail_of_organization ON mail (organization, id);
CREATE INDEX mail_due ON mail (due_at) WHERE state = 'waiting';
CREATE INDEX mail_ended ON mail (tried_at) WHERE state <> 'waiting';
