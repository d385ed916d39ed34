-- Lists that somebody has kept: filters, order and columns of a collection under a name.
CREATE TABLE views (
    id UUID NOT NULL PRIMARY KEY,
    organization UUID NOT NULL REFERENCES organizations (id),
    collection TEXT NOT NULL,
    owner UUID NOT NULL REFERENCES people (id),
    name TEXT NOT NULL,
    -- The query string of the list.
    query TEXT NOT NULL,
    -- Everybody of the organization sees it.
    shared BOOLEAN NOT NULL,
    -- The list opens with it: its owner's, or everybody's where it is shared. One's own comes first.
    standard BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX views_of_collection ON views (organization, collection, owner);
