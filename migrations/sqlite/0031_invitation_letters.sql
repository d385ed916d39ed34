-- The letter that an invitation went out with last; it is forgotten before the invitation is.
ALTER TABLE invitations ADD COLUMN letter BLOB;
