-- costs_snapshot: all figures are of one moment
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY

-- costs_now: the day by UTC, the first day with a call, and the calls that are open
SELECT (statement_timestamp() AT TIME ZONE 'UTC')::date,
       (SELECT min(day) FROM speeko.cost_daily
        WHERE (%(tenant)s::text IS NULL OR tenant = %(tenant)s) AND source IN ('synthesized', 'bad')),
       (SELECT count(*) FROM speeko.attempt
        WHERE state = 'sending' AND (%(tenant)s::text IS NULL OR tenant = %(tenant)s)),
       (SELECT coalesce(sum(cost_micros), 0)::bigint FROM speeko.attempt
        WHERE state = 'sending' AND (%(tenant)s::text IS NULL OR tenant = %(tenant)s))

-- costs_parts: what the days say, by one thing, by provider and by source
SELECT CASE %(by)s WHEN 'voice' THEN voice WHEN 'day' THEN to_char(day, 'YYYY-MM-DD')
                   WHEN 'tenant' THEN tenant WHEN 'provider' THEN provider WHEN 'source' THEN source
                   ELSE '' END AS name,
       provider, source, sum(requests)::bigint, sum(chars)::bigint, sum(micros)::bigint,
       sum(saved_micros)::bigint
FROM speeko.cost_daily
WHERE day BETWEEN %(since)s AND %(until)s AND (%(tenant)s::text IS NULL OR tenant = %(tenant)s)
GROUP BY name, provider, source
HAVING sum(requests) <> 0 OR sum(micros) <> 0 OR sum(saved_micros) <> 0
ORDER BY name, provider, source

-- costs_jobs: the same by job: calls out of the ledger, and what rows did not cost out of the chunks
SELECT a.job_id::text AS name, a.provider,
       CASE a.state WHEN 'stored' THEN 'synthesized' ELSE a.state END AS source, count(*), sum(a.chars)::bigint,
       sum(a.cost_micros)::bigint, 0::bigint
FROM speeko.attempt a
WHERE a.state IN ('stored', 'bad', 'unknown')
  AND a.settled_at >= %(since)s::timestamp AT TIME ZONE 'UTC'
  AND a.settled_at < (%(until)s::timestamp + interval '1 day') AT TIME ZONE 'UTC'
  AND (%(tenant)s::text IS NULL OR a.tenant = %(tenant)s)
GROUP BY a.job_id, a.provider, a.state
UNION ALL
SELECT j.id::text, j.spec->>'provider', s.source, sum(s.requests)::bigint, sum(s.chars)::bigint, 0,
       sum(s.micros)::bigint
FROM speeko.job j JOIN speeko.chunk c ON c.job_id = j.id
CROSS JOIN LATERAL (
    SELECT e->>1 AS source, (e->>2)::bigint AS requests, (e->>3)::bigint AS chars, (e->>4)::bigint AS micros
    FROM jsonb_array_elements(c.saved) AS e
    UNION ALL  -- rows that the planner found unchanged
    SELECT 'unchanged', (c.unchanged->>'unchanged')::bigint, (c.unchanged->>'chars')::bigint,
           (c.unchanged->>'list_micros')::bigint
    WHERE c.unchanged <> '{}'
) s
WHERE c.delivered_at >= %(since)s::timestamp AT TIME ZONE 'UTC'
  AND c.delivered_at < (%(until)s::timestamp + interval '1 day') AT TIME ZONE 'UTC'
  AND (%(tenant)s::text IS NULL OR j.tenant = %(tenant)s)
GROUP BY j.id, s.source
UNION ALL  -- what was pruned
SELECT k.job_id::text, k.provider, k.source, sum(k.requests)::bigint, sum(k.chars)::bigint, sum(k.micros)::bigint,
       sum(k.saved_micros)::bigint
FROM speeko.job_cost k JOIN speeko.job j ON j.id = k.job_id
WHERE k.day BETWEEN %(since)s AND %(until)s AND (%(tenant)s::text IS NULL OR j.tenant = %(tenant)s)
GROUP BY k.job_id, k.provider, k.source
ORDER BY 1, 2, 3

-- costs_kept: the audio that is kept: texts, bytes, and byte-seconds of it in some days and in this month
SELECT count(*), coalesce(sum(u.bytes), 0)::bigint,
       coalesce(sum(u.bytes * greatest(extract(epoch FROM d.until - greatest(u.settled_at, d.since)), 0)), 0),
       coalesce(sum(u.bytes * extract(epoch FROM d.now - greatest(u.settled_at, d.month))), 0)
FROM (
    SELECT statement_timestamp() AS now, %(since)s::timestamp AT TIME ZONE 'UTC' AS since,
           least(statement_timestamp(), (%(until)s::timestamp + interval '1 day') AT TIME ZONE 'UTC') AS until,
           date_trunc('month', statement_timestamp(), 'UTC') AS month
) d CROSS JOIN speeko.utterance u LEFT JOIN speeko.job j ON j.id = u.bought_job
WHERE u.state = 'done' AND (%(tenant)s::text IS NULL OR j.tenant = %(tenant)s)

-- costs_routed: what the voices that were chosen change, by the plans of jobs that were released in some days
SELECT coalesce(sum((plan->>'routing_saved_micros')::bigint), 0)::bigint
FROM speeko.job
WHERE released_at >= %(since)s::timestamp AT TIME ZONE 'UTC'
  AND released_at < (%(until)s::timestamp + interval '1 day') AT TIME ZONE 'UTC'
  AND (%(tenant)s::text IS NULL OR tenant = %(tenant)s)
