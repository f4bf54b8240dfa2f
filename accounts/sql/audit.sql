-- The audit log is only added to. Rows go when `accounts.audit.forget_before` says until when, none younger than 28 days.
CREATE OR REPLACE FUNCTION accounts_audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before timestamptz := nullif(current_setting('voliere.audit_before', true), '')::timestamptz;
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < before AND OLD.at < now() - interval '28 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is only added to' USING ERRCODE = 'restrict_violation';
END $$;

CREATE OR REPLACE TRIGGER accounts_audit_stays BEFORE UPDATE OR DELETE ON accounts_auditevent
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_stays();
CREATE OR REPLACE TRIGGER accounts_audit_stays_whole BEFORE TRUNCATE ON accounts_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_audit_stays();
