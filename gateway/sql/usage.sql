-- The ledger as a table in monthly partitions. Rows of a month without one fall into the last resort and are not lost.
ALTER TABLE gateway_usage RENAME TO gateway_usage_plain;
CREATE TABLE gateway_usage (LIKE gateway_usage_plain INCLUDING CONSTRAINTS, PRIMARY KEY (id, started_at))
    PARTITION BY RANGE (started_at);
DROP TABLE gateway_usage_plain;
CREATE INDEX usage_by_time ON gateway_usage (started_at);
CREATE INDEX usage_of_deployment ON gateway_usage (deployment_id, started_at DESC);
CREATE INDEX usage_of_user ON gateway_usage (user_id, started_at DESC);
CREATE TABLE gateway_usage_rest PARTITION OF gateway_usage DEFAULT;

-- every deployment has its occupancy from the first moment (hours.sql adds whether its server sleeps)
CREATE FUNCTION gateway_begin_occupancy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gateway_occupancy (deployment_id, running) VALUES (NEW.id, 0);
    RETURN NULL;
END $$;
CREATE TRIGGER gateway_begin_occupancy AFTER INSERT ON gateway_deployment
    FOR EACH ROW EXECUTE FUNCTION gateway_begin_occupancy();
