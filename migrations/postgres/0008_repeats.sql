-- Requests that were sent with an Idempotency-Key, with what they were answered: written in the transaction of what they
-- did, so that it is done once. Swept after a day.
CREATE TABLE repeats (
    organization UUID NOT NULL,
    -- Whose key it is: two principals may choose the same.
    principal TEXT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    -- SHA-256 of method, address and body.
    fingerprint BYTEA NOT NULL,
    at BIGINT NOT NULL,
    -- False while the request is under way; what it does is not in one transaction then.
    done BOOLEAN NOT NULL,
    -- Nothing where the answer is made after the transaction, and was not yet.
    status BIGINT,
    -- A JSON array of pairs.
    headers TEXT,
    body BYTEA,
    PRIMARY KEY (organization, principal, key)
);
CREATE INDEX repeats_by_age ON repeats (at);
