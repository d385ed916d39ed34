-- What fails for people of one organization is set aside for that one.
DROP TABLE plugin_asides;
CREATE TABLE plugin_asides (
    plugin TEXT NOT NULL,
    -- Where it is not called; everywhere where none is named.
    organization UUID REFERENCES organizations (id) ON DELETE CASCADE,
    -- before-save, route, job or subscriber, and the name of what is called.
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Of the version that failed.
    hash BYTEA NOT NULL,
    -- What it failed with last.
    fault TEXT NOT NULL,
    since BIGINT NOT NULL
);
CREATE INDEX plugin_asides_by_part ON plugin_asides (plugin, kind, name);
CREATE INDEX plugin_asides_by_organization ON plugin_asides (organization);
