-- Whether a view is of the table of a page, which a route of a plugin works out: `collection` is then `plugin/page`.
ALTER TABLE views ADD COLUMN page INTEGER NOT NULL DEFAULT 0;
