-- Whether the program, or the folder beside it, brought the version in use, and may bring the next one. What somebody
-- installed is theirs to replace.
ALTER TABLE plugins ADD COLUMN brought INTEGER NOT NULL DEFAULT 0;
UPDATE plugins SET brought = 1 WHERE installed_by IS NULL;

-- What somebody uninstalled, so that the program does not bring it again.
CREATE TABLE plugins_uninstalled (
    plugin TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    person BLOB REFERENCES people (id)
) STRICT;

-- Files that wait for consent, by their SHA-256, so that any host can go on where another asked.
CREATE TABLE plugin_uploads (
    hash BLOB NOT NULL PRIMARY KEY,
    bytes BLOB NOT NULL,
    at INTEGER NOT NULL,
    person BLOB REFERENCES people (id)
) STRICT;
