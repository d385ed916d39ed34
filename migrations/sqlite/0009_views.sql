-- Lists that somebody has kept: filters, order and columns of a collection under a name.
CREATE TABLE views (
    id BLOB NOT NULL PRIMARY KEY,
    organization BLOB NOT NULL REFERENCES organizations (id),
    collection TEXT NOT NULL,
    owner BLOB NOT NULL REFERENCES people (id),
    name TEXT NOT NULL,
    -- The query string of the list.
    query TEXT NOT NULL,
    -- Everybody of the organization sees it.
    shared INTEGER NOT NULL,
    -- The list opens with it: its owner's, or everybody's where it is shared. One's own comes first.
    standard INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX views_of_collection ON views (organization, collection, owner);
