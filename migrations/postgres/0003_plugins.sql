-- Which plugins the instance has, in which versions, and which organizations use them.

-- Every version that may be returned to. Bytes are named by their SHA-256: two builds of one version differ.
CREATE TABLE plugin_versions (
    plugin TEXT NOT NULL,
    hash BYTEA NOT NULL,
    version TEXT NOT NULL,
    title TEXT NOT NULL,
    -- `plugin.toml` as it rides in the component.
    descriptor TEXT NOT NULL,
    bytes BYTEA NOT NULL,
    -- What the administrator consented to for this version, as JSON.
    granted TEXT NOT NULL,
    installed_at BIGINT NOT NULL,
    -- Nothing where the program brought it itself or an operator did, on the command line.
    installed_by UUID REFERENCES people (id),
    PRIMARY KEY (plugin, hash)
);

CREATE TABLE plugins (
    id TEXT NOT NULL PRIMARY KEY,
    -- The version in use.
    hash BYTEA NOT NULL,
    granted TEXT NOT NULL,
    -- Off for the whole instance where it is not active.
    active BOOLEAN NOT NULL DEFAULT TRUE,
    -- Whether organizations that have not switched it have it on.
    enabled_by_default BOOLEAN NOT NULL DEFAULT FALSE,
    installed_at BIGINT NOT NULL,
    installed_by UUID REFERENCES people (id),
    FOREIGN KEY (id, hash) REFERENCES plugin_versions (plugin, hash)
);

CREATE TABLE plugin_switches (
    organization UUID NOT NULL REFERENCES organizations (id),
    plugin TEXT NOT NULL REFERENCES plugins (id),
    enabled BOOLEAN NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by UUID REFERENCES people (id),
    PRIMARY KEY (organization, plugin)
);

-- Goes up with every change to the three tables above, in the same transaction, so that every host sees that it must
-- build its registry again.
CREATE TABLE registry_version (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL
);
INSERT INTO registry_version (id, version) VALUES (1, 1);
