-- Links that open a kept list or report: who made it, with whose rights it is read each time, and whether it may be taken
-- as a file. Of these `page` is empty, `subject` the view, and `plugin` the one over whose records it is.
ALTER TABLE links ADD COLUMN maker BLOB REFERENCES people (id);
ALTER TABLE links ADD COLUMN files INTEGER NOT NULL DEFAULT 0;
CREATE INDEX links_of_maker ON links (organization, maker) WHERE maker IS NOT NULL;
