-- What an organization has consented to of what a plugin is granted, as JSON; nothing where that is all of it. While the
-- plugin is granted more it waits: it stands still there, until an owner has consented to the rest.
ALTER TABLE plugin_switches ADD COLUMN consented TEXT;
ALTER TABLE plugin_switches ADD COLUMN waits BOOLEAN NOT NULL DEFAULT FALSE;
