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

-- claim_lock: lock the tenant of a job where it has caps, then the job; return these caps. It is a statement
-- before the claim's: a statement that waits for a lock has read what others have open before it waited.
WITH capped AS MATERIALIZED (
    SELECT t.name, t.daily_micros, t.monthly_micros
    FROM speeko.job j JOIN speeko.tenant t ON t.name = j.tenant
    WHERE j.id = %(job)s AND (t.daily_micros IS NOT NULL OR t.monthly_micros IS NOT NULL)
    FOR UPDATE OF t
)
SELECT c.name, c.daily_micros, c.monthly_micros
FROM speeko.job j LEFT JOIN capped c ON true  -- the job's lock is taken last, on the joined row
WHERE j.id = %(job)s
FOR NO KEY UPDATE OF j

-- claim: claim keys that nobody has, reserve their cost while the caps allow, and write the intent to call;
-- of those whose last call failed at the provider at most so many as may be tried again now, of a voice that is
-- on trial at most so many at a time, and of one whose answers were bad none. Tries from before the job was
-- released or resumed last do not count, except where a worker died.
WITH j AS (
    SELECT id, tenant, coalesce(state_since, released_at) AS since,
           least(%(cap)s::bigint,
                 coalesce(budget_micros - spent_micros - reserved_micros - possible_micros,
                          9223372036854775807),
                 coalesce(waste_cap_micros - wasted_micros - reserved_micros, 9223372036854775807)) AS room
    FROM speeko.job
    WHERE id = %(job)s
      AND (state = 'running' OR (%(probe)s AND state = 'paused' AND starts_with(reason, 'outage: ')))
    FOR NO KEY UPDATE
), me AS (
    SELECT id FROM speeko.claimant
    WHERE id = %(claimant)s AND lease_until > clock_timestamp() AND EXISTS (SELECT FROM j)
    FOR SHARE
), open AS MATERIALIZED (
    SELECT u.key, u.cost_micros, w.row_no, w.chunk_no, w.place,
           u.tries > 0 AND u.reason <> %(died)s AND NOT old.stale AS again, old.stale, u.model, u.voice
    FROM unnest(%(keys)b::bytea[], %(rows)b::bigint[], %(chunks)b::int[]) WITH ORDINALITY
         AS w (key, row_no, chunk_no, place)
    JOIN speeko.utterance u USING (key)
    CROSS JOIN LATERAL (
        SELECT u.reason <> %(died)s AND coalesce(u.settled_at < (SELECT since FROM j), false) AS stale
    ) old
    WHERE u.state = 'missing' AND EXISTS (SELECT FROM me)
    ORDER BY u.key
    FOR NO KEY UPDATE OF u SKIP LOCKED
), voices AS MATERIALIZED (
    SELECT v.model, v.voice, coalesce(w.answers, 0) < %(judged_from)s AS on_trial,
           w.tripped_at IS NOT NULL AS tripped
    FROM (SELECT DISTINCT model, voice FROM open) v
    LEFT JOIN speeko.audio_window w
        ON w.account = %(account)s AND w.model = v.model AND w.voice = v.voice
), busy AS MATERIALIZED (  -- only while a voice is on trial
    SELECT u.model, u.voice, count(*) AS n
    FROM speeko.permit p CROSS JOIN LATERAL (
        SELECT key FROM speeko.attempt WHERE claimant_id = p.claimant_id AND state = 'sending' OFFSET 0
    ) a CROSS JOIN LATERAL (SELECT model, voice FROM speeko.utterance WHERE key = a.key OFFSET 0) u
    WHERE p.account = %(account)s AND %(trial_calls)s::int IS NOT NULL
      AND EXISTS (SELECT FROM voices WHERE on_trial)
    GROUP BY 1, 2
), due AS (
    SELECT * FROM (
        SELECT o.*, count(*) FILTER (WHERE o.again) OVER (ORDER BY o.place) AS retry,
               v.on_trial AND %(trial_calls)s::int IS NOT NULL AS on_trial,
               coalesce(b.n, 0) + row_number() OVER (PARTITION BY o.model, o.voice ORDER BY o.place) AS busy
        FROM open o JOIN voices v ON v.model = o.model AND v.voice = o.voice
        LEFT JOIN busy b ON b.model = o.model AND b.voice = o.voice
        WHERE NOT v.tripped
    ) s WHERE (NOT again OR retry <= %(retries)s) AND (NOT on_trial OR busy <= %(trial_calls)s::int)
), fit AS (
    SELECT * FROM (
        SELECT due.*, sum(cost_micros) OVER (ORDER BY cost_micros, place) AS upto FROM due
    ) s WHERE upto <= (SELECT room FROM j)
), taken AS (
    UPDATE speeko.utterance u
    SET state = 'claimed', claimant_id = %(claimant)s, fence = u.fence + 1, settled_at = NULL,
        tries = CASE WHEN fit.stale THEN 0 ELSE u.tries END, bad = CASE WHEN fit.stale THEN 0 ELSE u.bad END
    FROM fit WHERE u.key = fit.key
    RETURNING u.key, u.fence, u.text, u.voice, u.language, u.model, u.format, u.cost_micros, u.chars,
              u.tries, u.provider, u.idempotency_no, fit.row_no, fit.chunk_no, fit.again
), intent AS (
    INSERT INTO speeko.attempt (job_id, chunk_no, row_no, key, fence, claimant_id, state, tenant, provider,
                                voice, chars, cost_micros, idempotency_no)
    SELECT %(job)s, t.chunk_no, t.row_no, t.key, t.fence, %(claimant)s, 'sending', j.tenant, t.provider,
           t.voice, t.chars, t.cost_micros, t.idempotency_no
    FROM taken t, j
    RETURNING id, at, key
), reserved AS (
    UPDATE speeko.job SET reserved_micros = reserved_micros + (SELECT sum(cost_micros) FROM taken)
    WHERE id = %(job)s AND EXISTS (SELECT FROM taken)
)
SELECT i.id, i.at, t.key, t.text, t.voice, t.language, t.model, t.format, t.chars, t.cost_micros,
       t.row_no, t.chunk_no, t.tries, t.again, t.fence, t.idempotency_no
FROM taken t FULL JOIN intent i USING (key)  -- both have all; FULL never compares each with each

-- claims_lost: the last call of each of these keys whose end nobody knows
SELECT DISTINCT ON (key) key, id, at, job_id, row_no, chunk_no, chars, cost_micros, fence
FROM speeko.attempt
WHERE key = ANY(%(keys)b::bytea[]) AND state = 'unknown'
ORDER BY key, at DESC

-- claim_left: what became of keys that could not be claimed: free but locked or too dear, taken, or settled
SELECT u.key, u.state, j.state, u.cost_micros,
       u.tries > 0 AND u.reason <> %(died)s
       AND coalesce(u.settled_at >= coalesce(j.state_since, j.released_at), true),
       coalesce(j.budget_micros - j.spent_micros - j.reserved_micros - j.possible_micros,
                9223372036854775807),
       j.reserved_micros,
       coalesce(j.waste_cap_micros - j.wasted_micros - j.reserved_micros, 9223372036854775807),
       coalesce(w.reason, ''), coalesce(j.waste_cap_micros, 0), j.wasted_micros,
       coalesce(w.tripped_at < j.created_at, false)
FROM speeko.job j, speeko.utterance u
LEFT JOIN speeko.audio_window w
    ON w.account = %(account)s AND w.model = u.model AND w.voice = u.voice AND w.tripped_at IS NOT NULL
WHERE u.key = ANY(%(keys)b::bytea[]) AND j.id = %(job)s

-- settle_lock_jobs: the first lock of a settlement, in the order that everybody takes them
SELECT id FROM speeko.job WHERE id = ANY(%(jobs)b::bigint[]) ORDER BY id FOR NO KEY UPDATE

-- settle_lock_keys: the second: whoever enrols a need for one of these keys waits, or has committed
SELECT key FROM speeko.utterance WHERE key = ANY(%(keys)b::bytea[]) ORDER BY key FOR NO KEY UPDATE

-- settle: outcomes of calls: attempts, utterances, reservations and costs of the jobs, daily costs
WITH o AS (
    SELECT * FROM unnest(
        %(attempts)b::bigint[], %(ats)b::timestamptz[], %(keys)b::bytea[], %(outcomes)s::text[],
        %(bytes)b::int[], %(millis)b::int[], %(hashes)b::bytea[], %(statuses)b::int2[], %(reasons)s::text[],
        %(latencies)b::int[], %(finals)b::bool[], %(wasted)b::bool[], %(converted)b::bool[]
    ) AS o (attempt, at, key, outcome, bytes, millis, sha256, status, reason, latency, final, wasted, converted)
), before AS (
    SELECT a.id, a.at, a.state, a.job_id, a.row_no, a.cost_micros, a.chars, a.fence, o.outcome, o.key,
           (a.settled_at AT TIME ZONE 'UTC')::date AS day
    FROM o JOIN speeko.attempt a ON a.id = o.attempt AND a.at = o.at
    WHERE a.state IN ('sending', 'unknown')
    FOR NO KEY UPDATE OF a
), written AS (
    UPDATE speeko.attempt a
    SET state = o.outcome, status = o.status, reason = o.reason, latency_millis = o.latency,
        ever_unknown = a.ever_unknown OR o.outcome = 'unknown', settled_at = clock_timestamp()
    FROM o JOIN before b ON b.id = o.attempt
    WHERE a.id = o.attempt AND a.at = o.at AND (b.state = 'sending' OR o.outcome IN ('stored', 'bad'))
    RETURNING a.id, a.tenant, a.provider, a.voice, a.chars, a.cost_micros, a.job_id, a.state, a.status,
              (a.settled_at AT TIME ZONE 'UTC')::date AS day, b.state AS was, b.day AS was_day, b.key, b.row_no,
              b.fence, o.wasted, o.converted
), kept AS (
    UPDATE speeko.utterance u
    SET state = CASE WHEN o.outcome = 'stored' THEN 'done'
                     WHEN o.final OR u.tries + (o.outcome IN ('unknown', 'bad'))::int >= %(max_tries)s
                          OR u.bad + (o.outcome = 'bad')::int >= %(max_bad)s THEN 'failed'
                     ELSE 'missing' END,
        tries = CASE WHEN o.outcome = 'stored' THEN 0
                     ELSE u.tries + (o.outcome IN ('unknown', 'bad'))::int END,
        bad = CASE WHEN o.outcome = 'stored' THEN 0 ELSE u.bad + (o.outcome = 'bad')::int END,
        idempotency_no = u.idempotency_no + (o.outcome = 'bad')::int,
        claimant_id = NULL,
        reason = CASE WHEN o.outcome = 'refused' AND NOT o.final THEN u.reason ELSE o.reason END,
        bytes = CASE WHEN o.outcome = 'stored' THEN o.bytes ELSE u.bytes END,
        millis = CASE WHEN o.outcome = 'stored' THEN o.millis ELSE u.millis END,
        sha256 = CASE WHEN o.outcome = 'stored' THEN o.sha256 ELSE u.sha256 END,
        quarantined_at = CASE WHEN o.outcome <> 'stored' THEN u.quarantined_at END,
        -- late audio of a text that another call brought meanwhile has replaced its object, not its history
        bought_job = CASE WHEN o.outcome = 'stored' AND u.state <> 'done' THEN w.job_id ELSE u.bought_job END,
        bought_row = CASE WHEN o.outcome = 'stored' AND u.state <> 'done' THEN w.row_no ELSE u.bought_row END,
        settled_at = CASE WHEN u.state = 'done' THEN u.settled_at ELSE clock_timestamp() END
    FROM o JOIN written w ON w.id = o.attempt
    WHERE u.key = o.key
      AND (o.outcome = 'stored' OR (u.state = 'claimed' AND u.fence = w.fence))
    RETURNING u.key, u.state, u.bytes, u.millis, u.bought_job, u.bought_row,
              (extract(epoch FROM u.settled_at) * 1000)::bigint AS settled, w.cost_micros
), booked AS (
    UPDATE speeko.job j
    SET reserved_micros = j.reserved_micros - s.reserved, possible_micros = j.possible_micros + s.possible,
        possible_calls = j.possible_calls + s.possible_calls, spent_micros = j.spent_micros + s.spent,
        calls = j.calls + s.calls, billed_chars = j.billed_chars + s.chars,
        wasted_micros = j.wasted_micros + s.wasted, converted_calls = j.converted_calls + s.converted
    FROM (
        SELECT job_id,
               coalesce(sum(cost_micros) FILTER (WHERE wasted), 0) AS wasted,
               count(*) FILTER (WHERE converted) AS converted,
               coalesce(sum(cost_micros) FILTER (WHERE was = 'sending'), 0) AS reserved,
               coalesce(sum(cost_micros) FILTER (WHERE state = 'unknown'), 0)
               - coalesce(sum(cost_micros) FILTER (WHERE was = 'unknown'), 0) AS possible,
               count(*) FILTER (WHERE state = 'unknown') - count(*) FILTER (WHERE was = 'unknown')
                   AS possible_calls,
               coalesce(sum(cost_micros) FILTER (WHERE state IN ('stored', 'bad')), 0) AS spent,
               count(*) FILTER (WHERE state IN ('stored', 'bad')) AS calls,
               coalesce(sum(chars) FILTER (WHERE state IN ('stored', 'bad')), 0) AS chars
        FROM written GROUP BY job_id
    ) s
    WHERE j.id = s.job_id
), daily AS (
    INSERT INTO speeko.cost_daily AS d (tenant, day, provider, voice, source, requests, chars, micros)
    SELECT tenant, day, provider, voice, source, sum(n), sum(n * chars), sum(n * cost_micros)
    FROM (
        SELECT tenant, day, provider, voice,
               CASE state WHEN 'stored' THEN 'synthesized' ELSE state END AS source, 1 AS n, chars, cost_micros
        FROM written WHERE state IN ('stored', 'bad', 'unknown')
        UNION ALL  -- what was possible on its day is known now
        SELECT tenant, was_day, provider, voice, 'unknown', -1, chars, cost_micros
        FROM written WHERE was = 'unknown'
    ) booked
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (tenant, day, provider, voice, source) DO UPDATE
    SET requests = d.requests + excluded.requests, chars = d.chars + excluded.chars,
        micros = d.micros + excluded.micros
), refused AS (
    INSERT INTO speeko.refusal AS r (provider, status, calls)
    SELECT provider, status, count(*) FROM written WHERE state = 'refused' GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (provider, status) DO UPDATE SET calls = r.calls + excluded.calls
)
SELECT w.key, k.state, k.bytes, k.millis, k.bought_job, k.bought_row, k.settled, w.cost_micros, w.id, w.row_no
FROM written w FULL JOIN kept k ON k.key = w.key  -- all that are kept are written

-- settle_wake: nobody waits for these keys any more; the chunks that have all they waited for.
-- OFFSET 0 and the ctids keep look-ups what they are, also before need and chunk have statistics.
WITH met AS (
    DELETE FROM speeko.need
    WHERE ctid = ANY(ARRAY(
        SELECT n.place FROM unnest(%(keys)b::bytea[]) AS k (key)
        CROSS JOIN LATERAL (SELECT ctid AS place FROM speeko.need WHERE key = k.key OFFSET 0) n
    ))
    RETURNING job_id, chunk_no
), count AS (
    SELECT job_id, chunk_no, count(*) AS n FROM met GROUP BY 1, 2
), locked AS (
    SELECT c.job_id, c.no, count.n
    FROM speeko.chunk c JOIN count ON count.job_id = c.job_id AND count.chunk_no = c.no
    ORDER BY c.job_id, c.no
    FOR NO KEY UPDATE OF c
), counted AS (
    UPDATE speeko.chunk c
    SET missing = c.missing - l.n,
        state = CASE WHEN c.state = 'synthesizing' AND c.missing - l.n <= 0 THEN 'ready' ELSE c.state END,
        ready_at = CASE WHEN c.state = 'synthesizing' AND c.missing - l.n <= 0 THEN clock_timestamp() END
    FROM locked l WHERE c.job_id = l.job_id AND c.no = l.no
    RETURNING c.job_id, c.no, c.state
)
SELECT job_id, no FROM counted WHERE state = 'ready'

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

-- pace_add: how long the voices of some settled calls speak and how fast they answer
INSERT INTO speeko.voice_pace AS p
    (provider, model, voice, language, calls, chars, millis, latency_millis)
SELECT %(provider)s, n.model, n.voice, n.language, n.calls, n.chars, n.millis, n.latency
FROM unnest(%(models)s::text[], %(voices)s::text[], %(languages)s::text[], %(calls)b::bigint[],
            %(chars)b::bigint[], %(millis)b::bigint[], %(latencies)b::bigint[])
     AS n (model, voice, language, calls, chars, millis, latency)
ORDER BY n.model, n.voice, n.language
ON CONFLICT (provider, model, voice, language) DO UPDATE
SET calls = p.calls + excluded.calls, chars = p.chars + excluded.chars, millis = p.millis + excluded.millis,
    latency_millis = p.latency_millis + excluded.latency_millis

-- pace_show: what is known of the voices of a provider that have spoken often enough
SELECT model, voice, language, calls, chars, millis, latency_millis FROM speeko.voice_pace
WHERE provider = %(provider)s AND calls >= %(calls)s AND chars > 0

-- hand_over: of the chunks that wait for some keys, and of some others, those in nobody's hands that can go on
WITH at AS (
    SELECT n.job_id, n.no FROM unnest(%(keys)b::bytea[]) AS k (key)
    CROSS JOIN LATERAL (SELECT job_id, chunk_no AS no FROM speeko.need WHERE key = k.key OFFSET 0) n
    UNION
    SELECT * FROM unnest(%(jobs)b::bigint[], %(nos)b::int[])
)
SELECT c.job_id, c.no
FROM at CROSS JOIN LATERAL (
    SELECT job_id, no, claimant_id FROM speeko.chunk
    WHERE job_id = at.job_id AND no = at.no AND state = 'synthesizing'
    OFFSET 0
) c
WHERE (SELECT state FROM speeko.job WHERE id = c.job_id) = 'running'
  AND NOT EXISTS (SELECT FROM speeko.claimant e
                  WHERE e.id = c.claimant_id AND e.lease_until > clock_timestamp())
  AND EXISTS (SELECT FROM speeko.need n JOIN speeko.utterance u USING (key)
              WHERE n.job_id = c.job_id AND n.chunk_no = c.no AND u.state = 'missing' OFFSET 0)
