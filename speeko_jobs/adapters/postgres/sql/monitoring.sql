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

-- board_chunk_states: how many chunks of a job are in each state
SELECT 'delivered', (chunks - chunks_open)::bigint FROM speeko.job WHERE id = %(job)s
UNION ALL
SELECT state, count(*) FROM speeko.chunk WHERE job_id = %(job)s AND state <> 'delivered' GROUP BY state

-- board_chunks: the first chunks of a job that are not delivered, begun ones first, with the engines that have them
SELECT c.no, c.first_row, c.last_row, c.state, c.missing, c.attempt, e.host, e.pid,
       coalesce(e.lease_until > clock_timestamp(), false),
       greatest(extract(epoch FROM clock_timestamp() - coalesce(
           CASE c.state WHEN 'planned' THEN c.queued_at WHEN 'synthesizing' THEN c.started_at ELSE c.ready_at END,
           j.released_at, j.created_at)), 0)::float8
FROM speeko.job j
CROSS JOIN unnest('{synthesizing,ready,planned}'::text[]) WITH ORDINALITY AS s (state, place)
CROSS JOIN LATERAL (
    SELECT * FROM speeko.chunk
    WHERE job_id = j.id AND state = s.state AND state <> 'delivered'
    ORDER BY no LIMIT %(limit)s
) c
LEFT JOIN speeko.claimant e ON e.id = c.claimant_id AND c.state = 'synthesizing'
WHERE j.id = %(job)s
ORDER BY s.place, c.no LIMIT %(limit)s

-- board_failing: delivered chunks of a job past a row that hold failed or refused rows, and how many
SELECT c.first_row, c.last_row, n.failed, n.refused
FROM speeko.chunk c CROSS JOIN LATERAL (
    SELECT coalesce((c.counts->>'failed')::bigint, 0) AS failed, coalesce((c.counts->>'refused')::bigint, 0) AS refused
) n
WHERE c.job_id = %(job)s AND c.state = 'delivered' AND c.last_row > %(after)s
  AND c.no > %(after)s::bigint / (SELECT last_row FROM speeko.chunk WHERE job_id = %(job)s AND no = 1)
  AND n.failed + n.refused > 0
ORDER BY c.no LIMIT %(limit)s

-- board_failed: the refused rows of a chunk and, where it has any, those of which a text failed; no more than it has.
-- OFFSET 0: by key, never a hash of all that failed.
SELECT i.row_no, i.row_id, coalesce(i.error, f.reason), i.error IS NOT NULL
FROM speeko.item i LEFT JOIN LATERAL (
    SELECT u.reason FROM unnest(i.keys) WITH ORDINALITY AS k (key, place)
    CROSS JOIN LATERAL (SELECT state, reason FROM speeko.utterance WHERE key = k.key OFFSET 0) u
    WHERE u.state = 'failed' AND i.error IS NULL AND NOT i.kept AND %(failed)s > 0
    ORDER BY k.place LIMIT 1
) f ON true
WHERE i.job_id = %(job)s AND i.row_no BETWEEN %(first)s AND %(last)s AND NOT i.skipped
  AND (i.error IS NOT NULL OR f.reason IS NOT NULL)
ORDER BY i.row_no LIMIT %(failed)s::bigint + %(refused)s::bigint

-- board_unserved: rows of a chunk that no text's failure accounts for: nothing lies at their path, or their job
-- was cancelled before their text was bought
SELECT i.row_no, i.row_id, r.is_cancelled, coalesce(r.reason, ''), r.some_bought
FROM speeko.job j
JOIN speeko.item i ON i.job_id = j.id AND i.row_no BETWEEN %(first)s AND %(last)s
CROSS JOIN LATERAL (
    SELECT bool_or(u.state IN ('missing', 'claimed')) AND j.state = 'cancelled' AS is_cancelled,
           bool_or(u.state = 'failed') AS is_failed, bool_or(u.state = 'done') AS some_bought,
           (array_agg(u.reason ORDER BY k.place) FILTER (WHERE u.state IN ('missing', 'claimed')))[1] AS reason
    FROM unnest(i.keys) WITH ORDINALITY AS k (key, place)
    CROSS JOIN LATERAL (SELECT state, reason FROM speeko.utterance WHERE key = k.key OFFSET 0) u
) r
WHERE j.id = %(job)s AND i.error IS NULL AND NOT i.skipped AND NOT r.is_failed
  AND (r.is_cancelled OR j.spec->'deliver' IS DISTINCT FROM 'false' AND NOT EXISTS (
          SELECT FROM speeko.delivered WHERE destination_id = j.destination_id AND path = i.path OFFSET 0))
ORDER BY i.row_no LIMIT %(limit)s

-- board_heard: of each of some rows of a job, the next one in its chunk that is delivered and has its audio, or
-- else the one before; places are from 0 (its first chunk with such rows) to 1 (the end of its last)
WITH whole AS MATERIALIZED (
    SELECT first_row, last_row, row_number() OVER (ORDER BY no) - 1 AS place, count(*) OVER () AS chunks
    FROM speeko.chunk
    WHERE job_id = %(job)s AND state = 'delivered'
      AND coalesce((counts->>'delivered')::bigint, 0) + coalesce((counts->>'unchanged')::bigint, 0)
          > coalesce((unchanged->>'unchanged')::bigint, 0)
)
SELECT h.row_no, h.row_id, coalesce(h.voice, j.spec->>'voice'), h.chars, coalesce(h.path, ''), h.keys
FROM speeko.job j
CROSS JOIN unnest(%(places)b::float8[]) AS p (at)
JOIN whole w ON w.place = floor(p.at * w.chunks)::bigint
CROSS JOIN LATERAL (
    SELECT w.first_row + floor((p.at * w.chunks - w.place) * (w.last_row - w.first_row + 1))::bigint AS row_no
) wanted
CROSS JOIN LATERAL (
    (SELECT row_no, row_id, voice, chars, path, keys FROM speeko.item i
     WHERE i.job_id = j.id AND i.row_no BETWEEN wanted.row_no AND w.last_row
       AND i.error IS NULL AND NOT i.skipped AND cardinality(i.keys) > 0
       AND NOT EXISTS (SELECT FROM unnest(i.keys) AS k (key) WHERE NOT EXISTS (
               SELECT FROM speeko.utterance WHERE key = k.key AND state = 'done' OFFSET 0))
     ORDER BY i.row_no LIMIT 1)
    UNION ALL
    (SELECT row_no, row_id, voice, chars, path, keys FROM speeko.item i
     WHERE i.job_id = j.id AND i.row_no >= w.first_row AND i.row_no < wanted.row_no
       AND i.error IS NULL AND NOT i.skipped AND cardinality(i.keys) > 0
       AND NOT EXISTS (SELECT FROM unnest(i.keys) AS k (key) WHERE NOT EXISTS (
               SELECT FROM speeko.utterance WHERE key = k.key AND state = 'done' OFFSET 0))
     ORDER BY i.row_no DESC LIMIT 1)
    LIMIT 1
) h
WHERE j.id = %(job)s
ORDER BY h.row_no

-- board_row: a row of a delivered chunk that has its audio
SELECT i.row_no, i.row_id, coalesce(i.voice, j.spec->>'voice'), i.chars, coalesce(i.path, ''), i.keys
FROM speeko.job j
JOIN speeko.item i ON i.job_id = j.id
JOIN speeko.chunk f ON f.job_id = j.id AND f.no = 1
JOIN speeko.chunk c ON c.job_id = j.id AND c.no = (i.row_no - 1) / f.last_row + 1 AND c.state = 'delivered'
WHERE j.id = %(job)s AND i.row_no = %(row)s AND i.error IS NULL AND NOT i.skipped AND cardinality(i.keys) > 0
  AND NOT EXISTS (SELECT FROM unnest(i.keys) AS k (key) WHERE NOT EXISTS (
          SELECT FROM speeko.utterance WHERE key = k.key AND state = 'done' OFFSET 0))

-- board_course: a job's begin and its end or now, and how many rows ended in each of so many stretches between,
-- without those that the planner found unchanged
SELECT j.released_at, t.until, c.stretch, c.rows
FROM speeko.job j
CROSS JOIN LATERAL (
    SELECT greatest(coalesce(j.finished_at, clock_timestamp()), j.released_at + interval '1 millisecond') AS until
) t
LEFT JOIN LATERAL (
    SELECT greatest(least(width_bucket(extract(epoch FROM delivered_at)::float8,
                                       extract(epoch FROM j.released_at)::float8,
                                       extract(epoch FROM t.until)::float8, %(stretches)s::int),
                          %(stretches)s::int), 1) AS stretch,
           sum(coalesce((counts->>'delivered')::bigint, 0) + coalesce((counts->>'unchanged')::bigint, 0)
               + coalesce((counts->>'failed')::bigint, 0) + coalesce((counts->>'refused')::bigint, 0)
               - coalesce((unchanged->>'unchanged')::bigint, 0))::bigint AS rows
    FROM speeko.chunk WHERE job_id = j.id AND state = 'delivered' AND delivered_at IS NOT NULL GROUP BY 1
) c ON true
WHERE j.id = %(job)s AND j.released_at IS NOT NULL AND j.chunks > 0 AND j.pruned_at IS NULL

-- board_pulses: how accounts went, in stretches of time: the most calls that were open and wanted, the last limit
SELECT m.account, m.moment, last."limit", m.busy, m.wants
FROM (
    SELECT account, date_bin(%(each)s::interval, at, '2000-01-01Z') AS moment, max(at) AS last, max(busy) AS busy,
           max(wants) AS wants
    FROM speeko.pulse
    WHERE account = ANY(%(accounts)s::text[]) AND at >= %(since)s::timestamptz AND at <= %(until)s::timestamptz
    GROUP BY account, moment
) m
CROSS JOIN LATERAL (SELECT "limit" FROM speeko.pulse WHERE account = m.account AND at = m.last OFFSET 0) last
ORDER BY m.moment, m.account

-- board_accounts: the accounts of a job's provider
SELECT a.name FROM speeko.job j JOIN speeko.account a ON speeko.uses(j.spec, a.name)
WHERE j.id = %(job)s ORDER BY a.name

-- board_engines: all who make calls, with the permits that they hold now and the chunks that they have
SELECT e.id, e.host, e.pid, e.started_at, extract(epoch FROM e.lease_until - clock_timestamp())::float8,
       coalesce(p.held, 0), coalesce(p.busy, 0), coalesce(p.wants, 0), coalesce(c.chunks, 0),
       coalesce(c.jobs, '{}')
FROM speeko.claimant e
LEFT JOIN (
    SELECT claimant_id, sum(held)::int AS held, sum(busy)::int AS busy, sum(wants)::int AS wants
    FROM speeko.permit WHERE until > clock_timestamp() GROUP BY claimant_id
) p ON p.claimant_id = e.id
LEFT JOIN (
    SELECT c.claimant_id, count(*)::int AS chunks, array_agg(DISTINCT c.job_id) AS jobs
    FROM speeko.job j JOIN speeko.chunk c ON c.job_id = j.id
    WHERE j.state NOT IN ('done', 'done_with_errors', 'cancelled')
      AND c.state = 'synthesizing' AND c.claimant_id IS NOT NULL
    GROUP BY c.claimant_id
) c ON c.claimant_id = e.id
ORDER BY e.host, e.pid, e.id

-- board_now: how it all stands; jobs and money of one tenant or all
SELECT clock_timestamp(), o.running, o.paused, o.waiting, p.busy, a."limit", e.living, e.dead, c.spent, c.saved,
       r.micros, s.overdue
FROM (
    SELECT count(*) FILTER (WHERE state = 'running') AS running, count(*) FILTER (WHERE state = 'paused') AS paused,
           coalesce(sum(rows - delivered - unchanged - failed - refused), 0)::bigint AS waiting
    FROM speeko.job
    WHERE state NOT IN ('done', 'done_with_errors', 'cancelled') AND (%(tenant)s::text IS NULL OR tenant = %(tenant)s)
) o, (
    SELECT coalesce(sum(busy), 0)::int AS busy FROM speeko.permit WHERE until > clock_timestamp()
) p, (
    SELECT coalesce(sum(a."limit"), 0)::int AS "limit" FROM speeko.account a
    WHERE EXISTS (SELECT FROM speeko.permit WHERE account = a.name AND until > clock_timestamp())
) a, (
    SELECT count(*) FILTER (WHERE lease_until > clock_timestamp()) AS living,
           count(*) FILTER (WHERE lease_until <= clock_timestamp()) AS dead
    FROM speeko.claimant
) e, (
    SELECT coalesce(sum(micros) FILTER (WHERE source IN ('synthesized', 'bad')), 0)::bigint AS spent,
           coalesce(sum(saved_micros) FILTER (WHERE source <> 'unknown'), 0)::bigint AS saved
    FROM speeko.cost_daily
    WHERE day = (SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date)
      AND (%(tenant)s::text IS NULL OR tenant = %(tenant)s)
) c, (
    SELECT coalesce(sum(reserved_micros), 0)::bigint AS micros FROM speeko.job
    WHERE reserved_micros > 0 AND (%(tenant)s::text IS NULL OR tenant = %(tenant)s)
) r, (
    SELECT count(*) AS overdue FROM speeko.schedule
    WHERE NOT paused AND next_due < clock_timestamp() - make_interval(secs => %(overdue)s)
      AND (%(tenant)s::text IS NULL OR tenant = %(tenant)s)
) s
