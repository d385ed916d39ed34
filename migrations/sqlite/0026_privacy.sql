-- People who were taken out of an organization: what they did stays, under a pseudonym.
ALTER TABLE memberships ADD COLUMN pseudonym TEXT;
ALTER TABLE memberships ADD COLUMN erased_at INTEGER;

-- For how many years after their last trace the organization keeps who somebody was.
ALTER TABLE organizations ADD COLUMN retention_years INTEGER NOT NULL DEFAULT 7;
