-- Files that records hold. The bytes lie elsewhere, named by their SHA-256 within the organization.

CREATE TABLE media (
    organization BLOB NOT NULL REFERENCES organizations (id),
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    -- What its first bytes say that it is, not what the client said.
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    -- Pixels; nothing of what is no picture.
    width INTEGER,
    height INTEGER,
    created_by BLOB REFERENCES people (id),
    created_at INTEGER NOT NULL,
    -- arriving: its bytes are on their way to where they are kept. waiting: no record holds it. attached: one does.
    -- going: its bytes are being removed. gone: they are, and its name stays for the history of the record that held it.
    state TEXT NOT NULL CHECK (state IN ('arriving', 'waiting', 'attached', 'going', 'gone')),
    -- Since when it is in that state.
    since INTEGER NOT NULL,
    -- Where it is attached, or was last.
    collection TEXT,
    record BLOB,
    field TEXT,
    PRIMARY KEY (organization, id)
) STRICT;
CREATE INDEX media_of_content ON media (organization, sha256);
CREATE INDEX media_of_record ON media (organization, collection, record);
-- What is swept when it has waited long enough.
CREATE INDEX media_unheld ON media (since) WHERE state IN ('arriving', 'waiting', 'going');

-- What the files of an organization come to, so that a quota can be held without counting them.
CREATE TABLE media_usage (
    organization BLOB NOT NULL PRIMARY KEY REFERENCES organizations (id),
    bytes INTEGER NOT NULL,
    files INTEGER NOT NULL
) STRICT;
