-- What a person keeps by themselves stays for as long as a legal hold is on them. For tables whose person is `user_id`.
CREATE OR REPLACE FUNCTION accounts_own_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF accounts_is_held(OLD.user_id, NULL, NULL) THEN
        RAISE EXCEPTION 'under a legal hold' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;

CREATE OR REPLACE TRIGGER accounts_held_fact_stays BEFORE DELETE ON accounts_fact
    FOR EACH ROW EXECUTE FUNCTION accounts_own_stays();
