-- Which host does a work that only one is to do. A host that dies loses its lease by the clock.
CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder UUID NOT NULL,
    -- Goes up with every change of hands: who holds an earlier number has lost it, whatever their clock says.
    turn BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
