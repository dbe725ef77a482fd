-- cache_patience: this transaction sorts the whole cache: it may take its time, and some memory
SELECT set_config('statement_timeout', '0', true), set_config('work_mem', '64MB', true),
       set_config('idle_in_transaction_session_timeout', '10min', true)

-- cache_entries: what is stored: first what must stay, then by falling return on investment (core.policies.eviction_ranking)
WITH needed AS MATERIALIZED (
    SELECT DISTINCT k.key
    FROM speeko.job j JOIN speeko.item i ON i.job_id = j.id CROSS JOIN LATERAL unnest(i.keys) AS k (key)
    WHERE %(protect)s AND j.state NOT IN ('done', 'done_with_errors')
      AND (j.state <> 'cancelled' OR j.chunks_open > 0)
    UNION  -- a call whose end nobody knows may still bring audio
    SELECT key FROM speeko.attempt WHERE %(protect)s AND state = 'unknown'
), asked AS (  -- 32 bytes a key, one behind the other
    SELECT DISTINCT substring(%(keys)b::bytea FROM 32 * n + 1 FOR 32) AS key
    FROM generate_series(0, length(%(keys)b::bytea) / 32 - 1) AS n
)
SELECT u.key, u.fence, u.bytes, u.hits * u.cost_micros, n.key IS NOT NULL
FROM speeko.utterance u LEFT JOIN needed n USING (key) LEFT JOIN asked a USING (key)
WHERE u.state = 'done' AND (%(keys)b::bytea IS NULL OR a.key IS NOT NULL)
  AND (%(idle)s::float8 IS NULL
       OR (greatest(u.settled_at, u.last_hit) < statement_timestamp() - make_interval(secs => %(idle)s)
           AND u.hits <= %(hits)s))
ORDER BY n.key IS NULL,
         (u.hits + %(prior_hits)s) * u.cost_micros
         / (greatest(u.bytes, 1)
            * (extract(epoch FROM statement_timestamp() - u.created_at)::float8 + %(prior_seconds)s)) DESC,
         greatest(u.settled_at, u.last_hit) DESC, u.key

-- cache_since: the first job that a choice made now cannot know whole
SELECT least((SELECT min(id) FROM speeko.job WHERE state = 'planning'),
             (SELECT coalesce(max(id), 0) + 1 FROM speeko.job))

-- cache_mark: keys that go are missing from now on, unless somebody has come for them; their objects are due
WITH free AS (
    SELECT key, max(fence) AS fence FROM (
        SELECT key, fence FROM unnest(%(keys)b::bytea[], %(fences)b::int[]) AS c (key, fence)
        UNION ALL  -- each job since then is read once, whatever the number of keys
        SELECT unnest(i.keys), NULL
        FROM speeko.job n CROSS JOIN LATERAL (SELECT keys FROM speeko.item WHERE job_id = n.id OFFSET 0) i
        WHERE n.id >= %(since)s AND n.state NOT IN ('done', 'done_with_errors')
    ) k GROUP BY key HAVING count(*) = count(fence)
), chosen AS MATERIALIZED (
    SELECT u.key, u.fence, u.format, u.bytes, coalesce(j.spec->>'store', '') AS store
    FROM free JOIN speeko.utterance u ON u.key = free.key AND u.fence = free.fence
    LEFT JOIN speeko.job j ON j.id = u.bought_job
    WHERE u.state = 'done'
    ORDER BY u.key FOR NO KEY UPDATE OF u
), due AS (
    INSERT INTO speeko.evicted (key, fence, format, store)
    SELECT key, fence, format, store FROM chosen
    ON CONFLICT (key) DO UPDATE SET fence = excluded.fence, store = excluded.store
)
UPDATE speeko.utterance u SET state = 'missing', reason = %(reason)s, gone_at = clock_timestamp()
FROM chosen WHERE u.key = chosen.key
RETURNING u.key, chosen.bytes

-- cache_within: what is stored in ranges of keys, by the place of the range (from 0)
SELECT (n.place - 1)::int, u.key, u.fence, u.format, u.bytes, u.cost_micros, u.sha256
FROM unnest(%(least)b::bytea[], %(most)b::bytea[]) WITH ORDINALITY AS n (least, most, place)
CROSS JOIN LATERAL (
    SELECT key, fence, format, bytes, cost_micros, sha256 FROM speeko.utterance
    WHERE key BETWEEN n.least AND n.most AND state = 'done'
    OFFSET 0
) u

-- cache_lose: keys whose audio is gone from the store are missing for everybody, at today's price (-1: as it was).
-- Nothing is due to be deleted: the store may only be away
WITH chosen AS MATERIALIZED (
    SELECT u.key, u.fence, n.cost
    FROM unnest(%(keys)b::bytea[], %(fences)b::int[], %(costs)b::bigint[]) AS n (key, fence, cost)
    JOIN speeko.utterance u ON u.key = n.key AND u.fence = n.fence
    WHERE u.state = 'done'
    ORDER BY u.key FOR NO KEY UPDATE OF u
)
UPDATE speeko.utterance u
SET state = 'missing', reason = %(reason)s, gone_at = clock_timestamp(),
    cost_micros = coalesce(nullif(chosen.cost, -1), u.cost_micros)
FROM chosen WHERE u.key = chosen.key
RETURNING u.key, u.cost_micros

-- cache_missing: of these keys, those that are to be bought, for one of these reasons, and had audio once
SELECT key, fence, format, bytes, cost_micros, sha256 FROM speeko.utterance
WHERE key = ANY(%(keys)b::bytea[]) AND state IN ('missing', 'claimed') AND sha256 IS NOT NULL
  AND reason = ANY(%(reasons)s::text[])

-- cache_found_again: missing keys whose audio is in the store, byte for byte as it was bought, have it again
WITH found AS (
    SELECT key FROM speeko.utterance
    WHERE key = ANY(%(keys)b::bytea[]) AND state = 'missing' AND sha256 IS NOT NULL
      AND reason = ANY(%(reasons)s::text[])
    ORDER BY key FOR NO KEY UPDATE
), kept AS (  -- it is not to be deleted any more
    DELETE FROM speeko.evicted WHERE key = ANY(%(keys)b::bytea[])
)
UPDATE speeko.utterance u
SET state = 'done', reason = '', tries = 0, bad = 0, settled_at = coalesce(u.gone_at, u.created_at), gone_at = NULL
FROM found WHERE u.key = found.key
RETURNING u.key, u.bytes, u.millis, u.bought_job, u.bought_row,
          (extract(epoch FROM u.settled_at) * 1000)::bigint, u.cost_micros

-- cache_bought_into: the store that a text was bought into; "" where its job is gone
SELECT coalesce((SELECT spec->>'store' FROM speeko.job WHERE id = u.bought_job), '')
FROM speeko.utterance u WHERE u.key = %(key)b
-- cache_due: objects on their way out, in the order of their keys
SELECT key FROM speeko.evicted WHERE key > %(after)s ORDER BY key LIMIT %(most)s

-- cache_unclaimed: of these, those that nobody has claimed since, held still while their objects go
SELECT e.key, e.format, e.store
FROM speeko.evicted e JOIN speeko.utterance u ON u.key = e.key AND u.fence = e.fence
WHERE e.key = ANY(%(keys)b::bytea[]) AND u.state = 'missing'
ORDER BY u.key FOR NO KEY UPDATE OF u

-- cache_gone: these objects are out of the store, or somebody has bought them again
DELETE FROM speeko.evicted WHERE key = ANY(%(keys)b::bytea[])

-- cache_page: what is stored, in the order of its keys
SELECT u.key, u.fence, u.format, u.bytes, u.sha256, coalesce(j.spec->>'store', '')
FROM speeko.utterance u LEFT JOIN speeko.job j ON j.id = u.bought_job
WHERE u.state = 'done' AND u.key > %(after)s
ORDER BY u.key LIMIT %(most)s

-- cache_total: how much is stored
SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM speeko.utterance WHERE state = 'done'

-- cache_voices: what is stored by provider and voice, and what buying it again would cost
SELECT provider, voice, count(*), coalesce(sum(bytes), 0)::bigint, coalesce(sum(cost_micros), 0)::bigint
FROM speeko.utterance WHERE state = 'done'
GROUP BY provider, voice ORDER BY 4 DESC, 1, 2

-- cache_served: rows by provider, voice and where their audio came from, and what they did not cost
SELECT provider, voice, source, sum(requests)::bigint, sum(saved_micros)::bigint
FROM speeko.cost_daily
WHERE source IN ('synthesized', 'duplicate', 'coalesced', 'cache', 'unchanged')
GROUP BY provider, voice, source ORDER BY provider, voice, source

-- hits_without_rows: jobs that have ended and have no rows to count
UPDATE speeko.job j SET uncounted_row = NULL
WHERE uncounted_row IS NOT NULL AND state IN ('done', 'done_with_errors', 'cancelled') AND chunks_open = 0
  AND NOT EXISTS (SELECT FROM speeko.item i WHERE i.job_id = j.id)

-- hits_next: a job that has ended and whose uses are not all counted, held still
SELECT id, uncounted_row, finished_at FROM speeko.job
WHERE uncounted_row IS NOT NULL
  AND state IN ('done', 'done_with_errors', 'cancelled') AND chunks_open = 0
ORDER BY id LIMIT 1
FOR NO KEY UPDATE SKIP LOCKED

-- hits_add: each use of a key in these rows is a hit, but for the one that bought it; unchanged rows use none
WITH used AS (
    SELECT k.key, count(*) AS n
    FROM speeko.item i CROSS JOIN LATERAL unnest(i.keys) AS k (key)
    WHERE i.job_id = %(job)s AND i.row_no >= %(first)s AND i.row_no < %(end)s
      AND NOT i.skipped AND NOT i.kept AND i.error IS NULL
    GROUP BY k.key
), hit AS MATERIALIZED (
    SELECT u.key,
           used.n - (u.bought_job = %(job)s AND u.bought_row >= %(first)s AND u.bought_row < %(end)s)::int AS n
    FROM used JOIN speeko.utterance u USING (key)
    WHERE u.state = 'done'
    ORDER BY u.key FOR NO KEY UPDATE OF u
)
UPDATE speeko.utterance u SET hits = u.hits + hit.n, last_hit = greatest(u.last_hit, %(at)s)
FROM hit WHERE u.key = hit.key AND hit.n > 0

-- hits_counted: the uses in a job's rows before this one are counted; the next is NULL where none is left
UPDATE speeko.job
SET uncounted_row = (SELECT min(row_no) FROM speeko.item WHERE job_id = %(job)s AND row_no >= %(end)s)
WHERE id = %(job)s
