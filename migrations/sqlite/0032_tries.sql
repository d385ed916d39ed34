-- Tries at passwords, codes and PINs, counted for all hosts together.
CREATE TABLE tries (
    -- SHA-256 of what is counted: who tries, at what, or both.
    key BLOB NOT NULL PRIMARY KEY,
    -- When the bucket of the count will be empty; of misses in a row, when the next try is heard.
    empty_at INTEGER NOT NULL,
    misses INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX tries_by_end ON tries (empty_at);

-- Counted there, of names that nobody has as well.
ALTER TABLE pins DROP COLUMN misses;
ALTER TABLE pins DROP COLUMN next_try_at;
