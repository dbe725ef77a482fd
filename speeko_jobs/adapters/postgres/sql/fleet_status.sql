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
