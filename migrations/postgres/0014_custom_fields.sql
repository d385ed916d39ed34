-- Fields that an organization adds to a collection of a plugin. Their values lie in the column `custom` of the
-- collection's table.
CREATE TABLE custom_fields (
    organization UUID NOT NULL REFERENCES organizations (id),
    id UUID NOT NULL,
    collection TEXT NOT NULL,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    help TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- What follows from the kind, as JSON.
    definition TEXT NOT NULL,
    required BOOLEAN NOT NULL,
    -- Its place among the fields of the collection, from 1.
    place INTEGER NOT NULL,
    version BIGINT NOT NULL,
    -- When a field of that name was purged before it; 0 where none was.
    since BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    archived_at BIGINT,
    PRIMARY KEY (organization, id)
);
CREATE UNIQUE INDEX custom_fields_by_name ON custom_fields (organization, collection, name);

-- Names of fields that were purged. What the change log says of them before was said of another field.
CREATE TABLE custom_fields_purged (
    organization UUID NOT NULL REFERENCES organizations (id),
    collection TEXT NOT NULL,
    name TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (organization, collection, name)
);

-- When the fields of an organization were changed last, counted over all organizations: hosts ask for what came since.
CREATE TABLE custom_fields_version (id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), version BIGINT NOT NULL);
INSERT INTO custom_fields_version (id, version) VALUES (1, 0);
CREATE TABLE custom_fields_changed (
    organization UUID NOT NULL PRIMARY KEY REFERENCES organizations (id),
    version BIGINT NOT NULL
);
CREATE INDEX custom_fields_changed_by_version ON custom_fields_changed (version);
