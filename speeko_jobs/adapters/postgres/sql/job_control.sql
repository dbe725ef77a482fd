-- job_resume: a paused job goes on, perhaps under another cap or with another patience; one with nothing left to
-- deliver is finalized
UPDATE speeko.job
SET state = CASE WHEN chunks > 0 AND chunks_open = 0 THEN 'finalizing' ELSE 'running' END, reason = '',
    budget_micros = coalesce(%(budget)s, budget_micros), waste_cap_micros = coalesce(%(waste_cap)s, waste_cap_micros),
    spec = CASE WHEN %(give_up)s::float8 IS NULL THEN spec
                ELSE jsonb_set(spec, '{give_up_seconds}', to_jsonb(%(give_up)s::float8)) END
           || CASE WHEN %(buy_again)s::bool THEN '{"buy_again": true}'::jsonb ELSE '{}' END
WHERE id = %(job)s AND state = 'paused'
RETURNING id

-- job_note_gone: known texts that are bought again past the plan
UPDATE speeko.job
SET plan = plan || jsonb_build_object('gone', coalesce((plan->>'gone')::bigint, 0) + %(texts)s::bigint,
                                      'gone_micros', coalesce((plan->>'gone_micros')::bigint, 0) + %(micros)s::bigint)
WHERE id = %(job)s

-- job_redo: delivered chunks of a paused job with failed rows whose texts are free again go through once more
WITH again AS (
    UPDATE speeko.chunk c SET state = 'planned', queued_at = NULL, claimant_id = NULL, missing = 0
    WHERE c.job_id = %(job)s AND c.state = 'delivered' AND (c.counts->>'failed')::bigint > 0
      AND EXISTS (SELECT FROM speeko.job WHERE id = %(job)s AND state = 'paused')
      AND EXISTS (SELECT FROM (  -- OFFSET 0 keeps look-ups what they are: never all rows with all texts
                      SELECT keys FROM speeko.item
                      WHERE job_id = c.job_id AND row_no BETWEEN c.first_row AND c.last_row OFFSET 0
                  ) i CROSS JOIN LATERAL unnest(i.keys) AS k (key)
                  CROSS JOIN LATERAL (
                      SELECT state, reason FROM speeko.utterance WHERE key = k.key OFFSET 0
                  ) u
                  WHERE u.state = 'missing' AND u.reason = %(reason)s)
    RETURNING counts
), s AS (
    SELECT count(*) AS chunks, sum((counts->>'delivered')::bigint) AS delivered,
           sum((counts->>'unchanged')::bigint) AS unchanged, sum((counts->>'failed')::bigint) AS failed,
           sum((counts->>'refused')::bigint) AS refused
    FROM again
)
UPDATE speeko.job j
SET chunks_open = j.chunks_open + s.chunks, delivered = j.delivered - s.delivered,
    unchanged = j.unchanged - s.unchanged, failed = j.failed - s.failed, refused = j.refused - s.refused
FROM s WHERE j.id = %(job)s AND s.chunks > 0
RETURNING j.id

-- job_budget: other caps for a job that goes on
UPDATE speeko.job SET budget_micros = coalesce(%(budget)s, budget_micros),
                      waste_cap_micros = coalesce(%(waste_cap)s, waste_cap_micros)
WHERE id = %(job)s AND state IN ('running', 'paused', 'finalizing')
RETURNING id

-- job_retry_keys: the failed texts of a job are free again
UPDATE speeko.utterance u SET state = 'missing', tries = 0, bad = 0, reason = '', settled_at = NULL
FROM (SELECT DISTINCT unnest(i.keys) AS key
      FROM speeko.chunk c JOIN speeko.item i
        ON i.job_id = c.job_id AND i.row_no BETWEEN c.first_row AND c.last_row
      WHERE c.job_id = %(job)s AND c.state = 'delivered' AND (c.counts->>'failed')::bigint > 0
        AND EXISTS (SELECT FROM speeko.job
                    WHERE id = %(job)s AND state IN ('done_with_errors', 'cancelled') AND chunks_open = 0
                      AND pruned_at IS NULL)) k
WHERE u.key = k.key AND u.state = 'failed'

-- job_retry: the chunks with failed rows go through once more; no row when there are none
WITH again AS (
    UPDATE speeko.chunk SET state = 'planned', queued_at = NULL, claimant_id = NULL, missing = 0
    WHERE job_id = %(job)s AND state = 'delivered' AND (counts->>'failed')::bigint > 0
      AND EXISTS (SELECT FROM speeko.job
                  WHERE id = %(job)s AND state IN ('done_with_errors', 'cancelled') AND chunks_open = 0
                    AND pruned_at IS NULL)
    RETURNING counts
), s AS (
    SELECT count(*) AS chunks, sum((counts->>'delivered')::bigint) AS delivered,
           sum((counts->>'unchanged')::bigint) AS unchanged, sum((counts->>'failed')::bigint) AS failed,
           sum((counts->>'refused')::bigint) AS refused
    FROM again
)
UPDATE speeko.job j
SET state = 'running', reason = '', finished_at = NULL, finalized = false, chunks_open = j.chunks_open + s.chunks,
    delivered = j.delivered - s.delivered, unchanged = j.unchanged - s.unchanged,
    failed = j.failed - s.failed, refused = j.refused - s.refused
FROM s WHERE j.id = %(job)s AND s.chunks > 0 AND j.pruned_at IS NULL
RETURNING s.failed

-- cancelled_settle: cancelled jobs without an open call: what they have goes to delivery, the rest is given up
WITH idle AS (
    SELECT j.id FROM speeko.job j
    WHERE j.state = 'cancelled' AND NOT j.finalized AND j.chunks_open > 0
      AND NOT EXISTS (SELECT FROM speeko.attempt a WHERE a.state = 'sending' AND a.job_id = j.id)
), given_up AS (
    DELETE FROM speeko.need n USING idle WHERE n.job_id = idle.id
)
UPDATE speeko.chunk c SET state = 'ready', missing = 0, ready_at = clock_timestamp(), claimant_id = NULL
FROM idle WHERE c.job_id = idle.id AND c.state IN ('planned', 'synthesizing')
RETURNING c.job_id, c.no

-- job_end: the files of a job are written, which is an event
WITH ended AS (
    UPDATE speeko.job
    SET state = CASE WHEN state = 'finalizing' THEN %(state)s ELSE state END, finalized = true,
        finished_at = coalesce(finished_at, clock_timestamp())
    WHERE id = %(job)s AND NOT finalized AND state IN ('finalizing', 'cancelled')
    RETURNING id, state, reason, spec
), event AS (
    INSERT INTO speeko.hook (job_id, event, reason)
    SELECT id, CASE state WHEN 'done_with_errors' THEN 'failed' ELSE state END, reason
    FROM ended WHERE spec->>'webhook' <> ''
)
SELECT id FROM ended

-- job_stamp_end: when a job had nothing left to deliver
UPDATE speeko.job SET finished_at = clock_timestamp()
WHERE id = %(job)s AND finished_at IS NULL AND state IN ('finalizing', 'cancelled')
