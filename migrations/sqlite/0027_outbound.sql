-- What plugins sent to hosts outside: where, when, and how it ended; never what was said.
CREATE TABLE departures (
    organization BLOB NOT NULL REFERENCES organizations (id),
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    plugin TEXT NOT NULL,
    job TEXT NOT NULL,
    method TEXT NOT NULL,
    host TEXT NOT NULL,
    path TEXT NOT NULL,
    bytes_out INTEGER NOT NULL,
    status INTEGER,
    bytes_in INTEGER,
    -- Nothing while it is under way.
    took_ms INTEGER,
    error TEXT,
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX departures_at ON departures (at);
