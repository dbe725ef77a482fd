-- windows_lock: the windows of some voices, held still while refusals are judged
SELECT w.account, w.model, w.voice, w.refused, w.tripped_at IS NOT NULL
FROM unnest(%(accounts)s::text[], %(models)s::text[], %(voices)s::text[]) AS n (account, model, voice)
JOIN speeko.audio_window w USING (account, model, voice)
ORDER BY w.account, w.model, w.voice FOR UPDATE OF w

-- windows_open: calls of a voice that are under way, begun between two others
SELECT a.id
FROM speeko.permit p CROSS JOIN LATERAL (
    SELECT id, key FROM speeko.attempt WHERE claimant_id = p.claimant_id AND state = 'sending' OFFSET 0
) a CROSS JOIN LATERAL (SELECT model, voice FROM speeko.utterance WHERE key = a.key OFFSET 0) u
WHERE p.account = %(account)s AND a.id > %(after)s AND a.id < %(before)s
  AND u.model = %(model)s AND u.voice = %(voice)s

-- windows_add: paid answers of some voices are judged: the last ones, oldest first, and counts since the trial began.
-- A good answer ends a run of refusals.
INSERT INTO speeko.audio_window AS w (account, model, voice, recent, answers, bad, wasted_micros, samples)
SELECT n.account, n.model, n.voice, n.recent, n.answers, n.bad, n.wasted, n.samples::jsonb
FROM unnest(%(accounts)s::text[], %(models)s::text[], %(voices)s::text[], %(recents)s::text[],
            %(answers)b::bigint[], %(bads)b::bigint[], %(wasted)b::bigint[], %(samples)s::text[])
     AS n (account, model, voice, recent, answers, bad, wasted, samples)
ORDER BY n.account, n.model, n.voice
ON CONFLICT (account, model, voice) DO UPDATE
SET recent = right(w.recent || excluded.recent, %(window)s::int), answers = w.answers + excluded.answers,
    bad = w.bad + excluded.bad, wasted_micros = w.wasted_micros + excluded.wasted_micros,
    samples = CASE WHEN excluded.bad > 0 THEN excluded.samples ELSE w.samples END,
    refused = CASE WHEN excluded.answers > excluded.bad THEN '[]' ELSE w.refused END
RETURNING account, model, voice, recent, answers, wasted_micros, samples, tripped_at IS NOT NULL

-- windows_refused: refusals of some voices since their last success
INSERT INTO speeko.audio_window AS w (account, model, voice, refused)
SELECT n.account, n.model, n.voice, n.refused::jsonb
FROM unnest(%(accounts)s::text[], %(models)s::text[], %(voices)s::text[], %(refused)s::text[])
     AS n (account, model, voice, refused)
ORDER BY n.account, n.model, n.voice
ON CONFLICT (account, model, voice) DO UPDATE SET refused = excluded.refused

-- window_trip: nothing more is bought of this voice until a person, or a later job, begins a new trial
INSERT INTO speeko.audio_window AS w (account, model, voice, tripped_at, reason)
VALUES (%(account)s, %(model)s, %(voice)s, clock_timestamp(), %(reason)s)
ON CONFLICT (account, model, voice) DO UPDATE SET tripped_at = excluded.tripped_at, reason = excluded.reason
WHERE w.tripped_at IS NULL
RETURNING account

-- windows_try: a job that was made well after the voices it wants were stopped begins a new trial of them
UPDATE speeko.audio_window w
SET recent = '', answers = 0, bad = 0, wasted_micros = 0, samples = '[]', refused = '[]', tripped_at = NULL, reason = ''
FROM speeko.job j
WHERE j.id = %(job)s AND w.account = %(account)s AND w.tripped_at IS NOT NULL
  AND w.tripped_at < j.created_at - make_interval(secs => %(seconds)s)
  AND EXISTS (SELECT FROM speeko.utterance u
              WHERE u.key = ANY(%(keys)b::bytea[]) AND u.model = w.model AND u.voice = w.voice)
RETURNING w.voice

-- windows_resume: the voices for which this job was paused begin a new trial; the job is locked first. Its reason goes
-- on behind that of the window where the voice was stopped before the job was made
WITH j AS (
    SELECT reason FROM speeko.job WHERE id = %(job)s AND state = 'paused' FOR NO KEY UPDATE
)
UPDATE speeko.audio_window w
SET recent = '', answers = 0, bad = 0, wasted_micros = 0, samples = '[]', refused = '[]', tripped_at = NULL, reason = ''
FROM j WHERE w.tripped_at IS NOT NULL AND w.reason <> '' AND starts_with(j.reason, w.reason)

-- bad_spared: texts that a job paused for waste has failed by bad audio are free again, with all their tries
UPDATE speeko.utterance u SET state = 'missing', tries = 0, bad = 0, reason = %(reason)s, settled_at = NULL
FROM (SELECT DISTINCT a.key FROM speeko.attempt a
      WHERE a.job_id = %(job)s AND a.state IN ('bad', 'unknown')
        AND (SELECT state = 'paused' AND reason LIKE 'waste: %%' FROM speeko.job WHERE id = %(job)s)) k
WHERE u.key = k.key AND u.state = 'failed'

-- windows_samples: what was wrong with the last bad answers of the voices that some keys want
SELECT w.samples FROM speeko.audio_window w
WHERE w.account = %(account)s
  AND EXISTS (SELECT FROM speeko.utterance u
              WHERE u.key = ANY(%(keys)b::bytea[]) AND u.model = w.model AND u.voice = w.voice)

-- windows_show: every voice that has answered
SELECT account, model, voice, recent, answers, bad, wasted_micros, reason,
       coalesce(extract(epoch FROM clock_timestamp() - tripped_at), 0)::float8
FROM speeko.audio_window ORDER BY account, model, voice

-- window_rows: the ids of some rows, where their rows are still there, and whether they are delivered
SELECT n.job, n.row_no, i.row_id, i.path, c.state = 'delivered'
FROM unnest(%(jobs)b::bigint[], %(rows)b::bigint[]) AS n (job, row_no)
CROSS JOIN LATERAL (
    SELECT row_id, path FROM speeko.item WHERE job_id = n.job AND row_no = n.row_no OFFSET 0
) i
CROSS JOIN LATERAL (
    SELECT state FROM speeko.chunk
    WHERE job_id = n.job AND no = (
        SELECT no FROM speeko.chunk WHERE job_id = n.job AND first_row <= n.row_no AND last_row >= n.row_no LIMIT 1
    ) OFFSET 0
) c

-- refusals_spared: texts that a run of refusals has failed are free again
UPDATE speeko.utterance SET state = 'missing', reason = %(reason)s, settled_at = NULL
WHERE key = ANY(%(keys)b::bytea[]) AND state = 'failed'

-- sounds_shared: other texts with the very bytes that were just stored
SELECT s.sha256, u.key, u.text, u.language, u.bought_job, u.bought_row
FROM unnest(%(hashes)b::bytea[], %(keys)b::bytea[]) AS s (sha256, key)
CROSS JOIN LATERAL (
    SELECT key, text, language, bought_job, bought_row FROM speeko.utterance
    WHERE sha256 = s.sha256 AND state = 'done' LIMIT 50 OFFSET 0
) u
WHERE u.key <> s.key

-- sounds_quarantine: texts with audio that is not theirs are missing for everybody; their objects are due to go
WITH found AS MATERIALIZED (
    SELECT k.key FROM unnest(%(hashes)b::bytea[]) AS s (sha256)
    CROSS JOIN LATERAL (
        SELECT key FROM speeko.utterance WHERE sha256 = s.sha256 AND state = 'done' LIMIT %(most)s OFFSET 0
    ) k
), chosen AS MATERIALIZED (
    SELECT u.key, u.fence, u.format, u.bought_job, u.bought_row, u.cost_micros,
           coalesce(j.spec->>'store', '') AS store
    FROM found JOIN speeko.utterance u USING (key) LEFT JOIN speeko.job j ON j.id = u.bought_job
    WHERE u.state = 'done'
    ORDER BY u.key FOR NO KEY UPDATE OF u
), due AS (
    INSERT INTO speeko.evicted (key, fence, format, store)
    SELECT key, fence, format, store FROM chosen
    ON CONFLICT (key) DO UPDATE SET fence = excluded.fence, store = excluded.store
), wasted AS (
    UPDATE speeko.job j SET wasted_micros = j.wasted_micros + s.micros
    FROM (SELECT bought_job, sum(cost_micros) AS micros FROM chosen GROUP BY 1) s
    WHERE j.id = s.bought_job AND j.id = ANY(%(jobs)b::bigint[])
)
UPDATE speeko.utterance u
SET state = 'missing', reason = %(reason)s, quarantined_at = clock_timestamp(),
    idempotency_no = u.idempotency_no + 1  -- its old key may bring the old audio
FROM chosen WHERE u.key = chosen.key
RETURNING u.key, chosen.bought_job, chosen.bought_row
