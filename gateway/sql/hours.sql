-- A deployment that is added below a server that sleeps is not awake either.
CREATE OR REPLACE FUNCTION gateway_begin_occupancy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gateway_occupancy (deployment_id, running, is_awake) VALUES (NEW.id, 0, NOT EXISTS (
        SELECT 1 FROM gateway_serverhours WHERE upstream_id = NEW.upstream_id AND state NOT IN ('new', 'awake')));
    RETURN NULL;
END $$;

-- A server whose hours are taken away is always on: nobody would wake it any more.
CREATE OR REPLACE FUNCTION gateway_hours_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM gateway_occupancy o JOIN gateway_deployment d ON d.id = o.deployment_id
    WHERE d.upstream_id = OLD.upstream_id ORDER BY d.id FOR NO KEY UPDATE OF o;  -- as the ledger locks them
    UPDATE gateway_occupancy o SET is_awake = true FROM gateway_deployment d
    WHERE d.id = o.deployment_id AND d.upstream_id = OLD.upstream_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER gateway_hours_gone AFTER DELETE ON gateway_serverhours
    FOR EACH ROW EXECUTE FUNCTION gateway_hours_gone();
