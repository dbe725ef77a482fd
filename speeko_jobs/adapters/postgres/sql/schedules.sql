-- schedules_clock: the time by which all is due
SELECT clock_timestamp()

-- schedule_add: a new schedule; no row where there is one of that name
INSERT INTO speeko.schedule (name, tenant, cron, zone, catch_up, orders, next_due)
VALUES (%(name)s, %(tenant)s, %(cron)s, %(zone)s, %(catch_up)s, %(orders)s, %(next_due)s)
ON CONFLICT (name) DO NOTHING
RETURNING id

-- schedule_replace: other times and orders for a schedule, which keeps its history and stays paused if it is
UPDATE speeko.schedule
SET tenant = %(tenant)s, cron = %(cron)s, zone = %(zone)s, catch_up = %(catch_up)s, orders = %(orders)s,
    next_due = %(next_due)s
WHERE name = %(name)s
RETURNING id

-- schedules_show: one schedule, or all of them or of a tenant, by name
SELECT id, name, tenant, cron, zone, catch_up, orders, paused, next_due, created_at
FROM speeko.schedule
WHERE (%(name)s::text IS NULL OR name = %(name)s) AND (%(tenant)s::text IS NULL OR tenant = %(tenant)s)
ORDER BY name

-- schedule_pause: nothing is due any more
UPDATE speeko.schedule SET paused = true WHERE id = %(schedule)s

-- schedule_resume: due again from now on
UPDATE speeko.schedule SET paused = false, next_due = %(next_due)s WHERE id = %(schedule)s AND paused

-- schedule_remove: a schedule and its history; its jobs stay
DELETE FROM speeko.schedule WHERE id = %(schedule)s

-- schedule_runs: the runs of a schedule, newest first, with how their jobs stand
SELECT r.id, r.schedule_id, r.due, r.by_hand, r.state, r.reason, r.tries, r.job_id, r.previous_job_id, r.ended_at,
       j.state, j.reason, j.rows, j.delivered + j.unchanged, j.failed + j.refused, j.spent_micros, j.finished_at
FROM speeko.schedule_run r LEFT JOIN speeko.job j ON j.id = r.job_id
WHERE r.schedule_id = %(schedule)s
ORDER BY r.due DESC LIMIT %(limit)s

-- schedules_due: schedules whose time has come
SELECT id FROM speeko.schedule WHERE NOT paused AND next_due <= %(now)s ORDER BY next_due, id

-- schedule_lock_due: one of them, for whoever comes first
SELECT cron, zone, catch_up, next_due FROM speeko.schedule
WHERE id = %(schedule)s AND NOT paused AND next_due <= %(now)s
FOR UPDATE SKIP LOCKED

-- schedule_lock: a schedule held still while its runs are looked at
SELECT catch_up FROM speeko.schedule WHERE id = %(schedule)s FOR UPDATE

-- schedule_next: everything up to there is written down as a run
UPDATE speeko.schedule SET next_due = %(next_due)s WHERE id = %(schedule)s

-- runs_add: due times of a schedule; one that is there already stays as it is
INSERT INTO speeko.schedule_run (schedule_id, due, by_hand, state, reason, ended_at)
SELECT %(schedule)s, d.due, %(by_hand)s, %(state)s, %(reason)s,
       CASE WHEN %(state)s = 'skipped' THEN clock_timestamp() END
FROM unnest(%(dues)s::timestamptz[]) AS d (due)
ORDER BY d.due
ON CONFLICT (schedule_id, due) DO NOTHING
RETURNING id

-- schedules_open: schedules with runs that have not begun, or whose worker may have died
SELECT DISTINCT schedule_id FROM speeko.schedule_run WHERE state IN ('waiting', 'planning') ORDER BY 1

-- runs_waiting: the runs of a schedule that have not begun, oldest first
SELECT id, due, by_hand FROM speeko.schedule_run
WHERE schedule_id = %(schedule)s AND state = 'waiting' ORDER BY due

-- runs_lapsed: runs whose worker has died: it did not come as far as a job, or that is not planned any more
SELECT r.id FROM speeko.schedule_run r
WHERE r.schedule_id = %(schedule)s AND r.state = 'planning' AND r.lease_until < clock_timestamp()
  AND NOT EXISTS (SELECT FROM speeko.job j
                  WHERE j.id = r.job_id AND j.state = 'planning' AND j.submitter_until > clock_timestamp())
ORDER BY r.due

-- runs_going: runs of a schedule that have begun and not come to their end, besides one
SELECT r.due, r.job_id, j.state
FROM speeko.schedule_run r LEFT JOIN speeko.job j ON j.id = r.job_id
WHERE r.schedule_id = %(schedule)s AND r.state = 'planning' AND r.id <> %(besides)s
UNION ALL
SELECT r.due, r.job_id, j.state
FROM speeko.job j JOIN speeko.schedule_run r ON r.job_id = j.id
WHERE r.schedule_id = %(schedule)s AND r.state = 'submitted' AND r.id <> %(besides)s
  AND j.state NOT IN ('done', 'done_with_errors', 'cancelled')
LIMIT 1

-- runs_skip: runs that will not be
UPDATE speeko.schedule_run SET state = 'skipped', reason = %(reason)s, ended_at = clock_timestamp()
WHERE id = ANY(%(runs)s::bigint[]) AND state = 'waiting'

-- run_schedule: whose run it is
SELECT schedule_id FROM speeko.schedule_run WHERE id = %(run)s

-- run_take: a worker begins with a run; from now on nobody who took it before may end it
UPDATE speeko.schedule_run r
SET state = 'planning', tries = r.tries + 1, lease_until = clock_timestamp() + make_interval(secs => %(seconds)s),
    previous_job_id = (SELECT p.job_id FROM speeko.schedule_run p
                       WHERE p.schedule_id = r.schedule_id AND p.due < r.due AND p.state = 'submitted'
                       ORDER BY p.due DESC LIMIT 1)
FROM speeko.schedule s
WHERE r.id = %(run)s AND s.id = r.schedule_id AND r.state IN ('waiting', 'planning')
RETURNING s.name, s.tenant, s.orders, r.due, r.tries, r.job_id

-- run_has_job: the job that a run is being planned as; no row when another worker has taken the run
UPDATE speeko.schedule_run SET job_id = %(job)s
WHERE id = %(run)s AND state = 'planning' AND tries = %(tries)s
RETURNING id

-- run_put_back: a run that a worker took and that cannot begin yet; the try does not count
UPDATE speeko.schedule_run
SET state = 'waiting', reason = %(reason)s, tries = tries - 1, job_id = NULL, lease_until = NULL
WHERE id = %(run)s AND state = 'planning' AND tries = %(tries)s
RETURNING id

-- run_end: how a run ended; not for a worker from whom it was taken
UPDATE speeko.schedule_run
SET state = %(state)s, reason = %(reason)s, job_id = %(job)s, lease_until = NULL, ended_at = clock_timestamp()
WHERE id = %(run)s AND state = 'planning' AND tries = %(tries)s
RETURNING id
