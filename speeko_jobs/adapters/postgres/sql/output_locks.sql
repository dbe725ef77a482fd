-- output_lock: one at a time looks whether an output is free, and takes it
SELECT pg_advisory_xact_lock(1592515)

-- output_rival: the job that delivers to a job's output, or waits longer for it. The same destination, or a folder
-- around or inside it; a job of an older version is known by the URL alone
WITH mine AS (
    SELECT j.id, j.destination_id, coalesce(nullif(j.place, ''), d.url || '/') AS place
    FROM speeko.job j JOIN speeko.destination d ON d.id = j.destination_id WHERE j.id = %(job)s
), busy AS (
    SELECT id, state, reason, destination_id, place FROM speeko.job
    WHERE state NOT IN ('done', 'done_with_errors', 'cancelled')
      AND (state <> 'planning'
           OR submitter_until > clock_timestamp() AND (waits_for IS NULL OR id < %(job)s))
    UNION ALL
    SELECT id, state, reason, destination_id, place FROM speeko.job
    WHERE state = 'cancelled' AND NOT finalized AND chunks > 0
)
SELECT b.id, b.state, b.reason, d.url
FROM mine m CROSS JOIN busy b JOIN speeko.destination d ON d.id = b.destination_id
WHERE b.id <> m.id AND d.url <> 'cache'
  AND (b.destination_id = m.destination_id
       OR starts_with(coalesce(nullif(b.place, ''), d.url || '/'), m.place)
       OR starts_with(m.place, coalesce(nullif(b.place, ''), d.url || '/')))
ORDER BY b.id LIMIT 1

-- output_waits: for whom a job that is being planned waits, and that its submitter lives; no row when it is gone
UPDATE speeko.job
SET waits_for = %(rival)s, reason = %(reason)s, submitter_until = clock_timestamp() + interval '2 minutes'
WHERE id = %(job)s AND state = 'planning'
RETURNING id

-- output_later: a job that was released for the same destination after this one
SELECT l.id FROM speeko.job l
WHERE l.destination_id = (SELECT destination_id FROM speeko.job WHERE id = %(job)s) AND l.id > %(job)s
  AND l.released_at IS NOT NULL
ORDER BY l.destination_id, l.id LIMIT 1

-- output_has_jobs: some job of a destination
SELECT id FROM speeko.job WHERE destination_id = %(destination)s ORDER BY destination_id, id LIMIT 1
