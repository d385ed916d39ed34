-- The last number that was given of each sequence: of a field of an organization's collection, and apart for each value
-- of the fields that it is counted by. Written in the commit that gives it, so that none is lost or given twice.
CREATE TABLE sequences (
    organization UUID NOT NULL,
    collection TEXT NOT NULL,
    field TEXT NOT NULL,
    -- The values that it is counted by, as JSON; empty where it is counted by none.
    per TEXT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (organization, collection, field, per)
);
