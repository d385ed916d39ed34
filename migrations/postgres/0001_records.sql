-- The shape of each collection's table, as JSON, with which a descriptor's next version is compared.
CREATE TABLE collections (
    name TEXT NOT NULL PRIMARY KEY,
    shape TEXT NOT NULL
);

-- What every commit changed, by whom and through what. Appended to, never changed.
CREATE TABLE changes (
    organization UUID NOT NULL,
    -- Numbers are given out in another order than transactions commit in, and a reader of "after 17" could miss a late
    -- 16. Readers go by transaction, then number, and stop below the oldest transaction still under way.
    xid XID8 NOT NULL DEFAULT pg_current_xact_id(),
    sequence BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    at BIGINT NOT NULL,
    principal_kind TEXT NOT NULL,
    principal_id TEXT,
    plugin TEXT,
    plugin_version TEXT,
    request UUID NOT NULL,
    origin TEXT NOT NULL,
    collection TEXT NOT NULL,
    record UUID NOT NULL,
    kind TEXT NOT NULL,
    transition TEXT,
    version BIGINT NOT NULL,
    -- JSON objects of the fields that differ.
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    PRIMARY KEY (organization, xid, sequence)
);
CREATE INDEX changes_of_record ON changes (organization, collection, record, sequence);
