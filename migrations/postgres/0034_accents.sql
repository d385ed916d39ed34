-- The colour of an organization's pages: degrees of hue, and thousandths of how much of it.
ALTER TABLE organizations ADD COLUMN accent_hue BIGINT NOT NULL DEFAULT 163;
ALTER TABLE organizations ADD COLUMN accent_chroma BIGINT NOT NULL DEFAULT 68;
