-- A line of the audit goes with its whole organization alone, and of one that stands only what erasing a person takes out
-- of it is changed: from where they acted, and what was said of them. Held here too, beneath whatever the program does.
CREATE FUNCTION audit_lines_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM removed_organizations r WHERE r.organization = OLD.organization) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'no line of the audit is taken away';
END;
$$;

CREATE FUNCTION audit_lines_are_as_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'no line of the audit is changed';
END;
$$;

CREATE TRIGGER audit_lines_stay BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_lines_stay();

CREATE TRIGGER audit_lines_are_as_written BEFORE UPDATE ON audit FOR EACH ROW
WHEN (NEW.id IS DISTINCT FROM OLD.id OR NEW.organization IS DISTINCT FROM OLD.organization
    OR NEW.at IS DISTINCT FROM OLD.at OR NEW.person IS DISTINCT FROM OLD.person
    OR NEW.kind IS DISTINCT FROM OLD.kind OR NEW.token IS DISTINCT FROM OLD.token
    OR NEW.address NOT IN (OLD.address, '') OR NEW.detail NOT IN (OLD.detail, '{}'))
EXECUTE FUNCTION audit_lines_are_as_written();
