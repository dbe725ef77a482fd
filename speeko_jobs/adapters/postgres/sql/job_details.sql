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

-- board_find: rows of a job whose id begins so, or of that number: the number first, then the id itself. Reads the
-- rows of the job, half a second for a million: an index of ids would cost more with every row that is loaded
SELECT i.row_no, i.row_id, coalesce(i.voice, j.spec->>'voice'), i.chars, coalesce(i.path, ''),
       coalesce(i.error, ''), i.skipped, i.kept, c.state
FROM (
    SELECT row_no, row_id, voice, chars, path, error, skipped, kept FROM speeko.item
    WHERE job_id = %(job)s AND (starts_with(row_id, %(id)s) OR row_no = %(row)s)
    ORDER BY row_no <> %(row)s, row_id <> %(id)s, row_no LIMIT %(limit)s
) i
CROSS JOIN speeko.job j
JOIN speeko.chunk f ON f.job_id = j.id AND f.no = 1
JOIN speeko.chunk c ON c.job_id = j.id AND c.no = (i.row_no - 1) / f.last_row + 1
WHERE j.id = %(job)s
ORDER BY i.row_no <> %(row)s, i.row_id <> %(id)s, i.row_no

-- board_unchanged: chunks of a job with rows that the planner found unchanged, in order
SELECT no, first_row, last_row, unchanged, state FROM speeko.chunk
WHERE job_id = %(job)s AND coalesce((unchanged->>'unchanged')::bigint, 0) > 0
ORDER BY no

-- board_chunk_of: the chunk that holds a row
SELECT c.no, c.first_row, c.last_row, c.unchanged, c.state
FROM speeko.chunk f JOIN speeko.chunk c ON c.job_id = f.job_id AND c.no = (%(row)s - 1) / f.last_row + 1
WHERE f.job_id = %(job)s AND f.no = 1 AND c.last_row >= %(row)s

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

-- board_accounts: the accounts of a job's provider
SELECT a.name FROM speeko.job j JOIN speeko.account a ON speeko.uses(j.spec, a.name)
WHERE j.id = %(job)s ORDER BY a.name
