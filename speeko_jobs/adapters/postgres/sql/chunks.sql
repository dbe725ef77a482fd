-- chunks_let_in: mark the next chunks of running jobs as queued, at most `window` of a job at a time
WITH room AS (
    SELECT j.id, %(window)s::bigint - (
        SELECT count(*) FROM speeko.chunk c
        WHERE c.job_id = j.id AND c.queued_at IS NOT NULL AND c.state IN ('planned', 'synthesizing')
    ) AS free
    FROM speeko.job j
    WHERE j.state = 'running' AND (%(job)s::bigint IS NULL OR j.id = %(job)s)
), next AS (
    SELECT c.job_id, c.no
    FROM room CROSS JOIN LATERAL (
        SELECT job_id, no FROM speeko.chunk
        WHERE job_id = room.id AND state = 'planned' AND queued_at IS NULL
        ORDER BY no LIMIT greatest(room.free, 0)
        FOR UPDATE SKIP LOCKED
    ) c
)
UPDATE speeko.chunk c SET queued_at = clock_timestamp()
FROM next WHERE c.job_id = next.job_id AND c.no = next.no
RETURNING c.job_id, c.no

-- chunk_take: begin (or go on with) one chunk, unless a living engine works on it or its job does not run
UPDATE speeko.chunk c
SET state = 'synthesizing', claimant_id = %(claimant)s, attempt = c.attempt + 1,
    started_at = coalesce(c.started_at, clock_timestamp()), queued_at = coalesce(c.queued_at, clock_timestamp())
FROM speeko.job j
WHERE c.job_id = %(job)s AND c.no = %(no)s AND j.id = c.job_id AND j.state = 'running'
  AND c.state IN ('planned', 'synthesizing')
  AND NOT EXISTS (SELECT FROM speeko.claimant e
                  WHERE e.id = c.claimant_id AND e.lease_until > clock_timestamp())
RETURNING c.job_id, c.no, c.first_row, c.last_row, c.unchanged

-- chunk_waits_alone: whether a chunk is not begun, and no living engine works on its job
SELECT EXISTS (SELECT FROM speeko.chunk WHERE job_id = %(job)s AND no = %(no)s AND state = 'planned')
   AND NOT EXISTS (
       SELECT FROM speeko.chunk c JOIN speeko.claimant e ON e.id = c.claimant_id
       WHERE c.job_id = %(job)s AND c.state = 'synthesizing' AND e.lease_until > clock_timestamp())

-- chunk_next: take the chunk that is next in line: by priority, then the tenant, then the job, that has the
-- least under way for its weight; of jobs that may use the account (older ones name none), not of some jobs, and of
-- a least priority. Those that no message names come
-- before others, whose messages would stay behind in the broker
WITH next AS (
    SELECT j.id AS job_id, coalesce(fresh.no, named.no) AS no
    FROM speeko.job j LEFT JOIN LATERAL (
        SELECT no FROM speeko.chunk
        WHERE job_id = j.id AND state = 'planned' AND queued_at IS NULL
        ORDER BY no LIMIT 1
        FOR UPDATE SKIP LOCKED
    ) fresh ON true LEFT JOIN LATERAL (
        SELECT no FROM speeko.chunk
        WHERE job_id = j.id AND state = 'planned' AND fresh.no IS NULL
        ORDER BY no LIMIT 1
        FOR UPDATE SKIP LOCKED
    ) named ON true
    WHERE j.state = 'running' AND j.spec->>'provider' = %(provider)s AND coalesce(fresh.no, named.no) IS NOT NULL
      AND coalesce(nullif(j.spec->'accounts', '[]'), jsonb_build_array(%(account)s::text)) ? %(account)s::text
      AND j.id <> ALL(%(besides)b::bigint[]) AND j.priority >= coalesce(%(least)s, j.priority)
    ORDER BY j.priority DESC,
             (SELECT count(*) FROM speeko.job s JOIN speeko.chunk b ON b.job_id = s.id
              WHERE s.tenant = j.tenant AND s.state = 'running' AND b.state = 'synthesizing')
             / coalesce((SELECT weight FROM speeko.tenant t WHERE t.name = j.tenant), 1),
             (SELECT count(*) FROM speeko.chunk b WHERE b.job_id = j.id AND b.state = 'synthesizing'), j.id
    LIMIT 1
)
UPDATE speeko.chunk c
SET state = 'synthesizing', claimant_id = %(claimant)s, attempt = c.attempt + 1,
    started_at = clock_timestamp(), queued_at = coalesce(c.queued_at, clock_timestamp())
FROM next WHERE c.job_id = next.job_id AND c.no = next.no
RETURNING c.job_id, c.no, c.first_row, c.last_row, c.unchanged

-- chunk_spec: the spec of a job and who pays for it
SELECT j.spec, j.tenant, extract(epoch FROM j.released_at)::float8, j.destination_id, j.state, j.priority,
       coalesce(t.weight, 1), extract(epoch FROM clock_timestamp())::float8, j.reason
FROM speeko.job j LEFT JOIN speeko.tenant t ON t.name = j.tenant
WHERE j.id = %(job)s

-- chunk_items: the rows of a range, without those left out, each with what the destination holds at its path.
-- OFFSET 0 keeps the look-up a look-up: joined as a whole, it may read all that was ever delivered.
SELECT i.row_no, i.row_id, i.path, i.voice, i.language, i.chars, i.keys, i.error, i.source, i.source_sum, i.change,
       d.content, d.job_id, d.bytes, d.millis, i.content
FROM speeko.job j
JOIN speeko.item i ON i.job_id = j.id
LEFT JOIN LATERAL (
    SELECT content, job_id, bytes, millis FROM speeko.delivered
    WHERE destination_id = j.destination_id AND path = i.path
    OFFSET 0
) d ON true
WHERE j.id = %(job)s AND i.row_no BETWEEN %(first)s AND %(last)s AND NOT i.skipped
ORDER BY i.row_no

-- chunk_let_go: an engine leaves chunks that it cannot get on with for now
UPDATE speeko.chunk SET claimant_id = NULL
WHERE job_id = %(job)s AND no = ANY(%(nos)b::int[]) AND claimant_id = %(claimant)s AND state = 'synthesizing'

-- chunk_ready: a chunk of which everything was known at once; not where a window of the job is ready already
UPDATE speeko.chunk SET state = 'ready', missing = 0, ready_at = clock_timestamp()
WHERE job_id = %(job)s AND no = %(no)s AND state = 'synthesizing'
  AND (SELECT count(*) FROM (
           SELECT FROM speeko.chunk WHERE job_id = %(job)s AND state = 'ready' LIMIT %(window)s
       ) waiting) < %(window)s
RETURNING no

-- needs_revive: texts that failed before this job began get another chance
WITH old AS (
    SELECT key FROM speeko.utterance
    WHERE key = ANY(%(keys)b::bytea[]) AND state = 'failed'
      AND settled_at < (SELECT released_at FROM speeko.job WHERE id = %(job)s)
    ORDER BY key FOR NO KEY UPDATE
)
UPDATE speeko.utterance u SET state = 'missing', tries = 0, bad = 0, reason = '', settled_at = NULL
FROM old WHERE u.key = old.key

-- needs_lock: the state of a chunk's unknown keys, held still until this transaction ends
SELECT key, state, gone_at > (SELECT released_at FROM speeko.job WHERE id = %(job)s),
       bytes, millis, bought_job, bought_row, (extract(epoch FROM settled_at) * 1000)::bigint, cost_micros
FROM speeko.utterance
WHERE key = ANY(%(keys)b::bytea[])
ORDER BY key FOR SHARE

-- needs_add: this chunk waits for these keys; the chunk's count is what it waits for now
WITH waiting AS (
    UPDATE speeko.chunk
    SET missing = cardinality(%(keys)b::bytea[]),
        state = CASE WHEN cardinality(%(keys)b::bytea[]) = 0 THEN 'ready' ELSE state END,
        ready_at = CASE WHEN cardinality(%(keys)b::bytea[]) = 0 THEN clock_timestamp() END
    WHERE job_id = %(job)s AND no = %(no)s AND state = 'synthesizing'
    RETURNING job_id, no
)
INSERT INTO speeko.need (key, job_id, chunk_no)
SELECT k, waiting.job_id, waiting.no FROM waiting, unnest(%(keys)b::bytea[]) AS k
ON CONFLICT DO NOTHING

-- utterance_texts: the spoken texts of some keys
SELECT key, text FROM speeko.utterance WHERE key = ANY(%(keys)b::bytea[])
