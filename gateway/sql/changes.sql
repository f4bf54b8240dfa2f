-- Who may call what is remembered by every process; a change of it is told to them all. What only counts is no change,
-- nor is an update that finds no row. Migrations run this file again whenever there is more to tell of: a table or a
-- column that is not there yet is left out.
CREATE OR REPLACE FUNCTION gateway_tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('gateway_changed', '');  -- PostgreSQL tells equal ones of a transaction once
    RETURN NULL;
END $$;

DO $$
DECLARE
    watched text[] := ARRAY[
        'accounts_membership', '', 'accounts_team', '', 'accounts_user', 'is_active', 'gateway_alias', '',
        'gateway_deployment', '', 'gateway_deployment_teams', '', 'gateway_serverhours', '',
        'gateway_webhook', 'events disabled_at',
        'gateway_apikey', 'user_id digest former_digest former_until scopes model_names origins expires_at revoked_at',
        'gateway_upstream', 'name base_url api_key certificate watts is_active in_house failures cooling_until
            connect_timeout first_token_timeout between_tokens_timeout total_timeout',
        'gateway_quota', 'user_id team_id api_key_id deployment_id unit limit period is_hard warn_at'];
    listed text;
BEGIN
    FOR i IN 1 .. array_length(watched, 1) BY 2 LOOP
        CONTINUE WHEN to_regclass(watched[i]) IS NULL;
        SELECT string_agg(quote_ident(attname), ', ') INTO listed FROM pg_attribute
        WHERE attrelid = watched[i]::regclass AND attname = ANY (regexp_split_to_array(watched[i + 1], '\s+'));
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER gateway_tell_change AFTER INSERT OR DELETE OR UPDATE %s ON %I
             FOR EACH ROW EXECUTE FUNCTION gateway_tell_change()', 'OF ' || listed, watched[i]);
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER gateway_tell_emptied AFTER TRUNCATE ON %I
             FOR EACH STATEMENT EXECUTE FUNCTION gateway_tell_change()', watched[i]);
    END LOOP;
END $$;
