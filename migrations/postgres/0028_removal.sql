-- Organizations that were taken away with everything that was theirs, and whether their files are still to go.
CREATE TABLE removed_organizations (
    organization UUID NOT NULL PRIMARY KEY,
    removed_at BIGINT NOT NULL,
    files_left BOOLEAN NOT NULL
);
