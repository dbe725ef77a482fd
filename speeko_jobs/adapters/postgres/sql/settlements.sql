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
