-- Parts of plugins that kept failing: not called until somebody says so, or another version is in use.
CREATE TABLE plugin_asides (
    plugin TEXT NOT NULL,
    -- before-save, route, job or subscriber, and the name of what is called.
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Of the version that failed.
    hash BLOB NOT NULL,
    -- What it failed with last.
    fault TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (plugin, kind, name)
) STRICT;
