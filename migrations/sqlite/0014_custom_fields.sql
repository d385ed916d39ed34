-- Fields that an organization adds to a collection of a plugin. Their values lie in the column `custom` of the
-- collection's table.
CREATE TABLE custom_fields (
    organization BLOB NOT NULL REFERENCES organizations (id),
    id BLOB NOT NULL,
    collection TEXT NOT NULL,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    help TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- What follows from the kind, as JSON.
    definition TEXT NOT NULL,
    required INTEGER NOT NULL,
    -- Its place among the fields of the collection, from 1.
    place INTEGER NOT NULL,
    version INTEGER NOT NULL,
    -- When a field of that name was purged before it; 0 where none was.
    since INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    archived_at INTEGER,
    PRIMARY KEY (organization, id)
) STRICT;
CREATE UNIQUE INDEX custom_fields_by_name ON custom_fields (organization, collection, name);

-- Names of fields that were purged. What the change log says of them before was said of another field.
CREATE TABLE custom_fields_purged (
    organization BLOB NOT NULL REFERENCES organizations (id),
    collection TEXT NOT NULL,
    name TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (organization, collection, name)
) STRICT;

-- When the fields of an organization were changed last, counted over all organizations: hosts ask for what came since.
CREATE TABLE custom_fields_version (id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL) STRICT;
INSERT INTO custom_fields_version (id, version) VALUES (1, 0);
CREATE TABLE custom_fields_changed (
    organization BLOB NOT NULL PRIMARY KEY REFERENCES organizations (id),
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX custom_fields_changed_by_version ON custom_fields_changed (version);
