-- Goes up with every change to the tables of collections, in the same transaction: rows are altered then without a word
-- in the change log, and results that were kept of them hold no more.
CREATE TABLE schema_revision (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL
) STRICT;
INSERT INTO schema_revision (id, revision) VALUES (1, 1);
