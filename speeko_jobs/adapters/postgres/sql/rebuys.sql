-- rebuy_of_job: the keys of a job's rows, all or of one by its number or its id
SELECT DISTINCT k.key
FROM speeko.item i CROSS JOIN LATERAL unnest(i.keys) AS k (key)
WHERE i.job_id = %(job)s AND NOT i.skipped AND (%(row)s::bigint IS NULL OR i.row_no = %(row)s)
  AND (%(id)s::text IS NULL OR i.row_id = %(id)s)
ORDER BY 1

-- rebuy_of_voice: the keys of a voice's audio that was bought in some days
SELECT key FROM speeko.utterance
WHERE voice = %(voice)s AND (%(provider)s::text IS NULL OR provider = %(provider)s)
  AND (state = 'done' OR quarantined_at IS NOT NULL)
  AND settled_at >= %(since)s::timestamptz AND (%(until)s::timestamptz IS NULL OR settled_at < %(until)s)
ORDER BY key

-- rebuy_texts: of these keys, those with audio, and those whose audio was taken from them: as they are now
SELECT u.key, u.fence, u.provider, u.model, u.voice, u.language, u.format, u.chars,
       (SELECT spec FROM speeko.job WHERE id = u.bought_job), u.bought_job
FROM speeko.utterance u
WHERE u.key = ANY(%(keys)b::bytea[])
  AND (u.state = 'done' OR (u.state IN ('missing', 'failed') AND u.quarantined_at IS NOT NULL))
ORDER BY u.key

-- rebuy_mark: texts that a job buys again are missing from now on, at today's price. Their objects stay until
-- others take their place: `kept` says that there is one
WITH chosen AS MATERIALIZED (
    SELECT u.key, u.state, n.cost
    FROM unnest(%(keys)b::bytea[], %(fences)b::int[], %(costs)b::bigint[]) AS n (key, fence, cost)
    JOIN speeko.utterance u ON u.key = n.key AND u.fence = n.fence
    WHERE u.state IN ('done', 'missing', 'failed')
    ORDER BY u.key FOR NO KEY UPDATE OF u
), noted AS (
    INSERT INTO speeko.rebuy (key, job_id, kept) SELECT key, %(job)s, state = 'done' FROM chosen
    ON CONFLICT (key) DO UPDATE SET job_id = excluded.job_id, kept = excluded.kept
)
UPDATE speeko.utterance u
SET state = 'missing', reason = %(reason)s, tries = 0, bad = 0, cost_micros = chosen.cost,
    idempotency_no = u.idempotency_no + 1  -- its old key may bring the old audio
FROM chosen WHERE u.key = chosen.key

-- rebuy_outdate: files that are made of these keys, or were by rows that are still known, are delivered anew
WITH chosen AS MATERIALIZED (
    SELECT DISTINCT key FROM unnest(%(keys)b::bytea[]) AS k (key)
), files AS (
    SELECT d.destination_id, d.path FROM speeko.delivered d JOIN chosen c ON c.key = d.content
    UNION
    SELECT j.destination_id, i.path
    FROM speeko.item i CROSS JOIN LATERAL unnest(i.keys) AS k (key)
    JOIN chosen c ON c.key = k.key JOIN speeko.job j ON j.id = i.job_id
    WHERE i.path IS NOT NULL AND NOT i.skipped
), outdated AS (
    UPDATE speeko.delivered d SET content = '', form = %(why)s
    FROM files f WHERE d.destination_id = f.destination_id AND d.path = f.path
    RETURNING d.destination_id, d.job_id
)
SELECT DISTINCT ON (x.url) x.url, count(*), max(o.job_id)  -- an output that was emptied is several: the last is there
FROM outdated o JOIN speeko.destination x ON x.id = o.destination_id
GROUP BY x.id, x.url ORDER BY x.url, max(o.job_id) DESC

-- rebuy_old: of these keys, the sums of old audio that may still lie in the store
SELECT u.key, u.sha256 FROM speeko.rebuy r JOIN speeko.utterance u ON u.key = r.key
WHERE r.key = ANY(%(keys)b::bytea[]) AND r.kept AND u.sha256 IS NOT NULL

-- rebuy_lock: the texts that a job has not bought again, held still; whoever needs one has said so by then
SELECT u.key FROM speeko.rebuy r JOIN speeko.utterance u ON u.key = r.key
WHERE r.job_id = %(job)s AND r.kept AND u.state IN ('missing', 'failed')
ORDER BY u.key FOR NO KEY UPDATE OF u

-- rebuy_restore: those of them that nobody waits for have their old audio again; why they failed stays on record
WITH old AS MATERIALIZED (
    SELECT u.key, u.state, u.reason FROM speeko.utterance u
    WHERE u.key = ANY(%(keys)b::bytea[]) AND u.state IN ('missing', 'failed')
      AND NOT EXISTS (SELECT FROM speeko.need n WHERE n.key = u.key)
), told AS (
    UPDATE speeko.job SET reasons = (
        SELECT jsonb_object_agg(reason, n) FROM (
            SELECT reason, count(*) AS n FROM old WHERE state = 'failed' GROUP BY reason) s)
    WHERE id = %(job)s AND EXISTS (SELECT FROM old WHERE state = 'failed')
)
UPDATE speeko.utterance u
SET state = 'done', reason = '', tries = 0, bad = 0, settled_at = coalesce(u.settled_at, u.created_at)
FROM old WHERE u.key = old.key

-- rebuy_over: nothing is to be said of a job's texts any more
DELETE FROM speeko.rebuy WHERE job_id = %(job)s
