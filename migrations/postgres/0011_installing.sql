-- Whether the program, or the folder beside it, brought the version in use, and may bring the next one. What somebody
-- installed is theirs to replace.
ALTER TABLE plugins ADD COLUMN brought BOOLEAN NOT NULL DEFAULT false;
UPDATE plugins SET brought = true WHERE installed_by IS NULL;

-- What somebody uninstalled, so that the program does not bring it again.
CREATE TABLE plugins_uninstalled (
    plugin TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    person UUID REFERENCES people (id)
);

-- Files that wait for consent, by their SHA-256, so that any host can go on where another asked.
CREATE TABLE plugin_uploads (
    hash BYTEA NOT NULL PRIMARY KEY,
    bytes BYTEA NOT NULL,
    at BIGINT NOT NULL,
    person UUID REFERENCES people (id)
);
