-- outages_due: running jobs of accounts that have brought nothing but failures for longer than the job's patience,
-- where no other account of the job answers. The patience begins anew when a job is released or resumed.
WITH running AS MATERIALIZED (
    SELECT id, spec, state_since, released_at FROM speeko.job WHERE state = 'running' AND NOT plan ? 'say'
)
SELECT DISTINCT ON (j.id) j.id, a.name, a.trouble_kind, a.trouble_why, s.seconds
FROM speeko.account a
JOIN running j ON speeko.uses(j.spec, a.name)
CROSS JOIN LATERAL (
    SELECT extract(epoch FROM clock_timestamp()
                   - greatest(a.trouble_since, j.state_since, j.released_at))::float8 AS seconds
) s
WHERE a.trouble_since IS NOT NULL
  AND a.trouble_at > greatest(clock_timestamp() - make_interval(secs => %(fresh)s), j.state_since, j.released_at)
  AND s.seconds >= coalesce((j.spec->>'give_up_seconds')::float8, %(default)s)
  AND NOT EXISTS (
      SELECT FROM speeko.account o
      WHERE o.name <> a.name AND speeko.uses(j.spec, o.name) AND o.trouble_since IS NULL
        AND o.good_at > a.trouble_since AND EXISTS (
            SELECT FROM speeko.permit WHERE account = o.name AND until > clock_timestamp()))
ORDER BY j.id, s.seconds DESC

-- outage_schedule: when an account is probed next, unless that is settled
UPDATE speeko.account SET probe_at = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE name = %(account)s AND coalesce(probe_at < clock_timestamp(), true)

-- outage_probes: for each account with a probe that is due a paused job, with a chunk of it that waits for texts
SELECT DISTINCT ON (a.name) j.id, c.no
FROM speeko.account a
JOIN speeko.job j ON j.state = 'paused' AND starts_with(j.reason, 'outage: ') AND speeko.uses(j.spec, a.name)
LEFT JOIN LATERAL (
    SELECT chunk_no AS no FROM speeko.need WHERE job_id = j.id ORDER BY chunk_no LIMIT 1
) c ON true
WHERE coalesce(a.probe_at <= clock_timestamp(), true) AND coalesce(a.blocked_until <= clock_timestamp(), true)
  AND a.trouble_since IS NOT NULL
ORDER BY a.name, c.no IS NULL, j.priority DESC, j.id

-- outage_take_probe: one worker probes; the next may when this one must have ended
UPDATE speeko.account SET probe_at = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE name = %(account)s AND coalesce(probe_at <= clock_timestamp(), true)
  AND EXISTS (SELECT FROM speeko.job
              WHERE id = %(job)s AND state = 'paused' AND starts_with(reason, 'outage: '))
RETURNING name

-- outage_wanted: of the first texts that a job waits for one that nobody buys, tried least
SELECT w.key, i.row_no, w.chunk_no
FROM (
    SELECT n.key, n.chunk_no, u.tries
    FROM (
        SELECT key, chunk_no FROM speeko.need WHERE job_id = %(job)s ORDER BY chunk_no LIMIT 200
    ) n
    CROSS JOIN LATERAL (SELECT state, tries FROM speeko.utterance WHERE key = n.key OFFSET 0) u
    WHERE u.state = 'missing'
    ORDER BY u.tries LIMIT 1
) w
CROSS JOIN LATERAL (
    SELECT first_row, last_row FROM speeko.chunk WHERE job_id = %(job)s AND no = w.chunk_no OFFSET 0
) c
CROSS JOIN LATERAL (
    SELECT row_no FROM speeko.item
    WHERE job_id = %(job)s AND row_no BETWEEN c.first_row AND c.last_row AND w.key = ANY (keys)
    ORDER BY row_no LIMIT 1
) i

-- outage_answered: an account answers again; what was learned in its trouble is forgotten
UPDATE speeko.account
SET good_at = clock_timestamp(), trouble_since = NULL, trouble_texts = 0, failing_since = NULL, window_ended = 0,
    window_throttled = 0, window_failed = 0, blocked_until = NULL
WHERE name = %(account)s

-- outage_failed: a probe failed, too
UPDATE speeko.account
SET trouble_since = coalesce(trouble_since, clock_timestamp()), trouble_at = clock_timestamp(),
    trouble_kind = %(kind)s, trouble_why = %(why)s
WHERE name = %(account)s

-- outages_resume: paused jobs go on when an account of theirs has answered since
UPDATE speeko.job j SET state = 'running', reason = ''
WHERE j.state = 'paused' AND starts_with(j.reason, 'outage: ')
  AND EXISTS (SELECT FROM speeko.account a
              WHERE speeko.uses(j.spec, a.name) AND a.trouble_since IS NULL AND a.good_at > j.state_since)
RETURNING j.id

-- outage_resume_one: a job goes on that has nothing to probe with
UPDATE speeko.job SET state = 'running', reason = ''
WHERE id = %(job)s AND state = 'paused' AND starts_with(reason, 'outage: ')

-- outages_change: jobs wait for something else than they did, which is an event
WITH changed AS (
    UPDATE speeko.job j SET reason = %(reason)s
    WHERE j.state = 'paused' AND starts_with(j.reason, 'outage: ') AND speeko.uses(j.spec, %(account)s)
    RETURNING id, reason, spec
), event AS (
    INSERT INTO speeko.hook (job_id, event, reason)
    SELECT id, 'paused', reason FROM changed WHERE spec->>'webhook' <> ''
)
SELECT id FROM changed
