-- metrics_patience: a look at the figures gives up early
SELECT set_config('statement_timeout', '5s', true), set_config('lock_timeout', '1s', true)

-- metrics_jobs: jobs by tenant and state, and what became of their rows
SELECT tenant, state, count(*), sum(delivered)::bigint, sum(unchanged)::bigint, sum(failed)::bigint,
       sum(refused)::bigint,
       coalesce(sum(rows - delivered - unchanged - failed - refused)
                FILTER (WHERE state NOT IN ('done', 'done_with_errors', 'cancelled')), 0)::bigint,
       sum(reserved_micros)::bigint
FROM speeko.job GROUP BY tenant, state

-- metrics_costs: requests, characters and money of all days by tenant, provider and source
SELECT tenant, provider, source, sum(requests)::bigint, sum(chars)::bigint, sum(micros)::bigint,
       sum(saved_micros)::bigint
FROM speeko.cost_daily GROUP BY tenant, provider, source

-- metrics_refusals: calls that a provider refused, by the status that it answered
SELECT provider, status, calls FROM speeko.refusal

-- metrics_accounts: limits of accounts, how long they wait, and the calls that are open
SELECT a.name, a."limit", a.ceiling,
       greatest(extract(epoch FROM a.blocked_until - clock_timestamp()), 0)::float8,
       coalesce(sum(p.busy), 0)::bigint, coalesce(sum(p.wants), 0)::bigint,
       coalesce(extract(epoch FROM clock_timestamp() - a.trouble_since), 0)::float8
FROM speeko.account a
LEFT JOIN speeko.permit p ON p.account = a.name AND p.until > clock_timestamp()
GROUP BY a.name

-- metrics_chunks: chunks of running jobs by state, and for how long the oldest is in it
SELECT c.state, count(*),
       greatest(extract(epoch FROM clock_timestamp() - min(
           CASE c.state WHEN 'planned' THEN c.queued_at WHEN 'synthesizing' THEN c.started_at
                        ELSE c.ready_at END)), 0)::float8
FROM speeko.job j JOIN speeko.chunk c ON c.job_id = j.id
WHERE j.state = 'running' AND c.state <> 'delivered'
GROUP BY c.state

-- metrics_idle: chunks that could go on and that nobody is at; begun ones are looked for among 256
SELECT (SELECT count(*) FROM speeko.job j JOIN speeko.chunk c ON c.job_id = j.id
        WHERE j.state = 'running' AND c.state = 'planned')
     + (SELECT count(*) FROM (
            SELECT c.job_id, c.no FROM speeko.job j JOIN speeko.chunk c ON c.job_id = j.id
            WHERE j.state = 'running' AND c.state = 'synthesizing'
              AND NOT EXISTS (SELECT FROM speeko.claimant e
                              WHERE e.id = c.claimant_id AND e.lease_until > clock_timestamp())
            LIMIT 256
        ) left_behind
        WHERE EXISTS (SELECT FROM speeko.need n JOIN speeko.utterance u USING (key)
                      WHERE n.job_id = left_behind.job_id AND n.chunk_no = left_behind.no
                        AND u.state = 'missing' OFFSET 0))

-- metrics_engines: engines that live, and those whose lease has run out and that nobody has buried yet
SELECT count(*) FILTER (WHERE lease_until > clock_timestamp()),
       count(*) FILTER (WHERE lease_until <= clock_timestamp())
FROM speeko.claimant

-- metrics_chores: work that is due now and then: how long ago it ended last, how often, and what it did
SELECT name, greatest(extract(epoch FROM clock_timestamp() - ended_at), 0)::float8, runs, done FROM speeko.chore

-- metrics_bytes: what the database takes on its disk
SELECT pg_database_size(current_database())

-- chore_ended: a piece of work that is due now and then was done
INSERT INTO speeko.chore AS c (name, runs, done) VALUES (%(name)s, 1, %(done)s)
ON CONFLICT (name) DO UPDATE
SET ended_at = clock_timestamp(), runs = c.runs + 1, done = c.done + excluded.done
