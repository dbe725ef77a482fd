-- destination_find: the id of a destination by its URL and the mark that lies in it
WITH made AS (
    INSERT INTO speeko.destination (url, mark) VALUES (%(url)s, %(mark)s)
    ON CONFLICT (url, mark) DO NOTHING
    RETURNING id
)
SELECT id FROM made
UNION ALL
SELECT id FROM speeko.destination WHERE url = %(url)s AND mark = %(mark)s
LIMIT 1

-- destination_known: a destination by its URL and the mark that lies in it
SELECT id FROM speeko.destination WHERE url = %(url)s AND mark = %(mark)s

-- job_previous: the last job before this one that was released for the same destination
SELECT p.id FROM speeko.job p
WHERE p.destination_id = (SELECT destination_id FROM speeko.job WHERE id = %(job)s) AND p.id < %(job)s
  AND p.released_at IS NOT NULL
ORDER BY p.destination_id DESC, p.id DESC LIMIT 1

-- job_create: a job that is being planned; nothing of it runs. It can be found by its number and destination.
WITH made AS (
    INSERT INTO speeko.job (tenant, state, spec, destination_id, budget_micros, priority, submitter_until, place)
    VALUES (%(tenant)s, 'planning', %(spec)s, %(destination)s, %(budget)s, %(priority)s,
            clock_timestamp() + interval '2 minutes', %(place)s)
    RETURNING id, destination_id
), found AS (
    INSERT INTO speeko.job_words (job_id, words)
    SELECT m.id, lower(concat_ws(' ', m.id, d.url)) FROM made m JOIN speeko.destination d ON d.id = m.destination_id
)
SELECT id FROM made

-- job_still_planning: the submitter lives; no row when its job was swept away
UPDATE speeko.job SET submitter_until = clock_timestamp() + interval '2 minutes'
WHERE id = %(job)s AND state = 'planning'
RETURNING id

-- job_release: the one moment at which a planned job begins to run. It can be found by its files' names, too.
WITH released AS (
    UPDATE speeko.job
    SET state = CASE WHEN %(chunks)s > 0 AND %(open)s = 0 THEN 'finalizing' ELSE 'running' END,
        released_at = clock_timestamp(), finished_at = CASE WHEN %(open)s = 0 THEN clock_timestamp() END,
        rows = %(rows)s, skipped = %(skipped)s, plan = %(plan)s, files = %(files)s, chunks = %(chunks)s,
        chunks_open = %(open)s, unchanged = %(unchanged)s, waste_cap_micros = %(waste_cap)s
    WHERE id = %(job)s AND state = 'planning'
    RETURNING id, files, chunks_open
), found AS (
    UPDATE speeko.job_words w
    SET words = concat_ws(' ', w.words, (SELECT lower(string_agg(f->>'name', ' '))
                                         FROM jsonb_array_elements(r.files) f))
    FROM released r WHERE w.job_id = r.id
)
SELECT chunks_open FROM released

-- job_stop_planning: cancel a job whose submitter is gone before the plan was whole, and forget its rows
WITH stopped AS (
    UPDATE speeko.job SET state = 'cancelled', reason = %(reason)s, finished_at = clock_timestamp()
    WHERE id = %(job)s AND state = 'planning' AND submitter_until < clock_timestamp()
    RETURNING id
), rows AS (
    DELETE FROM speeko.item i USING stopped WHERE i.job_id = stopped.id
)
SELECT id FROM stopped

-- job_drop: forget a job that never ran, and rows that came in after it was forgotten or its planning was stopped
WITH gone AS (DELETE FROM speeko.job WHERE id = %(job)s AND state = 'planning' RETURNING id),
     rows AS (DELETE FROM speeko.item
              WHERE job_id = %(job)s
                AND NOT EXISTS (SELECT FROM speeko.job
                                WHERE id = %(job)s AND state <> 'planning'
                                  AND NOT (state = 'cancelled' AND released_at IS NULL)))
SELECT id FROM gone

-- job_set_state: move a job from one of some states to another, with the reason; a pause is an event
WITH moved AS (
    UPDATE speeko.job
    SET state = %(state)s, reason = %(reason)s,
        finished_at = CASE WHEN %(state)s IN ('done', 'done_with_errors', 'cancelled')
                           THEN coalesce(finished_at, clock_timestamp()) END
    WHERE id = %(job)s AND state = ANY(%(expected)s)
    RETURNING id, state, reason, spec
), event AS (
    INSERT INTO speeko.hook (job_id, event, reason)
    SELECT id, state, reason FROM moved WHERE state = 'paused' AND spec->>'webhook' <> ''
)
SELECT id FROM moved

-- job_show: one job, or all of them or of a tenant (newest first), with what its chunks have counted so far
SELECT j.id, j.tenant, j.state, j.reason, j.priority, j.spec, j.files, j.plan, d.url,
       j.budget_micros, j.reserved_micros, j.spent_micros, j.possible_micros, j.calls, j.possible_calls,
       j.billed_chars, j.rows, j.skipped, j.chunks, j.chunks_open, j.delivered, j.unchanged, j.failed,
       j.refused, j.created_at, j.released_at, j.finished_at,
       extract(epoch FROM coalesce(j.finished_at, clock_timestamp()) - coalesce(j.released_at, j.created_at))::float8,
       j.pruned_at, j.wasted_micros, j.waste_cap_micros, j.converted_calls
FROM speeko.job j JOIN speeko.destination d ON d.id = j.destination_id
WHERE (%(job)s::bigint IS NULL OR j.id = %(job)s) AND (%(tenant)s::text IS NULL OR j.tenant = %(tenant)s)
ORDER BY j.id DESC
LIMIT %(limit)s

-- job_progress: what a progress bar needs, in one round trip
SELECT j.state, j.reason, j.rows, j.delivered, j.unchanged, j.failed, j.refused, j.calls, j.spent_micros,
       j.possible_micros, j.reserved_micros, j.plan,
       (SELECT coalesce(sum(p.busy), 0) FROM speeko.permit p
        WHERE speeko.uses(j.spec, p.account) AND p.until > clock_timestamp()
          AND j.state = 'running')::int AS in_flight,
       extract(epoch FROM clock_timestamp() - coalesce(j.released_at, j.created_at))::float8 AS seconds,
       j.budget_micros, j.wasted_micros
FROM speeko.job j
WHERE j.id = %(job)s

-- job_counts: the sums over a job's delivered chunks, and those that are pruned; what their rows saved is that of
-- costs_jobs
SELECT e.name, sum(e.value::bigint)::bigint
FROM (
    SELECT counts FROM speeko.chunk WHERE job_id = %(job)s AND state = 'delivered'
    UNION ALL
    SELECT sums FROM speeko.job WHERE id = %(job)s
) c CROSS JOIN LATERAL jsonb_each_text(c.counts) AS e (name, value)
GROUP BY e.name
UNION ALL
SELECT 'saved_micros', sum(s.micros)::bigint
FROM (
    SELECT (e->>4)::bigint AS micros FROM speeko.chunk c CROSS JOIN LATERAL jsonb_array_elements(c.saved) AS e
    WHERE c.job_id = %(job)s AND c.state = 'delivered'
    UNION ALL
    SELECT (unchanged->>'list_micros')::bigint FROM speeko.chunk
    WHERE job_id = %(job)s AND state = 'delivered' AND unchanged <> '{}'
    UNION ALL
    SELECT saved_micros FROM speeko.job_cost WHERE job_id = %(job)s
) s
HAVING sum(s.micros) IS NOT NULL

-- job_failures: how often each reason occurs among the failed and refused rows of a job's delivered chunks, and of
-- those that are pruned; only chunks with such rows are looked at
WITH failing AS MATERIALIZED (
    SELECT first_row, last_row FROM speeko.chunk
    WHERE job_id = %(job)s AND state = 'delivered'
      AND coalesce((counts->>'failed')::bigint, 0) + coalesce((counts->>'refused')::bigint, 0) > 0
)
SELECT reason, sum(n)::bigint FROM (
    SELECT coalesce(i.error, f.reason) AS reason, count(*) AS n
    FROM failing c CROSS JOIN LATERAL (
        SELECT error, keys, kept FROM speeko.item
        WHERE job_id = %(job)s AND row_no BETWEEN c.first_row AND c.last_row AND NOT skipped
        OFFSET 0
    ) i LEFT JOIN LATERAL (
        SELECT u.reason FROM unnest(i.keys) WITH ORDINALITY AS k (key, place)
        CROSS JOIN LATERAL (SELECT state, reason FROM speeko.utterance WHERE key = k.key OFFSET 0) u
        WHERE u.state = 'failed' AND i.error IS NULL AND NOT i.kept
        ORDER BY k.place LIMIT 1
    ) f ON true
    WHERE i.error IS NOT NULL OR f.reason IS NOT NULL
    GROUP BY 1
    UNION ALL
    SELECT e.name, e.value::bigint
    FROM speeko.job j CROSS JOIN LATERAL jsonb_each_text(j.reasons) AS e (name, value)
    WHERE j.id = %(job)s
) found
GROUP BY reason ORDER BY 2 DESC, 1 LIMIT %(most)s

-- chunks_make: some of the chunks of a job's rows; of some, rows are in the manifest already, or all of them
INSERT INTO speeko.chunk (job_id, no, first_row, last_row, state, unchanged, counts, delivered_at)
SELECT %(job)s, n, (n - 1) * %(size)s::bigint + 1, least(n * %(size)s::bigint, %(rows)s),
       CASE WHEN s.whole THEN 'delivered' ELSE 'planned' END, coalesce(s.counts, '{}'),
       CASE WHEN s.whole THEN s.counts ELSE '{}' END, CASE WHEN s.whole THEN clock_timestamp() END
FROM generate_series(%(first)s::int, %(last)s::int) AS n
LEFT JOIN unnest(%(nos)b::int[], %(whole)b::bool[], %(counts)b::jsonb[]) AS s (no, whole, counts) ON s.no = n

-- job_any_active: whether workers have something to do for a job
SELECT EXISTS (SELECT FROM speeko.job WHERE state IN ('planning', 'running', 'finalizing'))
