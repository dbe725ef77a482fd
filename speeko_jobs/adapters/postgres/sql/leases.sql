-- claimant_enter: an engine begins; its claims live as long as its lease
INSERT INTO speeko.claimant (host, pid, lease_until)
VALUES (%(host)s, %(pid)s, clock_timestamp() + make_interval(secs => %(seconds)s))
RETURNING id

-- claimant_renew: the engine lives; no row when it was taken for dead
UPDATE speeko.claimant SET lease_until = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE id = %(claimant)s
RETURNING id

-- claimant_leave: the engine ends; a claim whose commit it never heard of lapses with it, to be buried.
-- BETWEEN and ORDER BY: as a rule there is none, and without an order the ledger may be read for it.
WITH held AS (
    SELECT FROM speeko.attempt
    WHERE claimant_id BETWEEN %(claimant)s AND %(claimant)s AND state = 'sending'
    ORDER BY claimant_id LIMIT 1
), lapsed AS (
    UPDATE speeko.claimant SET lease_until = clock_timestamp()
    WHERE id = %(claimant)s AND EXISTS (SELECT FROM held)
)
DELETE FROM speeko.claimant WHERE id = %(claimant)s AND NOT EXISTS (SELECT FROM held)

-- dead_claimants: engines whose lease has run out; after a start of the server all get a lease's time to
-- come back, they could not renew while it was away
SELECT id FROM speeko.claimant
WHERE lease_until < clock_timestamp()
  AND clock_timestamp() > pg_postmaster_start_time() + make_interval(secs => %(grace)s)
ORDER BY id LIMIT 100

-- dead_jobs: the jobs on which some dead engines have calls open
SELECT DISTINCT job_id FROM speeko.attempt
WHERE claimant_id = ANY(%(claimants)b::bigint[]) AND state = 'sending' ORDER BY job_id

-- dead_expired: of these engines, those that really are dead, held still
SELECT id FROM speeko.claimant
WHERE id = ANY(%(claimants)b::bigint[]) AND lease_until < clock_timestamp() ORDER BY id FOR UPDATE

-- dead_probers: the accounts that dead engines were probing: only a probe claims for a job that an outage has paused
SELECT DISTINCT a.name
FROM speeko.attempt t JOIN speeko.job j ON j.id = t.job_id
JOIN speeko.account a ON a.probe_at > clock_timestamp() AND speeko.uses(j.spec, a.name)
WHERE t.claimant_id = ANY(%(claimants)b::bigint[]) AND t.state = 'sending' AND t.at > j.state_since
  AND j.state = 'paused' AND starts_with(j.reason, 'outage: ')

-- dead_bury: open calls of dead engines become unknown and count as a try; their keys are free again
WITH lost AS (
    UPDATE speeko.attempt
    SET state = 'unknown', ever_unknown = true, reason = %(died)s,
        settled_at = clock_timestamp()
    WHERE claimant_id = ANY(%(claimants)b::bigint[]) AND state = 'sending'
    RETURNING job_id, key, fence, cost_micros, tenant, provider, voice, chars,
              (settled_at AT TIME ZONE 'UTC')::date AS day
), booked AS (
    UPDATE speeko.job j
    SET reserved_micros = j.reserved_micros - s.micros, possible_micros = j.possible_micros + s.micros,
        possible_calls = j.possible_calls + s.calls
    FROM (SELECT job_id, sum(cost_micros) AS micros, count(*) AS calls FROM lost GROUP BY 1) s
    WHERE j.id = s.job_id
), daily AS (
    INSERT INTO speeko.cost_daily AS d (tenant, day, provider, voice, source, requests, chars, micros)
    SELECT tenant, day, provider, voice, 'unknown', count(*),
           sum(chars), sum(cost_micros)
    FROM lost GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (tenant, day, provider, voice, source) DO UPDATE
    SET requests = d.requests + excluded.requests, chars = d.chars + excluded.chars,
        micros = d.micros + excluded.micros
), freed AS (
    UPDATE speeko.utterance u
    SET state = CASE WHEN u.tries + 1 >= %(max_tries)s AND u.reason = %(died)s THEN 'failed' ELSE 'missing' END,
        tries = u.tries + 1, claimant_id = NULL, settled_at = clock_timestamp(),
        reason = %(died)s
    WHERE u.state = 'claimed' AND u.claimant_id = ANY(%(claimants)b::bigint[])
    RETURNING u.key, u.state
), gone AS (
    DELETE FROM speeko.claimant WHERE id = ANY(%(claimants)b::bigint[])
)
SELECT key FROM freed WHERE state = 'failed'

-- lost_keys_lock: the keys that dead engines hold, locked in order
SELECT key FROM speeko.utterance
WHERE state = 'claimed' AND claimant_id = ANY(%(claimants)b::bigint[]) ORDER BY key FOR NO KEY UPDATE

-- outage_probe_now: the workers that probed these accounts died: others may
UPDATE speeko.account SET probe_at = clock_timestamp()
WHERE name = ANY(%(accounts)s::text[]) AND probe_at > clock_timestamp()
