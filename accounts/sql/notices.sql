-- What people have agreed to stays what it was.
CREATE OR REPLACE FUNCTION accounts_notice_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published notice neither changes nor goes' USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE OR REPLACE TRIGGER accounts_notice_stays BEFORE UPDATE OR DELETE ON accounts_notice
    FOR EACH ROW WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION accounts_notice_stays();
