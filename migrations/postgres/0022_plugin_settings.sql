-- What organizations filled in for plugins. What stands in no row is as the plugin declares it.
CREATE TABLE plugin_settings (
    organization UUID NOT NULL REFERENCES organizations (id),
    plugin TEXT NOT NULL,
    version BIGINT NOT NULL,
    -- Values by name, as JSON; secrets are not among them.
    document TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by UUID REFERENCES people (id),
    PRIMARY KEY (organization, plugin)
);

-- Secrets, sealed with the instance's key.
CREATE TABLE plugin_secrets (
    organization UUID NOT NULL REFERENCES organizations (id),
    plugin TEXT NOT NULL,
    name TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    set_at BIGINT NOT NULL,
    PRIMARY KEY (organization, plugin, name)
);
