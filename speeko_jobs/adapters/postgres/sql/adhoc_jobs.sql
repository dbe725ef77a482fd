-- say_begin: the job of one spoken text runs: it has no chunks, the command itself makes its calls. It is listed,
-- and can be found, by its name
WITH begun AS (
    UPDATE speeko.job
    SET state = 'running', released_at = clock_timestamp(), rows = 1, plan = %(plan)s,
        files = jsonb_build_array(jsonb_build_object('name', %(name)s::text, 'first_row', 1))
    WHERE id = %(job)s AND state = 'planning'
    RETURNING id
)
UPDATE speeko.job_words w SET words = concat_ws(' ', w.words, lower(%(name)s::text))
FROM begun WHERE w.job_id = begun.id

-- say_alive: the command lives, and so does its job
UPDATE speeko.job SET submitter_until = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE id = %(job)s

-- say_end: the text was spoken, or it was not; what a person has cancelled stays cancelled
UPDATE speeko.job
SET state = CASE WHEN state = 'cancelled' THEN state ELSE %(state)s END, reason = %(reason)s,
    delivered = %(delivered)s, failed = 1 - %(delivered)s, finished_at = clock_timestamp(), finalized = true
WHERE id = %(job)s AND state IN ('running', 'paused', 'cancelled')

-- says_bury: commands that died without a word
UPDATE speeko.job
SET state = 'done_with_errors', reason = 'the command died', failed = 1, finished_at = clock_timestamp(),
    finalized = true
WHERE state IN ('running', 'paused') AND plan ? 'say' AND submitter_until < clock_timestamp()

-- say_revive: texts that failed for others before are tried again
WITH old AS (
    SELECT key FROM speeko.utterance
    WHERE key = ANY(%(keys)b::bytea[]) AND state = 'failed' ORDER BY key FOR NO KEY UPDATE
)
UPDATE speeko.utterance u SET state = 'missing', tries = 0, bad = 0, reason = '', settled_at = NULL
FROM old WHERE u.key = old.key

-- say_lost: audio that should be in the store is not, or not whole
WITH lost AS (
    SELECT key FROM speeko.utterance
    WHERE key = ANY(%(keys)b::bytea[]) AND state = 'done' ORDER BY key FOR NO KEY UPDATE
)
UPDATE speeko.utterance u SET state = 'missing', reason = 'the audio was gone from the store', gone_at = clock_timestamp()
FROM lost WHERE u.key = lost.key

-- say_hits: texts that were there already
WITH hit AS (
    SELECT key FROM speeko.utterance WHERE key = ANY(%(keys)b::bytea[]) ORDER BY key FOR NO KEY UPDATE
)
UPDATE speeko.utterance u SET hits = u.hits + 1, last_hit = clock_timestamp()
FROM hit WHERE u.key = hit.key
