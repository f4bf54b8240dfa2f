-- What a quota comes to is told to the webhooks of those whom it concerns: the person, the key's owner, the team's members;
-- the house hears of those that are of no single person. Once for every period and limit, and not what passes in a minute.
CREATE OR REPLACE FUNCTION gateway_tell_quota(quota gateway_quota, happened text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO gateway_delivery (id, webhook_id, event, object_id, once, occurred_at, state, tries, next_at)
    SELECT gen_random_uuid(), webhook.id, happened, quota.id,
           concat_ws(' ', happened, quota.id, quota."limit", extract(epoch FROM quota.period_start)),
           clock_timestamp(), 'waiting', 0, clock_timestamp()
    FROM gateway_webhook webhook
    WHERE webhook.disabled_at IS NULL AND happened = ANY (webhook.events)
      AND quota.unit <> 'parallel' AND quota.period <> 'minute'
      AND CASE WHEN webhook.is_house THEN quota.user_id IS NULL AND quota.api_key_id IS NULL
               ELSE webhook.user_id = quota.user_id
                 OR webhook.user_id = (SELECT user_id FROM gateway_apikey WHERE id = quota.api_key_id)
                 OR EXISTS (SELECT 1 FROM accounts_membership
                            WHERE team_id = quota.team_id AND user_id = webhook.user_id) END
    ON CONFLICT (webhook_id, once) DO NOTHING
$$;

CREATE OR REPLACE FUNCTION gateway_quota_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM gateway_tell_quota(NEW, TG_ARGV[0]);
    RETURN NULL;
END $$;

-- the ledger's own statements change these columns, so that nothing is counted and not told
CREATE OR REPLACE TRIGGER gateway_quota_warned AFTER UPDATE OF warned_at ON gateway_quota FOR EACH ROW
    WHEN (NEW.warned_at IS NOT NULL AND NEW.warned_at IS DISTINCT FROM OLD.warned_at)
    EXECUTE FUNCTION gateway_quota_changed('quota.warning');
CREATE OR REPLACE TRIGGER gateway_quota_exhausted AFTER UPDATE OF used ON gateway_quota FOR EACH ROW
    WHEN (NEW.used >= NEW."limit" AND OLD.used < OLD."limit")
    EXECUTE FUNCTION gateway_quota_changed('quota.exhausted');
