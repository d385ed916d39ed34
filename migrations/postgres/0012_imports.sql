-- Files on their way to become records.
CREATE TABLE imports (
    organization UUID NOT NULL,
    id UUID NOT NULL,
    collection TEXT NOT NULL,
    state TEXT NOT NULL,
    made_by UUID,
    made_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    -- One more with each change: whoever writes says which one they read.
    revision BIGINT NOT NULL,
    -- What it is and how far it has come, as JSON.
    document TEXT NOT NULL,
    PRIMARY KEY (organization, id)
);
CREATE INDEX imports_of_collection ON imports (organization, collection, id);
CREATE INDEX imports_by_state ON imports (state, changed_at);

-- Their rows, some hundred at a time, as JSON.
CREATE TABLE import_rows (
    organization UUID NOT NULL,
    import UUID NOT NULL,
    number BIGINT NOT NULL,
    rows TEXT NOT NULL,
    PRIMARY KEY (organization, import, number)
);

-- The import that made a change, or that undid it.
ALTER TABLE changes ADD COLUMN import UUID;
CREATE INDEX changes_of_import ON changes (organization, import, sequence) WHERE import IS NOT NULL;
