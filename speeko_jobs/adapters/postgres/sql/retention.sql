-- ledger_open: partitions of the ledger for this month and the coming ones, where they are missing
SELECT speeko.ledger_open(%(ahead)s)

-- ledger_old: months of the ledger that ended before one, in which no job that keeps its rows has a call
WITH month AS MATERIALIZED (
    SELECT m.name, m.begins AT TIME ZONE 'UTC' AS begins,
           (m.begins + interval '1 month') AT TIME ZONE 'UTC' AS ends
    FROM (SELECT c.relname AS name, to_date(right(c.relname, 7), 'YYYY_MM')::timestamp AS begins
          FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
          WHERE i.inhparent = 'speeko.attempt'::regclass AND c.relname ~ '^attempt_[0-9]{4}_[0-9]{2}$') m
), old AS MATERIALIZED (
    SELECT * FROM month WHERE ends <= clock_timestamp() - make_interval(secs => %(seconds)s)
)
SELECT name FROM old
WHERE NOT EXISTS (SELECT FROM speeko.attempt a
                  WHERE a.state = 'sending' AND a.at >= old.begins AND a.at < old.ends)
  AND NOT EXISTS (
      SELECT FROM speeko.job j CROSS JOIN LATERAL (
          SELECT FROM speeko.attempt a
          WHERE a.job_id = j.id AND a.at >= old.begins AND a.at < old.ends LIMIT 1
      ) a
      WHERE j.pruned_at IS NULL AND j.id <> ALL(%(besides)b::bigint[]))
ORDER BY name

-- ledger_patience: adding up a month of the ledger may take its time
SELECT set_config('statement_timeout', '0', true)

-- ledger_drop: a month of the ledger goes, unless somebody holds it; its sums by job stay
SELECT speeko.ledger_drop(%(name)s)

-- ledger_clear: of a page of calls that lie in no month's partition, those of old months and pruned jobs go
WITH page AS MATERIALIZED (
    SELECT id, at, job_id, state FROM speeko.attempt_other
    WHERE (at, id) > (%(at)s::timestamptz, %(id)s::bigint)
      AND at < date_trunc('month', (clock_timestamp() - make_interval(secs => %(seconds)s)) AT TIME ZONE 'UTC')
               AT TIME ZONE 'UTC'
    ORDER BY at, id LIMIT %(most)s
), gone AS (
    DELETE FROM speeko.attempt_other a USING page p
    WHERE a.id = p.id AND a.at = p.at AND p.state <> 'sending'
      AND NOT EXISTS (SELECT FROM speeko.job j WHERE j.id = p.job_id AND j.pruned_at IS NULL OFFSET 0)
    RETURNING a.job_id, a.state, coalesce(a.settled_at, a.at) AS at, a.provider, a.chars, a.cost_micros
), kept AS (
    INSERT INTO speeko.job_cost AS k (job_id, day, provider, source, requests, chars, micros)
    SELECT job_id, (at AT TIME ZONE 'UTC')::date, provider,
           CASE state WHEN 'stored' THEN 'synthesized' ELSE state END, count(*), sum(chars), sum(cost_micros)
    FROM gone WHERE state IN ('stored', 'bad', 'unknown') GROUP BY 1, 2, 3, 4
    ON CONFLICT (job_id, day, provider, source) DO UPDATE
    SET requests = k.requests + excluded.requests, chars = k.chars + excluded.chars,
        micros = k.micros + excluded.micros
)
SELECT p.at, p.id, (SELECT count(*) FROM gone) FROM page p ORDER BY p.at DESC, p.id DESC LIMIT 1

-- prune_due: jobs that ended before a time, their files written and their uses counted (or to be, for a look)
SELECT j.id, (SELECT count(*) FROM speeko.item i WHERE %(count)s AND i.job_id = j.id)
FROM speeko.job j
WHERE j.pruned_at IS NULL AND (%(count)s OR j.uncounted_row IS NULL) AND j.chunks_open = 0
  AND (j.state IN ('done', 'done_with_errors') OR j.state = 'cancelled' AND (j.finalized OR j.chunks = 0))
  AND j.finished_at < clock_timestamp() - make_interval(secs => %(seconds)s)
  AND (%(tenant)s::text IS NULL OR j.tenant = %(tenant)s)
ORDER BY j.id

-- prune_begin: nobody may need this job's rows from now on; not one that a retry has begun again
UPDATE speeko.job SET pruned_at = clock_timestamp()
WHERE id = %(job)s AND pruned_at IS NULL AND chunks_open = 0
  AND state IN ('done', 'done_with_errors', 'cancelled')
RETURNING id

-- prune_begun: jobs whose rows or parts are not all gone yet
SELECT id FROM speeko.job WHERE pruned_at IS NOT NULL AND NOT emptied ORDER BY id

-- prune_hold: a job that is being pruned, held still; no row once it is empty
SELECT failed > 0, spec->>'store' FROM speeko.job
WHERE id = %(job)s AND pruned_at IS NOT NULL AND NOT emptied
FOR NO KEY UPDATE

-- prune_chunks: some chunks of a held job go, and what they had counted is added up; how many
WITH page AS MATERIALIZED (
    SELECT no FROM speeko.chunk WHERE job_id = %(job)s ORDER BY no LIMIT %(most)s
), unmet AS (
    DELETE FROM speeko.need n USING page WHERE n.job_id = %(job)s AND n.chunk_no = page.no
), gone AS (
    DELETE FROM speeko.chunk c USING page WHERE c.job_id = %(job)s AND c.no = page.no
    RETURNING c.counts, c.saved, c.unchanged, (c.delivered_at AT TIME ZONE 'UTC')::date AS day
), kept AS (
    INSERT INTO speeko.job_cost AS k (job_id, day, provider, source, requests, chars, saved_micros)
    SELECT j.id, gone.day, j.spec->>'provider', s.source, sum(s.requests), sum(s.chars), sum(s.micros)
    FROM speeko.job j CROSS JOIN gone CROSS JOIN LATERAL (
        SELECT e->>1 AS source, (e->>2)::bigint AS requests, (e->>3)::bigint AS chars, (e->>4)::bigint AS micros
        FROM jsonb_array_elements(gone.saved) AS e
        UNION ALL
        SELECT 'unchanged', (gone.unchanged->>'unchanged')::bigint, (gone.unchanged->>'chars')::bigint,
               (gone.unchanged->>'list_micros')::bigint
        WHERE gone.unchanged <> '{}'
    ) s
    WHERE j.id = %(job)s AND gone.day IS NOT NULL GROUP BY 1, 2, 3, 4
    ON CONFLICT (job_id, day, provider, source) DO UPDATE
    SET requests = k.requests + excluded.requests, chars = k.chars + excluded.chars,
        saved_micros = k.saved_micros + excluded.saved_micros
), counted AS (
    SELECT jsonb_object_agg(name, n) AS sums FROM (
        SELECT name, sum(n) AS n FROM (
            SELECT e.name, e.value::bigint AS n FROM gone CROSS JOIN LATERAL jsonb_each_text(counts) e (name, value)
            UNION ALL
            SELECT e.name, e.value::bigint FROM speeko.job j CROSS JOIN LATERAL jsonb_each_text(j.sums) e (name, value)
            WHERE j.id = %(job)s
        ) each GROUP BY name
    ) total
)
UPDATE speeko.job SET sums = coalesce(counted.sums, '{}')
FROM counted WHERE id = %(job)s AND EXISTS (SELECT FROM gone)
RETURNING (SELECT count(*) FROM gone)

-- prune_rows: a range of a held job's rows goes, and why some had failed is added up; how many, what comes next
WITH gone AS (
    DELETE FROM speeko.item WHERE job_id = %(job)s AND row_no >= %(first)s AND row_no < %(end)s
    RETURNING row_no, keys, kept, skipped, error
), failed AS MATERIALIZED (
    SELECT error AS reason FROM gone WHERE error IS NOT NULL AND NOT skipped
    UNION ALL
    SELECT reason FROM (
        SELECT DISTINCT ON (g.row_no) u.reason
        FROM gone g CROSS JOIN LATERAL unnest(g.keys) WITH ORDINALITY AS k (key, place)
        JOIN speeko.utterance u ON u.key = k.key
        WHERE %(has_failed)s AND NOT g.kept AND u.state = 'failed'
        ORDER BY g.row_no, k.place
    ) first
), counted AS (
    SELECT jsonb_object_agg(reason, n) AS reasons FROM (
        SELECT reason, sum(n) AS n FROM (
            SELECT reason, 1::bigint AS n FROM failed
            UNION ALL
            SELECT e.name, e.value::bigint
            FROM speeko.job j CROSS JOIN LATERAL jsonb_each_text(j.reasons) e (name, value) WHERE j.id = %(job)s
        ) each
        GROUP BY reason ORDER BY 2 DESC, 1 LIMIT %(most_reasons)s
    ) total
), kept AS (
    UPDATE speeko.job SET reasons = counted.reasons
    FROM counted WHERE id = %(job)s AND EXISTS (SELECT FROM failed)
)
SELECT (SELECT count(*) FROM gone),
       (SELECT min(row_no) FROM speeko.item WHERE job_id = %(job)s AND row_no >= %(end)s)

-- prune_end: nothing is left of a job but its own row
UPDATE speeko.job SET emptied = true WHERE id = %(job)s

-- prune_asked: whether a job's rows are gone, or going
SELECT 1 FROM speeko.job WHERE id = %(job)s AND pruned_at IS NOT NULL
