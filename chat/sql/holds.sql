-- A conversation stays for as long as a legal hold is on its owner.
CREATE OR REPLACE FUNCTION chat_held_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF accounts_is_held(OLD.owner_id, NULL, NULL) THEN
        RAISE EXCEPTION 'under a legal hold' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;

CREATE OR REPLACE TRIGGER chat_held_conversation_stays BEFORE DELETE ON chat_conversation
    FOR EACH ROW EXECUTE FUNCTION chat_held_stays();
