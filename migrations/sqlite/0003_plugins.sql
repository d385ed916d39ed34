-- Which plugins the instance has, in which versions, and which organizations use them.

-- Every version that may be returned to. Bytes are named by their SHA-256: two builds of one version differ.
CREATE TABLE plugin_versions (
    plugin TEXT NOT NULL,
    hash BLOB NOT NULL,
    version TEXT NOT NULL,
    title TEXT NOT NULL,
    -- `plugin.toml` as it rides in the component.
    descriptor TEXT NOT NULL,
    bytes BLOB NOT NULL,
    -- What the administrator consented to for this version, as JSON.
    granted TEXT NOT NULL,
    installed_at INTEGER NOT NULL,
    -- Nothing where the program brought it itself or an operator did, on the command line.
    installed_by BLOB REFERENCES people (id),
    PRIMARY KEY (plugin, hash)
) STRICT;

CREATE TABLE plugins (
    id TEXT NOT NULL PRIMARY KEY,
    -- The version in use.
    hash BLOB NOT NULL,
    granted TEXT NOT NULL,
    -- Off for the whole instance where it is not active.
    active INTEGER NOT NULL DEFAULT 1,
    -- Whether organizations that have not switched it have it on.
    enabled_by_default INTEGER NOT NULL DEFAULT 0,
    installed_at INTEGER NOT NULL,
    installed_by BLOB REFERENCES people (id),
    FOREIGN KEY (id, hash) REFERENCES plugin_versions (plugin, hash)
) STRICT;

CREATE TABLE plugin_switches (
    organization BLOB NOT NULL REFERENCES organizations (id),
    plugin TEXT NOT NULL REFERENCES plugins (id),
    enabled INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by BLOB REFERENCES people (id),
    PRIMARY KEY (organization, plugin)
) STRICT, WITHOUT ROWID;

-- Goes up with every change to the three tables above, in the same transaction, so that every host sees that it must
-- build its registry again.
CREATE TABLE registry_version (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO registry_version (id, version) VALUES (1, 1);
