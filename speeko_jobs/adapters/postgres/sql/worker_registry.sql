-- worker_enter: a worker begins; it counts as running for so many seconds from each sign of life
INSERT INTO speeko.worker (host, pid, home, version, queues, processes, accounts, seen_until)
VALUES (%(host)s, %(pid)s, %(home)s, %(version)s, %(queues)s::text[], %(processes)s, %(accounts)s::jsonb,
        clock_timestamp() + make_interval(secs => %(seconds)s))
RETURNING id

-- worker_seen: the worker lives; no row where it was forgotten
UPDATE speeko.worker
SET seen_until = clock_timestamp() + make_interval(secs => %(seconds)s), is_stopping = %(is_stopping)s
WHERE id = %(worker)s
RETURNING id

-- worker_leave: the worker has ended
DELETE FROM speeko.worker WHERE id = %(worker)s

-- workers_forget: workers that have shown no sign of life for so long
DELETE FROM speeko.worker WHERE seen_until < clock_timestamp() - make_interval(secs => %(seconds)s)

-- workers_show: every worker; those that still count as running have seconds left
SELECT id, host, pid, home, version, queues, processes, accounts, is_stopping, started_at,
       extract(epoch FROM seen_until - clock_timestamp())::float8
FROM speeko.worker ORDER BY host, pid, id

-- workers_with_lease: engines at work; this table is as old as the database
SELECT host, pid FROM speeko.claimant WHERE lease_until > clock_timestamp() ORDER BY host, pid
