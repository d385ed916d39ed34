-- What organizations filled in for plugins. What stands in no row is as the plugin declares it.
CREATE TABLE plugin_settings (
    organization BLOB NOT NULL REFERENCES organizations (id),
    plugin TEXT NOT NULL,
    version INTEGER NOT NULL,
    -- Values by name, as JSON; secrets are not among them.
    document TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by BLOB REFERENCES people (id),
    PRIMARY KEY (organization, plugin)
) STRICT, WITHOUT ROWID;

-- Secrets, sealed with the instance's key.
CREATE TABLE plugin_secrets (
    organization BLOB NOT NULL REFERENCES organizations (id),
    plugin TEXT NOT NULL,
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    set_at INTEGER NOT NULL,
    PRIMARY KEY (organization, plugin, name)
) STRICT, WITHOUT ROWID;
