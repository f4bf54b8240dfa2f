-- The ledger: every change of a quota, of a place in line and of the books is an entry handed to gateway_book().
--
-- It takes many entries at once, of one process, settlements last, and is one transaction. First it locks the counters of all of them,
-- quotas and then occupancies, each in the order of their ids, so that no two processes wait for one another.
--
--   {"op": "reserve", id, user, key, purpose, rank, weight, input_tokens,
--    "candidates": [{id, rank, weight}], "holds": [[quota, amount, deployment or null]]}
--       → {"state": "admitted", deployment, left} | {"state": "waiting", place, seconds, left}
--       | {"state": "refused", quota, left} | {"state": "full", seconds}
--   {"op": "move", id, "candidates": […], "holds": […]}   another deployment after one that failed, with other holds;
--                                                   answers like reserve, and changes nothing when it is refused
--   {"op": "renew", id, output_tokens}             → {"state": …}; null for a call that is no more
--   {"op": "settle", id, status, model, requests, input_tokens, output_tokens, cached_tokens, estimated, cost, watts,
--    first_token_ms, duration_ms, "lease_before": only one whose lease ran out before}
--       → {"settled": true, "warned": [quota]} | {"settled": false}

-- What the counter shows: nothing any more of a period that is over.
CREATE OR REPLACE FUNCTION gateway_used(quota gateway_quota, zone text) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN quota.period = 'total' THEN quota.used
                WHEN quota.period_start < date_trunc(quota.period, clock_timestamp(), zone) THEN 0
                WHEN quota.period_start > clock_timestamp() THEN 0  -- the clock was ahead for a while
                ELSE quota.used END
$$;

-- When the period began that counts what happens at that moment: one that has begun since goes on.
CREATE OR REPLACE FUNCTION gateway_begun(quota gateway_quota, at timestamptz, zone text) RETURNS timestamptz
LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN quota.period = 'total' THEN quota.period_start
                WHEN quota.period_start > clock_timestamp() THEN date_trunc(quota.period, at, zone)
                ELSE greatest(quota.period_start, date_trunc(quota.period, at, zone)) END
$$;

CREATE OR REPLACE FUNCTION gateway_left(holds jsonb, zone text) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_array(q.id, greatest(q."limit" - gateway_used(q, zone) - q.reserved, 0))), '[]')
    FROM gateway_quota q WHERE q.id IN (SELECT (hold->>0)::bigint FROM jsonb_array_elements(holds) hold)
$$;

-- How long a call of it usually takes.
CREATE OR REPLACE FUNCTION gateway_usual_ms(wanted bigint) RETURNS double precision LANGUAGE sql AS $$
    SELECT coalesce(avg(duration_ms - queued_ms), 5000)::double precision FROM (
        SELECT duration_ms, queued_ms FROM gateway_usage
        WHERE deployment_id = wanted AND status = 'done' ORDER BY started_at DESC LIMIT 20
    ) latest
$$;

-- The line before a deployment, who is served next first: by rank, then by the time that a person would have had of it
-- in the last minutes once this call is served, for their weight (weighted fair queueing); then who came first.
CREATE OR REPLACE FUNCTION gateway_line(wanted bigint) RETURNS TABLE (call uuid, place bigint) LANGUAGE sql AS $$
    WITH waiting AS (
        SELECT id, user_id, rank, weight, started_at,
               row_number() OVER (PARTITION BY user_id, rank ORDER BY started_at, id) AS nth
        FROM gateway_call
        WHERE admitted_at IS NULL AND lease_until > clock_timestamp() AND wanted = ANY (candidates)
    ), running AS (
        SELECT user_id, count(*) AS calls FROM gateway_call
        WHERE admitted_at IS NOT NULL AND deployment_id = wanted AND lease_until > clock_timestamp() GROUP BY user_id
    ), recent AS (
        SELECT user_id, sum(duration_ms - queued_ms) AS ms FROM (
            SELECT user_id, duration_ms, queued_ms FROM gateway_usage
            WHERE deployment_id = wanted AND started_at > clock_timestamp() - interval '3 minutes'
            ORDER BY started_at DESC LIMIT 500
        ) AS latest GROUP BY user_id
    )
    SELECT id, row_number() OVER (
        ORDER BY rank, (coalesce(ms, 0) + (coalesce(calls, 0) + nth) * usual) / weight, started_at, id
    ) FROM waiting LEFT JOIN running USING (user_id) LEFT JOIN recent USING (user_id),
      (SELECT greatest(gateway_usual_ms(wanted), 1) AS usual) one_call
$$;

-- Admit from the line while there are free slots; the caller holds the lock on the occupancy.
CREATE OR REPLACE FUNCTION gateway_admit_from_line(wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    free integer;
    next uuid;
BEGIN
    LOOP
        SELECT CASE WHEN o.is_awake THEN coalesce(d.slots, 2147483647) - o.running ELSE 0 END INTO free
        FROM gateway_deployment d JOIN gateway_occupancy o ON o.deployment_id = d.id
        JOIN gateway_upstream u ON u.id = d.upstream_id WHERE d.id = wanted AND d.is_active AND u.is_active;
        IF free IS NULL OR free <= 0 THEN RETURN; END IF;
        SELECT id INTO next FROM gateway_call JOIN gateway_line(wanted) line ON line.call = id
        WHERE admitted_at IS NULL ORDER BY line.place LIMIT 1 FOR UPDATE OF gateway_call SKIP LOCKED;
        IF next IS NULL THEN RETURN; END IF;
        UPDATE gateway_call SET admitted_at = clock_timestamp(), deployment_id = wanted,
            lease_until = clock_timestamp() + interval '30 seconds' WHERE id = next;
        UPDATE gateway_occupancy SET running = running + 1 WHERE deployment_id = wanted;
        PERFORM pg_notify('gateway_admitted', next || ' ' || wanted);
    END LOOP;
END $$;

-- Seconds until the `place`th in the line is likely served.
CREATE OR REPLACE FUNCTION gateway_likely_wait(wanted bigint, place bigint) RETURNS double precision LANGUAGE sql AS $$
    SELECT gateway_usual_ms(wanted) / 1000 * place / greatest(slots, 1) FROM gateway_deployment WHERE id = wanted
$$;

-- Where a call of the line stands, and for how long: the best of its candidates.
CREATE OR REPLACE FUNCTION gateway_standing(wanted uuid, candidate_ids bigint[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('state', 'waiting', 'place', line.place,
                              'seconds', coalesce(round(gateway_likely_wait(candidate, line.place)::numeric, 1), 0))
    FROM unnest(candidate_ids) candidate, gateway_line(candidate) line
    WHERE line.call = wanted ORDER BY line.place LIMIT 1
$$;

-- The free deployment to take now, of those that are awake: best rank first, then the least busy for its weight. None while others wait for it.
CREATE OR REPLACE FUNCTION gateway_free(candidates jsonb) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (
        SELECT d.id FROM jsonb_to_recordset(candidates) c(id bigint, rank int, weight float)
        JOIN gateway_deployment d ON d.id = c.id JOIN gateway_occupancy o ON o.deployment_id = c.id
        WHERE o.is_awake AND (d.slots IS NULL OR (o.running < d.slots AND NOT EXISTS (
            SELECT 1 FROM gateway_call w
            WHERE w.admitted_at IS NULL AND w.lease_until > clock_timestamp() AND d.id = ANY (w.candidates))))
        ORDER BY c.rank, (o.running + 1) / c.weight, random() LIMIT 1);
END $$;

-- What the quotas say to a call that holds `held`: {"state": "refused", …} or what they leave of it, {candidates,
-- holds}. A quota of one deployment alone shuts that one out, any other quota the call.
CREATE OR REPLACE FUNCTION gateway_let(entry jsonb, held jsonb, zone text) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    WITH own AS (
        SELECT (hold->>0)::bigint AS id, sum((hold->>1)::bigint) AS amount FROM jsonb_array_elements(held) hold GROUP BY 1
    ), failing AS (
        SELECT q.id, (hold->>2)::bigint AS deployment FROM jsonb_array_elements(entry->'holds') hold
        JOIN gateway_quota q ON q.id = (hold->>0)::bigint LEFT JOIN own ON own.id = q.id
        WHERE q.is_hard
          AND gateway_used(q, zone) + q.reserved - coalesce(own.amount, 0) + (hold->>1)::bigint > q."limit"
    ), open AS (
        SELECT c FROM jsonb_array_elements(entry->'candidates') c WHERE (c->>'id')::bigint NOT IN (
            SELECT deployment FROM failing WHERE deployment IS NOT NULL)
    ), refusing AS (
        SELECT min(id) AS quota FROM failing WHERE deployment IS NULL OR NOT EXISTS (SELECT 1 FROM open)
    )
    SELECT CASE WHEN quota IS NOT NULL THEN jsonb_build_object('state', 'refused', 'quota', quota,
            'left', gateway_left(jsonb_build_array(jsonb_build_array(quota)), zone))
        ELSE jsonb_build_object('candidates', (SELECT coalesce(jsonb_agg(c), '[]') FROM open), 'holds', (
            SELECT coalesce(jsonb_agg(hold), '[]') FROM jsonb_array_elements(entry->'holds') hold
            WHERE hold->>2 IS NULL OR EXISTS (SELECT 1 FROM open WHERE c->>'id' = hold->>2))) END
    FROM refusing
$$;

-- Those of the holds that count where a deployment is chosen: not the quotas of others that might have been.
CREATE OR REPLACE FUNCTION gateway_own(holds jsonb, chosen bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_agg(hold), '[]') FROM jsonb_array_elements(holds) hold
    WHERE chosen IS NULL OR hold->>2 IS NULL OR (hold->>2)::bigint = chosen
$$;

-- A call's holds instead of those that it had.
CREATE OR REPLACE FUNCTION gateway_hold(holds jsonb, held jsonb, zone text) RETURNS void LANGUAGE sql VOLATILE AS $$
    UPDATE gateway_quota q SET reserved = greatest(q.reserved + more.amount, 0), used = gateway_used(q, zone),
        period_start = gateway_begun(q, clock_timestamp(), zone)
    FROM (SELECT id, sum(amount) AS amount FROM (
              SELECT (hold->>0)::bigint AS id, (hold->>1)::bigint AS amount FROM jsonb_array_elements(holds) hold
              UNION ALL SELECT (hold->>0)::bigint, -(hold->>1)::bigint FROM jsonb_array_elements(held) hold
          ) each GROUP BY 1) more
    WHERE q.id = more.id
$$;

CREATE OR REPLACE FUNCTION gateway_reserve(entry jsonb, zone text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    let jsonb := gateway_let(entry, '[]', zone);
    wanted jsonb := let->'candidates';
    kept jsonb := let->'holds';
    wanted_ids bigint[];
    chosen bigint;
    own bigint;
    all_waiting bigint;
    longest bigint;
BEGIN
    IF let ? 'quota' THEN RETURN let; END IF;
    SELECT array_agg((c->>'id')::bigint) INTO wanted_ids FROM jsonb_array_elements(wanted) c;
    chosen := gateway_free(wanted);
    IF chosen IS NULL THEN  -- may it stand in line? one place is for everyone, up to twice the length
        SELECT count(*), count(*) FILTER (WHERE user_id = (entry->>'user')::uuid) INTO all_waiting, own FROM gateway_call
        WHERE admitted_at IS NULL AND lease_until > clock_timestamp() AND candidates && wanted_ids
          AND rank <= (entry->>'rank')::int;
        SELECT max(queue_limit) INTO longest FROM gateway_deployment WHERE id = ANY (wanted_ids);
        IF longest IS NULL OR all_waiting >= longest * 2 OR (all_waiting >= longest AND own > 0) OR longest = 0 THEN
            RETURN jsonb_build_object('state', 'full',
                                      'seconds', gateway_likely_wait(wanted_ids[1], all_waiting + 1));
        END IF;
    END IF;
    kept := gateway_own(kept, chosen);
    INSERT INTO gateway_call (id, user_id, api_key_id, deployment_id, candidates, purpose, rank, weight, input_tokens,
                              output_tokens, holds, started_at, admitted_at, lease_until)
    VALUES ((entry->>'id')::uuid, (entry->>'user')::uuid, (entry->>'key')::bigint, chosen, wanted_ids,
            entry->>'purpose', (entry->>'rank')::int, (entry->>'weight')::float, (entry->>'input_tokens')::int, 0, kept,
            clock_timestamp(), CASE WHEN chosen IS NULL THEN NULL ELSE clock_timestamp() END,
            clock_timestamp() + CASE WHEN chosen IS NULL THEN interval '10 seconds' ELSE interval '30 seconds' END);
    PERFORM gateway_hold(kept, '[]', zone);
    IF chosen IS NULL THEN
        RETURN gateway_standing((entry->>'id')::uuid, wanted_ids) || jsonb_build_object('left', gateway_left(kept, zone));
    END IF;
    UPDATE gateway_occupancy SET running = running + 1 WHERE deployment_id = chosen;
    RETURN jsonb_build_object('state', 'admitted', 'deployment', chosen, 'left', gateway_left(kept, zone));
END $$;

DROP FUNCTION IF EXISTS gateway_move(jsonb);  -- as it was before it had to hold anew
CREATE OR REPLACE FUNCTION gateway_move(entry jsonb, zone text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    moved gateway_call;
    let jsonb;
    kept jsonb;
    chosen bigint;
    wanted_ids bigint[];
BEGIN
    SELECT * INTO moved FROM gateway_call WHERE id = (entry->>'id')::uuid AND admitted_at IS NOT NULL FOR UPDATE;
    IF moved.id IS NULL THEN RETURN NULL; END IF;
    let := gateway_let(entry, moved.holds, zone);
    IF let ? 'quota' THEN RETURN let; END IF;
    wanted_ids := ARRAY(SELECT (c->>'id')::bigint FROM jsonb_array_elements(let->'candidates') c);
    chosen := gateway_free(let->'candidates');
    kept := gateway_own(let->'holds', chosen);
    PERFORM gateway_hold(kept, moved.holds, zone);
    UPDATE gateway_occupancy SET running = greatest(running - 1, 0) WHERE deployment_id = moved.deployment_id;
    UPDATE gateway_call SET deployment_id = chosen, candidates = wanted_ids, holds = kept,
        admitted_at = CASE WHEN chosen IS NULL THEN NULL ELSE admitted_at END,
        lease_until = clock_timestamp() + CASE WHEN chosen IS NULL THEN interval '10 seconds' ELSE interval '30 seconds' END
    WHERE id = moved.id;
    PERFORM gateway_admit_from_line(moved.deployment_id);
    IF chosen IS NULL THEN
        RETURN gateway_standing(moved.id, wanted_ids) || jsonb_build_object('left', gateway_left(kept, zone));
    END IF;
    UPDATE gateway_occupancy SET running = running + 1 WHERE deployment_id = chosen;
    RETURN jsonb_build_object('state', 'admitted', 'deployment', chosen, 'left', gateway_left(kept, zone));
END $$;

DROP FUNCTION IF EXISTS gateway_renew(jsonb);  -- as it was while the process said for how long
CREATE OR REPLACE FUNCTION gateway_renew(entry jsonb, zone text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    kept gateway_call;
    own jsonb;
BEGIN
    UPDATE gateway_call SET output_tokens = (entry->>'output_tokens')::int, lease_until = clock_timestamp()
        + CASE WHEN admitted_at IS NULL THEN interval '10 seconds' ELSE interval '30 seconds' END
    WHERE id = (entry->>'id')::uuid RETURNING * INTO kept;
    own := gateway_own(kept.holds, CASE WHEN kept.admitted_at IS NOT NULL THEN kept.deployment_id END);
    IF own <> kept.holds THEN  -- it was in line when it took them, and who admitted it had not locked them
        PERFORM gateway_hold(own, kept.holds, zone);
        UPDATE gateway_call SET holds = own WHERE id = kept.id;
    END IF;
    IF kept.admitted_at IS NULL THEN  -- slots may have become free otherwise than by a call that ended
        PERFORM gateway_admit_from_line(candidate) FROM unnest(kept.candidates) candidate;
        SELECT * INTO kept FROM gateway_call WHERE id = kept.id;
    END IF;
    IF kept.id IS NULL THEN RETURN NULL; END IF;
    IF kept.admitted_at IS NULL THEN RETURN gateway_standing(kept.id, kept.candidates); END IF;
    RETURN jsonb_build_object('state', 'admitted', 'deployment', kept.deployment_id);
END $$;

-- Count what calls consumed and forget them: all at once, since nothing can refuse it. Tells each entry whether its call
-- was still there, and one of them which quotas came to their warning mark.
CREATE OR REPLACE FUNCTION gateway_settle(entries jsonb, zone text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz := clock_timestamp();
    settled jsonb;
    warned jsonb;
    freed bigint;
BEGIN
    WITH told AS (
        SELECT DISTINCT ON (id) * FROM jsonb_to_recordset(entries) AS entry(
            id uuid, status text, model text, requests bigint, input_tokens bigint, output_tokens bigint,
            cached_tokens integer, estimated boolean, cost bigint, watts bigint, first_token_ms integer,
            duration_ms bigint, lease_before timestamptz)
    ), ended AS (
        DELETE FROM gateway_call c USING told
        WHERE c.id = told.id AND (told.lease_before IS NULL OR c.lease_until < told.lease_before)
        RETURNING c.user_id, c.api_key_id, c.deployment_id, c.purpose, c.holds, c.started_at, c.admitted_at,
            CASE WHEN c.admitted_at IS NULL THEN duration_ms
                 ELSE least(extract(epoch FROM c.admitted_at - c.started_at) * 1000, duration_ms)::bigint END AS waited,
            told.*
    ), spent AS (  -- the server's power is shared by the calls that it answers at the same time
        SELECT ended.*, CASE WHEN admitted_at IS NOT NULL
            THEN watts * (duration_ms - waited) / 3600 / greatest(running, 1) END AS energy
        FROM ended LEFT JOIN gateway_occupancy USING (deployment_id)
    ), written AS (
        INSERT INTO gateway_usage (id, user_id, api_key_id, deployment_id, model, purpose, status, input_tokens,
            output_tokens, cached_tokens, estimated, cost, energy, started_at, queued_ms, first_token_ms, duration_ms)
        SELECT id, user_id, api_key_id, deployment_id, model, purpose, status, input_tokens,
            output_tokens, cached_tokens, estimated, cost, energy, started_at, waited, first_token_ms, duration_ms
        FROM spent
    ), summed AS (
        INSERT INTO gateway_usagetotal AS t (span, start, user_id, api_key_id, deployment_id, model, purpose, calls,
            failed, input_tokens, output_tokens, cost, energy, queued_ms, duration_ms)
        SELECT span, date_trunc(span, started_at, zone) AS start, user_id, api_key_id, deployment_id, model, purpose,
            count(*), count(*) FILTER (WHERE status = 'failed'), sum(input_tokens), sum(output_tokens), sum(cost),
            coalesce(sum(energy), 0), sum(waited), sum(duration_ms)
        FROM spent, unnest(ARRAY['hour', 'day']) span GROUP BY 1, 2, 3, 4, 5, 6, 7
        ORDER BY span, start, user_id, api_key_id, deployment_id, purpose, model
        ON CONFLICT (span, start, deployment_id, user_id, api_key_id, purpose, model) DO UPDATE SET
            calls = t.calls + excluded.calls, failed = t.failed + excluded.failed,
            input_tokens = t.input_tokens + excluded.input_tokens,
            output_tokens = t.output_tokens + excluded.output_tokens, cost = t.cost + excluded.cost,
            energy = t.energy + excluded.energy, queued_ms = t.queued_ms + excluded.queued_ms,
            duration_ms = t.duration_ms + excluded.duration_ms
    ), left_ AS (
        UPDATE gateway_occupancy o SET running = greatest(o.running - gone.calls, 0)
        FROM (SELECT deployment_id, count(*) AS calls FROM spent WHERE admitted_at IS NOT NULL GROUP BY 1) gone
        WHERE o.deployment_id = gone.deployment_id
    ), shares AS (
        SELECT (hold->>0)::bigint AS quota, (hold->>1)::bigint AS held,
            hold->>2 IS NULL OR (hold->>2)::bigint = deployment_id AS counts, spent.*
        FROM spent, jsonb_array_elements(holds) hold
    ), consumed AS (
        SELECT quota, min(id::text) AS teller, sum(held) AS held, coalesce(sum(requests) FILTER (WHERE counts), 0) AS requests,
            coalesce(sum(input_tokens + output_tokens) FILTER (WHERE counts), 0) AS tokens,
            coalesce(sum(cost) FILTER (WHERE counts), 0) AS cost,
            coalesce(sum(energy) FILTER (WHERE counts), 0) AS energy
        FROM shares GROUP BY quota
    ), counted AS (
        SELECT q.id, teller, held, gateway_used(q, zone) + CASE q.unit WHEN 'requests' THEN requests WHEN 'tokens' THEN tokens
            WHEN 'cost' THEN consumed.cost WHEN 'energy' THEN consumed.energy ELSE 0 END AS used,
            gateway_begun(q, began, zone) AS start
        FROM consumed JOIN gateway_quota q ON q.id = consumed.quota
    ), changed AS (
        UPDATE gateway_quota q SET reserved = greatest(q.reserved - held, 0), used = counted.used, period_start = start,
            warned_at = CASE WHEN counted.used::numeric * 100 >= q."limit"::numeric * q.warn_at AND q."limit" > 0
                              AND (q.warned_at IS NULL OR q.warned_at < start) THEN began ELSE q.warned_at END
        FROM counted WHERE q.id = counted.id RETURNING q.id, q.warned_at, teller
    )
    SELECT (SELECT jsonb_object_agg(id, deployment_id) FROM ended),
           (SELECT coalesce(jsonb_object_agg(teller, ids), '{}') FROM (
                SELECT teller, jsonb_agg(id) AS ids FROM changed WHERE warned_at = began GROUP BY 1) tellers)
    INTO settled, warned;
    FOR freed IN SELECT DISTINCT deployment.value::bigint FROM jsonb_each_text(settled) deployment
                 WHERE deployment.value IS NOT NULL AND EXISTS (SELECT 1 FROM gateway_call WHERE admitted_at IS NULL)
    LOOP
        PERFORM gateway_admit_from_line(freed);
    END LOOP;
    RETURN (SELECT jsonb_agg(jsonb_build_object('settled', coalesce(settled ? (entry->>'id'), false),
                                                'warned', coalesce(warned->(entry->>'id'), '[]')))
            FROM jsonb_array_elements(entries) entry);
END $$;

-- Reserve for all at once when all have room: the usual case, and a burst costs little. NULL when they have to be asked
-- one by one, because something refuses, is full or can be chosen.
CREATE OR REPLACE FUNCTION gateway_reserve_all(entries jsonb, zone text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    results jsonb;
BEGIN
    IF EXISTS (
        SELECT 1 FROM jsonb_array_elements(entries) e WHERE jsonb_array_length(e->'candidates') <> 1
    ) OR EXISTS (
        SELECT 1 FROM (SELECT (hold->>0)::bigint AS id, sum((hold->>1)::bigint) AS amount
                       FROM jsonb_array_elements(entries) e, jsonb_array_elements(e->'holds') hold GROUP BY 1) wanted
        JOIN gateway_quota q USING (id) WHERE q.is_hard AND gateway_used(q, zone) + q.reserved + amount > q."limit"
    ) OR EXISTS (
        SELECT 1 FROM (SELECT (e#>>'{candidates,0,id}')::bigint AS id, count(*) AS calls
                       FROM jsonb_array_elements(entries) e GROUP BY 1) wanted
        LEFT JOIN gateway_deployment d USING (id) LEFT JOIN gateway_occupancy o ON o.deployment_id = wanted.id
        WHERE o.deployment_id IS NULL OR NOT o.is_awake OR (d.slots IS NOT NULL AND (o.running + calls > d.slots OR EXISTS (
            SELECT 1 FROM gateway_call w WHERE w.admitted_at IS NULL AND w.lease_until > clock_timestamp()
            AND d.id = ANY (w.candidates))))
    ) THEN
        RETURN NULL;
    END IF;
    WITH wanted AS (
        SELECT number, e, (e#>>'{candidates,0,id}')::bigint AS deployment
        FROM jsonb_array_elements(entries) WITH ORDINALITY AS entry(e, number)
    ), inserted AS (
        INSERT INTO gateway_call (id, user_id, api_key_id, deployment_id, candidates, purpose, rank, weight, input_tokens,
                                  output_tokens, holds, started_at, admitted_at, lease_until)
        SELECT (e->>'id')::uuid, (e->>'user')::uuid, (e->>'key')::bigint, deployment, ARRAY[deployment], e->>'purpose',
            (e->>'rank')::int, (e->>'weight')::float, (e->>'input_tokens')::int, 0, e->'holds',
            clock_timestamp(), clock_timestamp(), clock_timestamp() + interval '30 seconds' FROM wanted
    ), occupied AS (
        UPDATE gateway_occupancy o SET running = o.running + more.calls
        FROM (SELECT deployment, count(*) AS calls FROM wanted GROUP BY 1) more WHERE o.deployment_id = more.deployment
    ), held AS (
        SELECT number, (hold->>0)::bigint AS id, (hold->>1)::bigint AS amount
        FROM wanted, jsonb_array_elements(e->'holds') hold
    ), reserved AS (
        UPDATE gateway_quota q SET reserved = q.reserved + more.amount, used = gateway_used(q, zone),
            period_start = gateway_begun(q, clock_timestamp(), zone)
        FROM (SELECT id, sum(amount) AS amount FROM held GROUP BY 1) more WHERE q.id = more.id
        RETURNING q.id, greatest(q."limit" - q.used - q.reserved, 0) AS remaining
    ), remaining AS (
        SELECT number, jsonb_agg(jsonb_build_array(id, remaining)) AS quotas FROM held JOIN reserved USING (id) GROUP BY 1
    )
    SELECT jsonb_agg(jsonb_build_object('state', 'admitted', 'deployment', deployment, 'left', coalesce(quotas, '[]'))
                     ORDER BY number) INTO results FROM wanted LEFT JOIN remaining USING (number);
    RETURN results;
END $$;

CREATE OR REPLACE FUNCTION gateway_book(entries jsonb, zone text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    entry jsonb;
    results jsonb := '[]';
    reservations jsonb;
    settlements jsonb;
    reserved jsonb;
    turn integer := 0;
    known gateway_call[] := ARRAY(
        SELECT c FROM gateway_call c WHERE id IN (SELECT (e->>'id')::uuid FROM jsonb_array_elements(entries) e));
BEGIN
    PERFORM 1 FROM gateway_quota WHERE id IN (
        SELECT (hold->>0)::bigint FROM jsonb_array_elements(entries) e, jsonb_array_elements(e->'holds') hold
        UNION SELECT (hold->>0)::bigint FROM unnest(known) k, jsonb_array_elements(k.holds) hold
    ) ORDER BY id FOR NO KEY UPDATE;
    PERFORM 1 FROM gateway_occupancy WHERE deployment_id IN (
        SELECT (c->>'id')::bigint FROM jsonb_array_elements(entries) e, jsonb_array_elements(e->'candidates') c
        UNION SELECT unnest(k.candidates || k.deployment_id) FROM unnest(known) k
    ) ORDER BY deployment_id FOR NO KEY UPDATE;
    -- a call may be reserved and given up within one batch: settling comes last
    SELECT jsonb_agg(e) FILTER (WHERE e->>'op' = 'reserve'), jsonb_agg(e) FILTER (WHERE e->>'op' = 'settle')
    INTO reservations, settlements FROM jsonb_array_elements(entries) e;
    IF settlements IS NULL THEN
        -- nobody waits for the disk before a call begins: if the machine fails at this moment, the call fails with it
        PERFORM set_config('synchronous_commit', 'off', true);
    END IF;
    reserved := gateway_reserve_all(reservations, zone);
    FOR entry IN SELECT * FROM jsonb_array_elements(entries) WHERE value->>'op' <> 'settle' LOOP
        results := results || jsonb_build_array(CASE entry->>'op'
            WHEN 'move' THEN gateway_move(entry, zone)
            WHEN 'renew' THEN gateway_renew(entry, zone)
            ELSE coalesce(reserved->turn, gateway_reserve(entry, zone)) END);
        turn := turn + (entry->>'op' = 'reserve')::int;
    END LOOP;
    IF settlements IS NOT NULL THEN results := results || gateway_settle(settlements, zone); END IF;
    RETURN results;
END $$;
