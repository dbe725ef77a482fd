-- hooks_take: events that are due, of one job or of all, each in one hand until its lease lapses
WITH due AS (
    SELECT id FROM speeko.hook
    WHERE due_at <= clock_timestamp() AND (%(job)s::bigint IS NULL OR job_id = %(job)s)
    ORDER BY due_at LIMIT %(most)s
    FOR UPDATE SKIP LOCKED
)
UPDATE speeko.hook h
SET tries = h.tries + 1, due_at = clock_timestamp() + %(lease)s * interval '1 second'
FROM due WHERE h.id = due.id
RETURNING h.id::text, h.job_id, h.event, h.reason, extract(epoch FROM h.born_at)::float8, h.tries,
          extract(epoch FROM clock_timestamp())::float8

-- hook_tried: how a try went: delivered, due again after some seconds, or (wait is NULL) given up
UPDATE speeko.hook
SET delivered_at = CASE WHEN %(delivered)s THEN clock_timestamp() END, error = %(error)s,
    due_at = CASE WHEN NOT %(delivered)s THEN clock_timestamp() + %(wait)s::float8 * interval '1 second' END
WHERE id = %(id)s::uuid AND tries = %(tries)s AND delivered_at IS NULL

-- hooks_due: whether an event is due
SELECT EXISTS (SELECT FROM speeko.hook WHERE due_at <= clock_timestamp())

-- hooks_of_job: events of a job that failed and were not taken since
SELECT job_id, event, error, tries, extract(epoch FROM due_at - clock_timestamp())::float8
FROM speeko.hook
WHERE job_id = %(job)s AND delivered_at IS NULL AND error <> ''
ORDER BY born_at, id

-- hooks_lost: the newest events of a day that were given up
SELECT job_id, event, error, tries, NULL::float8
FROM speeko.hook
WHERE due_at IS NULL AND delivered_at IS NULL AND born_at > clock_timestamp() - interval '1 day'
ORDER BY born_at DESC, id LIMIT %(most)s
