-- Requests that were sent with an Idempotency-Key, with what they were answered: written in the transaction of what they
-- did, so that it is done once. Swept after a day.
CREATE TABLE repeats (
    organization BLOB NOT NULL,
    -- Whose key it is: two principals may choose the same.
    principal TEXT NOT NULL,
    key TEXT NOT NULL,
    -- SHA-256 of method, address and body.
    fingerprint BLOB NOT NULL,
    at INTEGER NOT NULL,
    -- False while the request is under way; what it does is not in one transaction then.
    done INTEGER NOT NULL,
    -- Nothing where the answer is made after the transaction, and was not yet.
    status INTEGER,
    -- A JSON array of pairs.
    headers TEXT,
    body BLOB,
    PRIMARY KEY (organization, principal, key)
) STRICT;
CREATE INDEX repeats_by_age ON repeats (at);
