-- board_page: numbers of a page of jobs, newest first: in some states, of one tenant or all, with all words or any.
-- Few jobs are open; of the ended ones each state is read in its index as far as the page goes. OR makes a hash of
-- the jobs that were found, whatever the planner thinks of their number.
WITH asked AS MATERIALIZED (
    SELECT string_to_array(lower(%(words)s), ' ') AS patterns
), found AS MATERIALIZED (
    SELECT job_id FROM speeko.job_words WHERE words LIKE ALL ((SELECT patterns FROM asked)::text[])
)
SELECT id FROM (
    SELECT id FROM speeko.job
    WHERE state NOT IN ('done', 'done_with_errors', 'cancelled') AND state = ANY(%(states)s::text[])
      AND id < %(before)s::bigint AND (%(tenant)s::text IS NULL OR tenant = %(tenant)s)
      AND (%(words)s::text IS NULL OR EXISTS (
              SELECT FROM speeko.job_words
              WHERE job_id = job.id AND words LIKE ALL ((SELECT patterns FROM asked)::text[]) OFFSET 0))
    UNION ALL
    SELECT e.id FROM unnest(%(states)s::text[]) AS s (state) CROSS JOIN LATERAL (
        SELECT id FROM speeko.job
        WHERE state IN ('done', 'done_with_errors', 'cancelled') AND state = s.state
          AND id < %(before)s::bigint AND (%(tenant)s::text IS NULL OR tenant = %(tenant)s)
          AND (%(words)s::text IS NULL OR id IN (SELECT job_id FROM found))
        ORDER BY id DESC LIMIT %(limit)s
    ) e
) page
ORDER BY id DESC LIMIT %(limit)s

-- board_running: numbers of the jobs that have not ended, of one tenant or all, in the order in which they come
SELECT id FROM speeko.job
WHERE state NOT IN ('done', 'done_with_errors', 'cancelled') AND (%(tenant)s::text IS NULL OR tenant = %(tenant)s)
ORDER BY priority DESC, id LIMIT %(limit)s

-- board_lines: these jobs as they stand, with at most so many names of their files
WITH busy AS MATERIALIZED (
    SELECT account, sum(busy)::int AS calls FROM speeko.permit
    WHERE until > clock_timestamp() GROUP BY 1
)
SELECT j.id, j.tenant, j.state, j.reason, j.priority,
       ARRAY(SELECT f.value->>'name' FROM jsonb_array_elements(j.files) WITH ORDINALITY AS f (value, place)
             WHERE f.place <= %(files)s ORDER BY f.place),
       d.url, j.spec->>'provider', j.plan, j.budget_micros, j.reserved_micros, j.spent_micros, j.possible_micros,
       j.calls, j.possible_calls, j.rows, j.skipped, j.delivered, j.unchanged, j.failed, j.refused, j.chunks,
       j.chunks_open, CASE WHEN j.state = 'running' THEN coalesce(busy.calls, 0)::int ELSE 0 END,
       (SELECT s.name FROM speeko.schedule_run r JOIN speeko.schedule s ON s.id = r.schedule_id
        WHERE r.job_id = j.id LIMIT 1),
       j.created_at, j.released_at, j.finished_at, j.pruned_at,
       extract(epoch FROM coalesce(j.finished_at, clock_timestamp()) - coalesce(j.released_at, j.created_at))::float8,
       greatest(jsonb_array_length(j.files) - %(files)s, 0), j.wasted_micros
FROM unnest(%(jobs)b::bigint[]) WITH ORDINALITY AS n (id, place)
JOIN speeko.job j ON j.id = n.id
JOIN speeko.destination d ON d.id = j.destination_id
CROSS JOIN LATERAL (
    SELECT sum(calls) AS calls FROM busy WHERE speeko.uses(j.spec, busy.account)
) busy
ORDER BY n.place

-- board_counts: how many jobs there are in each state, of one tenant or all
SELECT state, count(*) FROM speeko.job
WHERE state NOT IN ('done', 'done_with_errors', 'cancelled') AND (%(tenant)s::text IS NULL OR tenant = %(tenant)s)
GROUP BY state
UNION ALL
SELECT state, count(*) FROM speeko.job
WHERE state IN ('done', 'done_with_errors', 'cancelled') AND (%(tenant)s::text IS NULL OR tenant = %(tenant)s)
GROUP BY state

-- board_reasons: why the first rows without audio of these jobs have none, and how many have each reason: those of
-- the first chunk with such rows, at most so many. OFFSET 0: by key, never a hash of all that failed.
SELECT n.id, f.reason, count(*)
FROM unnest(%(jobs)b::bigint[]) AS n (id) JOIN speeko.job j ON j.id = n.id
CROSS JOIN LATERAL (
    SELECT first_row, last_row FROM speeko.chunk
    WHERE job_id = n.id AND state = 'delivered'
      AND coalesce((counts->>'failed')::bigint, 0) + coalesce((counts->>'refused')::bigint, 0) > 0
    ORDER BY no LIMIT 1
) c
CROSS JOIN LATERAL (
    SELECT coalesce(i.error, u.reason) AS reason
    FROM speeko.item i LEFT JOIN LATERAL (
        SELECT CASE WHEN u.state = 'failed' THEN u.reason ELSE %(cancelled)s END AS reason
        FROM unnest(i.keys) WITH ORDINALITY AS k (key, place)
        CROSS JOIN LATERAL (SELECT state, reason FROM speeko.utterance WHERE key = k.key OFFSET 0) u
        WHERE i.error IS NULL AND NOT i.kept
          AND (u.state = 'failed' OR j.state = 'cancelled' AND u.state IN ('missing', 'claimed'))
        ORDER BY u.state = 'failed' DESC, k.place LIMIT 1
    ) u ON true
    WHERE i.job_id = n.id AND i.row_no BETWEEN c.first_row AND c.last_row AND NOT i.skipped
      AND (i.error IS NOT NULL OR u.reason IS NOT NULL)
    ORDER BY i.row_no LIMIT %(limit)s
) f
GROUP BY n.id, f.reason
