-- chunk_for_delivery: a chunk that is ready, or was delivered already
SELECT state, first_row, last_row, unchanged FROM speeko.chunk WHERE job_id = %(job)s AND no = %(no)s

-- utterances_settled: what deliver needs to know of keys that Redis does not know
SELECT key, state, bytes, millis, bought_job, bought_row, (extract(epoch FROM settled_at) * 1000)::bigint, cost_micros,
       reason
FROM speeko.utterance WHERE key = ANY(%(keys)b::bytea[])

-- delivered_put: what a destination holds now
INSERT INTO speeko.delivered AS d
    (destination_id, path, content, job_id, bytes, millis, source, voice, language, engine, form)
SELECT %(destination)s, n.path, n.content, %(job)s, n.bytes, n.millis, n.source, n.voice, n.language,
       %(engine)s, %(form)s
FROM unnest(%(paths)b::text[], %(contents)b::bytea[], %(bytes)b::bigint[], %(millis)b::bigint[],
            %(sources)b::bigint[], %(voices)b::text[], %(languages)b::text[])
     AS n (path, content, bytes, millis, source, voice, language)
ORDER BY n.path
ON CONFLICT (destination_id, path) DO UPDATE
SET content = excluded.content, job_id = excluded.job_id, bytes = excluded.bytes, millis = excluded.millis,
    source = excluded.source, voice = excluded.voice, language = excluded.language, engine = excluded.engine,
    form = excluded.form

-- delivered_some: a few of the paths that a destination should hold
SELECT path FROM speeko.delivered WHERE destination_id = %(destination)s ORDER BY path LIMIT %(most)s

-- destination_reports: whether a job of this destination has come to its end, and so has written its reports
SELECT 1 FROM speeko.job
WHERE destination_id = %(destination)s AND finished_at IS NOT NULL AND released_at IS NOT NULL
ORDER BY destination_id, id LIMIT 1

-- chunk_back: a chunk whose audio was gone goes through synthesis again
UPDATE speeko.chunk SET state = 'planned', queued_at = NULL, claimant_id = NULL
WHERE job_id = %(job)s AND no = %(no)s AND (state = 'ready' OR state = 'synthesizing' AND claimant_id = %(claimant)s)

-- chunk_hold: a chunk that could not be delivered now waits as ready, in no engine's hands
UPDATE speeko.chunk SET state = 'ready', missing = 0, ready_at = clock_timestamp(), claimant_id = NULL
WHERE job_id = %(job)s AND no = %(no)s
  AND (state = 'ready' OR state = 'synthesizing' AND claimant_id = %(claimant)s)

-- chunk_quiet: files that stay below the wanted loudness, made in a turn that did not finish the chunk
UPDATE speeko.chunk
SET counts = counts || jsonb_build_object('quiet', coalesce((counts->>'quiet')::bigint, 0) + %(files)s::bigint)
WHERE job_id = %(job)s AND no = %(no)s

-- chunk_delivered: once only, by whoever finds it ready or by the engine that has it; the counts go to the job.
-- "quiet" adds up over the turns and retries of the chunk: each file is made in one of them
WITH old AS (
    SELECT job_id, no, saved FROM speeko.chunk
    WHERE job_id = %(job)s AND no = %(no)s
      AND (state = 'ready' OR state = 'synthesizing' AND claimant_id = %(claimant)s)
    FOR NO KEY UPDATE
), done AS (
    UPDATE speeko.chunk c SET state = 'delivered', delivered_at = clock_timestamp(), claimant_id = NULL,
           counts = %(counts)s::jsonb || CASE WHEN c.counts ? 'quiet' THEN jsonb_build_object(
               'quiet', (c.counts->>'quiet')::bigint + coalesce((%(counts)s::jsonb->>'quiet')::bigint, 0)
           ) ELSE '{}' END, saved = %(saved)s
    FROM old WHERE c.job_id = old.job_id AND c.no = old.no
    RETURNING c.job_id, old.saved
)
UPDATE speeko.job j
SET chunks_open = j.chunks_open - 1, delivered = j.delivered + %(delivered)s,
    unchanged = j.unchanged + %(unchanged)s, failed = j.failed + %(failed)s, refused = j.refused + %(refused)s,
    state = CASE WHEN j.chunks_open = 1 AND j.state IN ('running', 'paused') THEN 'finalizing'
                 ELSE j.state END,
    finished_at = CASE WHEN j.chunks_open = 1 THEN coalesce(j.finished_at, clock_timestamp()) ELSE j.finished_at END
FROM done WHERE j.id = done.job_id
RETURNING j.state, j.chunks_open, done.saved

-- costs_saved: what the rows of a chunk did not cost, by where their audio came from
INSERT INTO speeko.cost_daily AS d (tenant, day, provider, voice, source, requests, chars, saved_micros)
SELECT %(tenant)s, (clock_timestamp() AT TIME ZONE 'UTC')::date, %(provider)s, n.voice, n.source,
       n.requests, n.chars, n.saved
FROM unnest(%(voices)s::text[], %(sources)s::text[], %(requests)b::bigint[], %(chars)b::bigint[],
            %(saved)b::bigint[]) AS n (voice, source, requests, chars, saved)
ORDER BY n.voice, n.source
ON CONFLICT (tenant, day, provider, voice, source) DO UPDATE
SET requests = d.requests + excluded.requests, chars = d.chars + excluded.chars,
    saved_micros = d.saved_micros + excluded.saved_micros

-- chunks_delivered: the next chunks of a job that are delivered, in order, and whether some of their rows failed
SELECT no, first_row, last_row, unchanged, (counts->>'failed')::bigint + (counts->>'refused')::bigint > 0
FROM speeko.chunk WHERE job_id = %(job)s AND state = 'delivered' AND no > %(after)s ORDER BY no
LIMIT %(limit)s

-- utterance_sums: what was stored under these keys
SELECT key, sha256, fence, format FROM speeko.utterance WHERE key = ANY(%(keys)b::bytea[]) AND sha256 IS NOT NULL

-- delivered_since: paths of a destination at which this job or a later one has put something
SELECT d.path
FROM unnest(%(paths)b::text[]) AS n (path)
CROSS JOIN LATERAL (
    SELECT path, job_id FROM speeko.delivered
    WHERE destination_id = %(destination)s AND path = n.path
    OFFSET 0
) d
WHERE d.job_id >= %(job)s

-- delivered_forget: files that left the catalog are gone; those that a job has put there since stay
DELETE FROM speeko.delivered
WHERE destination_id = %(destination)s AND path = ANY(%(paths)b::text[]) AND job_id < %(job)s

-- delivered_copies: files that are the audio of some keys as it was bought
SELECT d.content, d.destination_id, x.url, x.mark, d.path
FROM unnest(%(keys)b::bytea[]) AS k (key) JOIN speeko.delivered d ON d.content = k.key
JOIN speeko.destination x ON x.id = d.destination_id

-- delivered_outdate: these files are no content that a row can ask for any more, if they are what they were
UPDATE speeko.delivered SET content = '', form = %(why)s
WHERE ctid = ANY(ARRAY(
    SELECT d.place FROM unnest(%(paths)b::text[], %(contents)b::bytea[]) AS n (path, content)
    CROSS JOIN LATERAL (
        SELECT ctid AS place, content FROM speeko.delivered
        WHERE destination_id = %(destination)s AND path = n.path
        OFFSET 0
    ) d
    WHERE d.content = n.content
))
