-- sweep_chunks_waiting: chunks in nobody's hands of which some text can be bought now.
-- OFFSET 0: look until one is found, instead of at all that is waited for.
SELECT c.job_id, c.no
FROM speeko.job j JOIN speeko.chunk c ON c.job_id = j.id
WHERE j.state = 'running' AND c.state = 'synthesizing'
  AND NOT EXISTS (SELECT FROM speeko.claimant e
                  WHERE e.id = c.claimant_id AND e.lease_until > clock_timestamp())
  AND EXISTS (SELECT FROM speeko.need n JOIN speeko.utterance u USING (key)
              WHERE n.job_id = c.job_id AND n.chunk_no = c.no AND u.state = 'missing' OFFSET 0)
LIMIT 256

-- sweep_chunks_half_begun: chunks taken by an engine that died before it wrote down what they wait for
SELECT c.job_id, c.no
FROM speeko.job j JOIN speeko.chunk c ON c.job_id = j.id
WHERE j.state = 'running' AND c.state = 'synthesizing' AND c.missing = 0
  AND NOT EXISTS (SELECT FROM speeko.claimant e
                  WHERE e.id = c.claimant_id AND e.lease_until > clock_timestamp())
LIMIT 256

-- sweep_chunks_queued: chunks that were sent a while ago and that nobody took
SELECT c.job_id, c.no
FROM speeko.job j JOIN speeko.chunk c ON c.job_id = j.id
WHERE j.state = 'running' AND c.state = 'planned' AND c.queued_at < clock_timestamp() - interval '10 seconds'
ORDER BY c.queued_at LIMIT 256

-- sweep_chunks_ready: chunks that are ready and not delivered
SELECT c.job_id, c.no
FROM speeko.job j JOIN speeko.chunk c ON c.job_id = j.id
WHERE j.state IN ('running', 'paused', 'cancelled') AND c.state = 'ready'
  AND NOT (j.state = 'paused' AND starts_with(j.reason, 'destination: '))  -- it refuses: wait for `resume`
  AND c.ready_at < clock_timestamp() - interval '10 seconds'
ORDER BY c.ready_at LIMIT 256

-- sweep_jobs_finalizing: jobs whose last chunk is delivered
SELECT id FROM speeko.job WHERE state = 'finalizing'
UNION ALL
SELECT id FROM speeko.job WHERE state = 'cancelled' AND NOT finalized AND chunks_open = 0 AND chunks > 0
ORDER BY id

-- sweep_jobs_abandoned: jobs whose submitter is gone before the plan was whole
SELECT id FROM speeko.job WHERE state = 'planning' AND submitter_until < clock_timestamp() ORDER BY id
