-- Whether a deployment's server is awake, as far as its hours say: without any it always is.
CREATE OR REPLACE FUNCTION gateway_is_awake(server bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (SELECT 1 FROM gateway_serverhours WHERE upstream_id = server AND state NOT IN ('new', 'awake'))
$$;

CREATE OR REPLACE FUNCTION gateway_begin_occupancy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gateway_occupancy (deployment_id, running, is_awake) VALUES (NEW.id, 0, gateway_is_awake(NEW.upstream_id));
    RETURN NULL;
END $$;

-- One that is moved below another server is as awake as that.
CREATE OR REPLACE FUNCTION gateway_move_occupancy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE gateway_occupancy SET is_awake = gateway_is_awake(NEW.upstream_id) WHERE deployment_id = NEW.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER gateway_move_occupancy AFTER UPDATE OF upstream_id ON gateway_deployment FOR EACH ROW
    WHEN (NEW.upstream_id <> OLD.upstream_id) EXECUTE FUNCTION gateway_move_occupancy();

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

-- what went wrong before there were these
UPDATE gateway_occupancy o SET is_awake = gateway_is_awake(d.upstream_id) FROM gateway_deployment d
WHERE d.id = o.deployment_id AND o.is_awake <> gateway_is_awake(d.upstream_id);
