-- Versions of plugins that carry records over before they are in use: the latest of each plugin.
CREATE TABLE data_migrations (
    plugin TEXT NOT NULL PRIMARY KEY REFERENCES plugins (id),
    hash BYTEA NOT NULL,
    version TEXT NOT NULL,
    from_hash BYTEA NOT NULL,
    from_version TEXT NOT NULL,
    -- What the administrator consented to, as JSON.
    granted TEXT NOT NULL,
    -- Whether the program or the folder beside it brought the version.
    brought BOOLEAN NOT NULL,
    phase TEXT NOT NULL,
    -- Why it ended as it did.
    fault TEXT,
    -- Records that there were at the beginning.
    expected BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    started_by UUID REFERENCES people (id),
    address TEXT NOT NULL,
    ended_at BIGINT
);

-- How far each has come in each organization, committed together with what it wrote.
CREATE TABLE data_migration_places (
    organization UUID NOT NULL REFERENCES organizations (id),
    plugin TEXT NOT NULL,
    -- Where it goes on, as JSON; empty before its beginning.
    place TEXT NOT NULL,
    -- Whether every record was carried over once: what comes now was changed meanwhile.
    through BOOLEAN NOT NULL,
    records BIGINT NOT NULL,
    writes BIGINT NOT NULL,
    PRIMARY KEY (organization, plugin)
);
