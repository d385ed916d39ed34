-- What a webhook does not tell of, since it was there already: PostgreSQL's snapshot when the webhook was made.
ALTER TABLE webhooks ADD COLUMN begins TEXT;
