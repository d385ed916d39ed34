-- Who is told of changes elsewhere, over HTTPS.

CREATE TABLE webhooks (
    organization BLOB NOT NULL REFERENCES organizations (id),
    id BLOB NOT NULL,
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    -- JSON lists; an empty one is all.
    collections TEXT NOT NULL,
    kinds TEXT NOT NULL,
    -- Sealed with the instance's key. The former one signs as well until its time is up.
    secret BLOB NOT NULL,
    former_secret BLOB,
    former_until INTEGER,
    -- Why nothing is sent just now; nothing where it is.
    paused TEXT CHECK (paused IN ('by-hand', 'failing', 'owner')),
    paused_at INTEGER,
    -- Since when every try has failed, and how many.
    failing_since INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,
    -- It is told what they may see.
    created_by BLOB NOT NULL REFERENCES people (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- How far the change log was turned into deliveries: transaction and sequence.
    log_transaction INTEGER NOT NULL,
    log_sequence INTEGER NOT NULL,
    PRIMARY KEY (organization, id)
) STRICT;

-- One change that one webhook is told of. What is said is read from the log when it is sent.
CREATE TABLE deliveries (
    organization BLOB NOT NULL,
    webhook BLOB NOT NULL,
    -- In the order of the log.
    number INTEGER NOT NULL,
    -- The event's id, the same at every try.
    id BLOB NOT NULL,
    log_transaction INTEGER NOT NULL,
    log_sequence INTEGER NOT NULL,
    collection TEXT NOT NULL,
    record BLOB NOT NULL,
    kind TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given-up', 'withheld')),
    tries INTEGER NOT NULL DEFAULT 0,
    -- When it is tried next, while it waits; when it ended, after.
    due_at INTEGER NOT NULL,
    -- Of the last try.
    tried_at INTEGER,
    status INTEGER,
    took_ms INTEGER,
    answer TEXT,
    error TEXT,
    PRIMARY KEY (organization, webhook, number),
    FOREIGN KEY (organization, webhook) REFERENCES webhooks (organization, id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX deliveries_by_id ON deliveries (organization, webhook, id);
CREATE INDEX deliveries_due ON deliveries (organization, webhook, due_at) WHERE state = 'waiting';
CREATE INDEX deliveries_of_record ON deliveries (organization, webhook, collection, record, number) WHERE state = 'waiting';
CREATE INDEX deliveries_ended ON deliveries (due_at) WHERE state <> 'waiting';
