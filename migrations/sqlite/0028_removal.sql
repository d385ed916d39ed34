-- Organizations that were taken away with everything that was theirs, and whether their files are still to go.
CREATE TABLE removed_organizations (
    organization BLOB NOT NULL PRIMARY KEY,
    removed_at INTEGER NOT NULL,
    files_left INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
