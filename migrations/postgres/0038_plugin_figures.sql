-- Of which registry's version what a plugin is granted is: who changes it says what they saw, so that nobody's change is
-- lost. It grows with every change, also over an uninstallation.
ALTER TABLE plugins ADD COLUMN granted_version BIGINT NOT NULL DEFAULT 0;

-- What plugins used, by version and hour, of all hosts together.
CREATE TABLE plugin_figures (
    plugin TEXT NOT NULL,
    version TEXT NOT NULL,
    -- The beginning of the hour.
    since BIGINT NOT NULL,
    -- What is counted: calls.answered, rows, took.12, memory …
    figure TEXT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (plugin, since, version, figure)
);
-- By which what is old is taken away.
CREATE INDEX plugin_figures_since ON plugin_figures (since);
