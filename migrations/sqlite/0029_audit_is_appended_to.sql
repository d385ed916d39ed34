-- A line of the audit goes with its whole organization alone, and of one that stands only what erasing a person takes out
-- of it is changed: from where they acted, and what was said of them. Held here too, beneath whatever the program does.
CREATE TRIGGER audit_lines_stay BEFORE DELETE ON audit
WHEN NOT EXISTS (SELECT 1 FROM removed_organizations r WHERE r.organization = OLD.organization)
BEGIN
    SELECT RAISE(ABORT, 'no line of the audit is taken away');
END;

CREATE TRIGGER audit_lines_are_as_written BEFORE UPDATE ON audit
WHEN NEW.id IS NOT OLD.id OR NEW.organization IS NOT OLD.organization OR NEW.at IS NOT OLD.at
    OR NEW.person IS NOT OLD.person OR NEW.kind IS NOT OLD.kind OR NEW.token IS NOT OLD.token
    OR NEW.address NOT IN (OLD.address, '') OR NEW.detail NOT IN (OLD.detail, '{}')
BEGIN
    SELECT RAISE(ABORT, 'no line of the audit is changed');
END;
