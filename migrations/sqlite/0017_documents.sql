-- Documents that plugins ask for: a template and data become a file, made once the commit stands.

-- A document that is to be made: the file is there, and its bytes are not.
ALTER TABLE media ADD COLUMN pending INTEGER NOT NULL DEFAULT 0;

CREATE TABLE documents (
    organization BLOB NOT NULL REFERENCES organizations (id),
    -- Of the file as well.
    id BLOB NOT NULL,
    plugin TEXT NOT NULL,
    template TEXT NOT NULL,
    -- JSON; nothing once it is made.
    data TEXT NOT NULL,
    -- What the template takes for today, in days since 1970-01-01.
    date INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    run_after INTEGER NOT NULL,
    -- Who makes it just now, and until when nobody else takes it over.
    holder BLOB,
    held_until INTEGER NOT NULL DEFAULT 0,
    -- Why the last try failed.
    error TEXT,
    asked_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (organization, id)
) STRICT;
CREATE INDEX documents_due ON documents (run_after) WHERE state = 'waiting';
CREATE INDEX documents_ended ON documents (changed_at) WHERE state = 'done';

-- Templates of plugins as an organization has them.
CREATE TABLE document_templates (
    organization BLOB NOT NULL REFERENCES organizations (id),
    plugin TEXT NOT NULL,
    template TEXT NOT NULL,
    source TEXT NOT NULL,
    changed_by BLOB REFERENCES people (id),
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (organization, plugin, template)
) STRICT;

-- What stands at the head of an organization's documents.
CREATE TABLE letterheads (
    organization BLOB NOT NULL PRIMARY KEY REFERENCES organizations (id),
    logo BLOB NOT NULL,
    content_type TEXT NOT NULL,
    changed_by BLOB REFERENCES people (id),
    changed_at INTEGER NOT NULL
) STRICT;
