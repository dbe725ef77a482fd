-- claim: claim keys that nobody has, reserve their cost while the caps allow, and write the intent to call;
-- of those whose last call failed at the provider at most so many as may be tried again now, of a voice that is
-- on trial at most so many at a time, and of one whose answers were bad none. Tries from before the job was
-- released or resumed last do not count, except where a worker died.
WITH j AS (
    SELECT id, tenant, coalesce(state_since, released_at) AS since,
           least(%(cap)s::bigint,
                 coalesce(budget_micros - spent_micros - reserved_micros - possible_micros,
                          9223372036854775807),
                 coalesce(waste_cap_micros - wasted_micros - reserved_micros, 9223372036854775807)) AS room
    FROM speeko.job
    WHERE id = %(job)s
      AND (state = 'running' OR (%(probe)s AND state = 'paused' AND starts_with(reason, 'outage: ')))
    FOR NO KEY UPDATE
), me AS (
    SELECT id FROM speeko.claimant
    WHERE id = %(claimant)s AND lease_until > clock_timestamp() AND EXISTS (SELECT FROM j)
    FOR SHARE
), open AS MATERIALIZED (
    SELECT u.key, u.cost_micros, w.row_no, w.chunk_no, w.place,
           u.tries > 0 AND u.reason <> %(died)s AND NOT old.stale AS again, old.stale, u.model, u.voice
    FROM unnest(%(keys)b::bytea[], %(rows)b::bigint[], %(chunks)b::int[]) WITH ORDINALITY
         AS w (key, row_no, chunk_no, place)
    JOIN speeko.utterance u USING (key)
    CROSS JOIN LATERAL (
        SELECT u.reason <> %(died)s AND coalesce(u.settled_at < (SELECT since FROM j), false) AS stale
    ) old
    WHERE u.state = 'missing' AND EXISTS (SELECT FROM me)
    ORDER BY u.key
    FOR NO KEY UPDATE OF u SKIP LOCKED
), voices AS MATERIALIZED (
    SELECT v.model, v.voice, coalesce(w.answers, 0) < %(judged_from)s AS on_trial,
           w.tripped_at IS NOT NULL AS tripped
    FROM (SELECT DISTINCT model, voice FROM open) v
    LEFT JOIN speeko.audio_window w
        ON w.account = %(account)s AND w.model = v.model AND w.voice = v.voice
), busy AS MATERIALIZED (  -- only while a voice is on trial
    SELECT u.model, u.voice, count(*) AS n
    FROM speeko.permit p CROSS JOIN LATERAL (
        SELECT key FROM speeko.attempt WHERE claimant_id = p.claimant_id AND state = 'sending' OFFSET 0
    ) a CROSS JOIN LATERAL (SELECT model, voice FROM speeko.utterance WHERE key = a.key OFFSET 0) u
    WHERE p.account = %(account)s AND %(trial_calls)s::int IS NOT NULL
      AND EXISTS (SELECT FROM voices WHERE on_trial)
    GROUP BY 1, 2
), due AS (
    SELECT * FROM (
        SELECT o.*, count(*) FILTER (WHERE o.again) OVER (ORDER BY o.place) AS retry,
               v.on_trial AND %(trial_calls)s::int IS NOT NULL AS on_trial,
               coalesce(b.n, 0) + row_number() OVER (PARTITION BY o.model, o.voice ORDER BY o.place) AS busy
        FROM open o JOIN voices v ON v.model = o.model AND v.voice = o.voice
        LEFT JOIN busy b ON b.model = o.model AND b.voice = o.voice
        WHERE NOT v.tripped
    ) s WHERE (NOT again OR retry <= %(retries)s) AND (NOT on_trial OR busy <= %(trial_calls)s::int)
), fit AS (
    SELECT * FROM (
        SELECT due.*, sum(cost_micros) OVER (ORDER BY cost_micros, place) AS upto FROM due
    ) s WHERE upto <= (SELECT room FROM j)
), taken AS (
    UPDATE speeko.utterance u
    SET state = 'claimed', claimant_id = %(claimant)s, fence = u.fence + 1, settled_at = NULL,
        tries = CASE WHEN fit.stale THEN 0 ELSE u.tries END, bad = CASE WHEN fit.stale THEN 0 ELSE u.bad END
    FROM fit WHERE u.key = fit.key
    RETURNING u.key, u.fence, u.text, u.voice, u.language, u.model, u.format, u.cost_micros, u.chars,
              u.tries, u.provider, u.idempotency_no, fit.row_no, fit.chunk_no, fit.again
), intent AS (
    INSERT INTO speeko.attempt (job_id, chunk_no, row_no, key, fence, claimant_id, state, tenant, provider,
                                voice, chars, cost_micros, idempotency_no)
    SELECT %(job)s, t.chunk_no, t.row_no, t.key, t.fence, %(claimant)s, 'sending', j.tenant, t.provider,
           t.voice, t.chars, t.cost_micros, t.idempotency_no
    FROM taken t, j
    RETURNING id, at, key
), reserved AS (
    UPDATE speeko.job SET reserved_micros = reserved_micros + (SELECT sum(cost_micros) FROM taken)
    WHERE id = %(job)s AND EXISTS (SELECT FROM taken)
)
SELECT i.id, i.at, t.key, t.text, t.voice, t.language, t.model, t.format, t.chars, t.cost_micros,
       t.row_no, t.chunk_no, t.tries, t.again, t.fence, t.idempotency_no
FROM taken t FULL JOIN intent i USING (key)  -- both have all; FULL never compares each with each

-- claims_lost: the last call of each of these keys whose end nobody knows
SELECT DISTINCT ON (key) key, id, at, job_id, row_no, chunk_no, chars, cost_micros, fence
FROM speeko.attempt
WHERE key = ANY(%(keys)b::bytea[]) AND state = 'unknown'
ORDER BY key, at DESC

-- claim_left: what became of keys that could not be claimed: free but locked or too dear, taken, or settled
SELECT u.key, u.state, j.state, u.cost_micros,
       u.tries > 0 AND u.reason <> %(died)s
       AND coalesce(u.settled_at >= coalesce(j.state_since, j.released_at), true),
       coalesce(j.budget_micros - j.spent_micros - j.reserved_micros - j.possible_micros,
                9223372036854775807),
       j.reserved_micros,
       coalesce(j.waste_cap_micros - j.wasted_micros - j.reserved_micros, 9223372036854775807),
       coalesce(w.reason, ''), coalesce(j.waste_cap_micros, 0), j.wasted_micros,
       coalesce(w.tripped_at < j.created_at, false)
FROM speeko.job j, speeko.utterance u
LEFT JOIN speeko.audio_window w
    ON w.account = %(account)s AND w.model = u.model AND w.voice = u.voice AND w.tripped_at IS NOT NULL
WHERE u.key = ANY(%(keys)b::bytea[]) AND j.id = %(job)s
