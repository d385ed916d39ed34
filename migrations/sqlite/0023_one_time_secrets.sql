-- Secrets that stand for somebody once and for a short while, as SHA-256 alone: in a message, or between two steps.
CREATE TABLE one_time_secrets (
    hash BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    person BLOB REFERENCES people (id),
    -- SHA-256 of what must come with it, such as a cookie of the browser that asked.
    binding BLOB,
    -- A JSON object.
    detail TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX one_time_secrets_of_person ON one_time_secrets (person, kind);
CREATE INDEX one_time_secrets_by_end ON one_time_secrets (expires_at);
