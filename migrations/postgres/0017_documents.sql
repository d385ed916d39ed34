-- Documents that plugins ask for: a template and data become a file, made once the commit stands.

-- A document that is to be made: the file is there, and its bytes are not.
ALTER TABLE media ADD COLUMN pending BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE documents (
    organization UUID NOT NULL REFERENCES organizations (id),
    -- Of the file as well.
    id UUID NOT NULL,
    plugin TEXT NOT NULL,
    template TEXT NOT NULL,
    -- JSON; nothing once it is made.
    data TEXT NOT NULL,
    -- What the template takes for today, in days since 1970-01-01.
    date BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'failed')),
    attempts BIGINT NOT NULL DEFAULT 0,
    run_after BIGINT NOT NULL,
    -- Who makes it just now, and until when nobody else takes it over.
    holder UUID,
    held_until BIGINT NOT NULL DEFAULT 0,
    -- Why the last try failed.
    error TEXT,
    asked_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (organization, id)
);
CREATE INDEX documents_due ON documents (run_after) WHERE state = 'waiting';
CREATE INDEX documents_ended ON documents (changed_at) WHERE state = 'done';

-- Templates of plugins as an organization has them.
CREATE TABLE document_templates (
    organization UUID NOT NULL REFERENCES organizations (id),
    plugin TEXT NOT NULL,
    template TEXT NOT NULL,
    source TEXT NOT NULL,
    changed_by UUID REFERENCES people (id),
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (organization, plugin, template)
);

-- What stands at the head of an organization's documents.
CREATE TABLE letterheads (
    organization UUID NOT NULL PRIMARY KEY REFERENCES organizations (id),
    logo BYTEA NOT NULL,
    content_type TEXT NOT NULL,
    changed_by UUID REFERENCES people (id),
    changed_at BIGINT NOT NULL
);
