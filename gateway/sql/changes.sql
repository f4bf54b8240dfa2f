-- Who may call what is remembered by every process; a change of it is told to them all. What only counts is no change.
CREATE OR REPLACE FUNCTION gateway_tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('gateway_changed', '');
    RETURN NULL;
END $$;

DO $$
DECLARE
    watched text[] := ARRAY[
        'accounts_membership', '', 'accounts_team', '', 'accounts_user', 'is_active', 'gateway_alias', '',
        'gateway_deployment', '', 'gateway_deployment_teams', '',
        'gateway_apikey', 'user_id, digest, former_digest, former_until, scopes, model_names, expires_at, revoked_at',
        'gateway_upstream', 'name, base_url, api_key, certificate, watts, is_active, failures, cooling_until,
            connect_timeout, first_token_timeout, between_tokens_timeout, total_timeout',
        'gateway_quota', 'user_id, team_id, api_key_id, deployment_id, unit, "limit", period, is_hard, warn_at'];
BEGIN
    FOR i IN 1 .. array_length(watched, 1) BY 2 LOOP
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER gateway_tell_change AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE %s ON %I
             FOR EACH STATEMENT EXECUTE FUNCTION gateway_tell_change()',
            CASE WHEN watched[i + 1] = '' THEN '' ELSE 'OF ' || watched[i + 1] END, watched[i]);
    END LOOP;
END $$;
