-- What plugins sent to hosts outside: where, when, and how it ended; never what was said.
CREATE TABLE departures (
    organization UUID NOT NULL REFERENCES organizations (id),
    id UUID NOT NULL,
    at BIGINT NOT NULL,
    plugin TEXT NOT NULL,
    job TEXT NOT NULL,
    method TEXT NOT NULL,
    host TEXT NOT NULL,
    path TEXT NOT NULL,
    bytes_out BIGINT NOT NULL,
    status BIGINT,
    bytes_in BIGINT,
    -- Nothing while it is under way.
    took_ms BIGINT,
    error TEXT,
    PRIMARY KEY (organization, id)
);

CREATE INDEX departures_at ON departures (at);
