-- What is under a legal hold stays, whoever deletes: of a collection its owner, its team or itself may be held.
CREATE OR REPLACE FUNCTION rag_held_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    home rag_collection;
BEGIN
    IF TG_TABLE_NAME = 'rag_collection' THEN
        home := OLD;
    ELSIF OLD.replaces_id IS NULL THEN  -- else a version on its way, which hands over what it has
        SELECT * INTO home FROM rag_collection WHERE id = OLD.collection_id;
    END IF;
    IF home.id IS NOT NULL AND accounts_is_held(home.owner_id, home.team_id, home.id) THEN
        RAISE EXCEPTION 'under a legal hold' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;

CREATE OR REPLACE TRIGGER rag_held_collection_stays BEFORE DELETE ON rag_collection
    FOR EACH ROW EXECUTE FUNCTION rag_held_stays();
CREATE OR REPLACE TRIGGER rag_held_document_stays BEFORE DELETE ON rag_document
    FOR EACH ROW EXECUTE FUNCTION rag_held_stays();
