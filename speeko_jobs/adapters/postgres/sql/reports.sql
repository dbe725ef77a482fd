-- report_voices: what a job's paid calls cost by voice, and when the first began and the last ended
SELECT voice, count(*), sum(chars)::bigint, sum(cost_micros)::bigint,
       extract(epoch FROM min(at))::float8, extract(epoch FROM max(settled_at))::float8
FROM speeko.attempt
WHERE job_id = %(job)s AND state IN ('stored', 'bad')
GROUP BY voice
ORDER BY 4 DESC, 1

-- report_paid: what a job's calls brought, and their cost: audio that is kept, unusable audio, not known
SELECT count(*) FILTER (WHERE state = 'stored'),
       coalesce(sum(cost_micros) FILTER (WHERE state = 'stored'), 0)::bigint,
       count(*) FILTER (WHERE state = 'bad'),
       coalesce(sum(cost_micros) FILTER (WHERE state = 'bad'), 0)::bigint,
       count(*) FILTER (WHERE state = 'unknown'),
       coalesce(sum(cost_micros) FILTER (WHERE state = 'unknown'), 0)::bigint
FROM speeko.attempt
WHERE job_id = %(job)s AND state IN ('stored', 'bad', 'unknown')

-- report_pace: how many of a job's paid calls ended in each of so many equal stretches of time
SELECT least(width_bucket(extract(epoch FROM settled_at)::float8, %(first)s::float8, %(last)s::float8,
                          %(stretches)s::int), %(stretches)s::int), count(*)
FROM speeko.attempt
WHERE job_id = %(job)s AND state IN ('stored', 'bad') AND settled_at IS NOT NULL
GROUP BY 1 ORDER BY 1
