-- Who has a kept list or report on their first page, and who is mailed it when. Each sees what they may see.
CREATE TABLE view_uses (
    organization BLOB NOT NULL REFERENCES organizations (id),
    view BLOB NOT NULL REFERENCES views (id) ON DELETE CASCADE,
    person BLOB NOT NULL REFERENCES people (id),
    home INTEGER NOT NULL,
    -- daily, weekdays, weekly or monthly, in the organization's zone; none where it is not mailed.
    mailed TEXT,
    -- link, csv or xlsx.
    form TEXT NOT NULL,
    -- `above 12000` or `below 0`: it is mailed only once its first figure has come to be so.
    alert TEXT,
    -- Whether it was so when it was looked at last.
    alerted INTEGER NOT NULL,
    next_at INTEGER,
    PRIMARY KEY (organization, view, person)
) STRICT;
CREATE INDEX view_uses_of_view ON view_uses (view);
CREATE INDEX view_uses_of_person ON view_uses (organization, person);
CREATE INDEX view_uses_due ON view_uses (next_at) WHERE next_at IS NOT NULL;
