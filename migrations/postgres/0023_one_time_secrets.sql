-- Secrets that stand for somebody once and for a short while, as SHA-256 alone: in a message, or between two steps.
CREATE TABLE one_time_secrets (
    hash BYTEA NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    person UUID REFERENCES people (id),
    -- SHA-256 of what must come with it, such as a cookie of the browser that asked.
    binding BYTEA,
    -- A JSON object.
    detail TEXT NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX one_time_secrets_of_person ON one_time_secrets (person, kind);
CREATE INDEX one_time_secrets_by_end ON one_time_secrets (expires_at);
