-- Roles that plugins declare and members were given, as `plugin.role`, by single spaces. They lie in the membership,
-- since the one statement that begins every request reads it there.
ALTER TABLE memberships ADD COLUMN roles TEXT NOT NULL DEFAULT '';
