-- waiting_facts: what some jobs may wait for, each with the account that its calls are made through (of several one
-- that is in use, and best one that answers). Open calls and texts that failed are looked at up to a number.
WITH j AS MATERIALIZED (
    SELECT j.id, j.state, j.reason, j.spec, j.waits_for, j.state = 'running' AS runs,
           coalesce(j.state_since, j.released_at, j.created_at) AS since
    FROM unnest(%(jobs)b::bigint[]) AS n (id) JOIN speeko.job j USING (id)
), sending AS MATERIALIZED (
    SELECT a.job_id, a.key FROM speeko.claimant c CROSS JOIN LATERAL (
        SELECT job_id, key FROM speeko.attempt
        WHERE claimant_id BETWEEN c.id AND c.id AND state = 'sending'
        ORDER BY claimant_id LIMIT %(most)s
    ) a
    WHERE EXISTS (SELECT FROM j WHERE runs)
    LIMIT %(most)s
), mine AS MATERIALIZED (
    SELECT job_id, count(*) AS calls FROM sending GROUP BY 1
), others AS MATERIALIZED (
    SELECT n.job_id, count(*) AS texts FROM sending s CROSS JOIN LATERAL (
        SELECT DISTINCT job_id FROM speeko.need WHERE key = s.key AND job_id <> s.job_id OFFSET 0
    ) n GROUP BY 1
), failed AS MATERIALIZED (
    SELECT n.job_id, count(*) AS texts FROM (
        SELECT key, settled_at FROM speeko.utterance
        WHERE state = 'missing' AND tries > 0 AND EXISTS (SELECT FROM j WHERE runs) LIMIT %(most)s
    ) u CROSS JOIN LATERAL (
        SELECT DISTINCT job_id FROM speeko.need WHERE key = u.key OFFSET 0
    ) n JOIN j ON j.id = n.job_id AND coalesce(u.settled_at >= j.since, true)
    GROUP BY 1
)
SELECT j.id, clock_timestamp(), j.state, j.reason, j.since, j.spec->>'provider',
       coalesce(j.spec->'accounts', '[]'::jsonb), coalesce((j.spec->>'give_up_seconds')::float8, %(default)s),
       j.waits_for,
       (SELECT count(*) FROM speeko.worker w
        WHERE w.seen_until > clock_timestamp() AND NOT w.is_stopping AND 'synthesize' = ANY (w.queues)
          AND EXISTS (
              SELECT FROM jsonb_each(w.accounts) AS k (name, account)
              WHERE CASE WHEN jsonb_array_length(coalesce(j.spec->'accounts', '[]'::jsonb)) > 0
                         THEN j.spec->'accounts' ? k.name
                         ELSE k.account->>'provider' = j.spec->>'provider' END)),
       coalesce(e.engines, 0), coalesce(e.held, 0),
       EXISTS (SELECT FROM speeko.chunk WHERE job_id = j.id AND state = 'planned')
       OR EXISTS (SELECT FROM speeko.chunk WHERE job_id = j.id AND state = 'synthesizing'),
       coalesce(mine.calls, 0), coalesce(others.texts, 0), coalesce(failed.texts, 0), d.chunks, d.since,
       a.name, a."limit", coalesce(a.held, 0), a.blocked_until, a.moved_why, a.trouble_since, a.trouble_at,
       a.trouble_kind, a.trouble_why, a.probe_at, a.good_run, a.calls_a_minute, a.chars_a_minute, a.calls_left,
       a.chars_left
FROM j
LEFT JOIN mine ON mine.job_id = j.id
LEFT JOIN others ON others.job_id = j.id
LEFT JOIN failed ON failed.job_id = j.id
LEFT JOIN LATERAL (
    SELECT count(*) AS engines, sum(p.held)::int AS held FROM (
        SELECT DISTINCT claimant_id FROM (
            SELECT claimant_id FROM speeko.chunk WHERE job_id = j.id AND state = 'synthesizing' LIMIT %(most)s
        ) c
    ) c JOIN speeko.claimant e ON e.id = c.claimant_id AND e.lease_until > clock_timestamp()
    LEFT JOIN speeko.permit p ON p.claimant_id = e.id AND p.until > clock_timestamp()
) e ON j.runs
LEFT JOIN LATERAL (
    SELECT count(*) AS chunks, min(ready_at) AS since FROM (
        SELECT ready_at FROM speeko.chunk WHERE job_id = j.id AND state = 'ready' LIMIT %(most)s
    ) c
) d ON true
LEFT JOIN LATERAL (
    SELECT a.*, p.held FROM speeko.account a LEFT JOIN LATERAL (
        SELECT sum(held)::int AS held FROM speeko.permit WHERE account = a.name AND until > clock_timestamp()
    ) p ON true
    WHERE speeko.uses(j.spec, a.name)
    ORDER BY p.held IS NULL, a.trouble_since IS NOT NULL, a.moved_at DESC LIMIT 1
) a ON true
