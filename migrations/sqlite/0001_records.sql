-- The shape of each collection's table, as JSON, with which a descriptor's next version is compared.
CREATE TABLE collections (
    name TEXT NOT NULL PRIMARY KEY,
    shape TEXT NOT NULL
) STRICT;

-- What every commit changed, by whom and through what. Appended to, never changed.
CREATE TABLE changes (
    -- One writer: what has the larger number was committed later.
    sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    organization BLOB NOT NULL,
    at INTEGER NOT NULL,
    principal_kind TEXT NOT NULL,
    principal_id TEXT,
    plugin TEXT,
    plugin_version TEXT,
    request BLOB NOT NULL,
    origin TEXT NOT NULL,
    collection TEXT NOT NULL,
    record BLOB NOT NULL,
    kind TEXT NOT NULL,
    transition TEXT,
    version INTEGER NOT NULL,
    -- JSON objects of the fields that differ.
    before TEXT NOT NULL,
    after TEXT NOT NULL
) STRICT;
CREATE INDEX changes_in_order ON changes (organization, sequence);
CREATE INDEX changes_of_record ON changes (organization, collection, record, sequence);
