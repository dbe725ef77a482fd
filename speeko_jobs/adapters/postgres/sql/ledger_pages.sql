-- ledger_attempts: a page of the calls that have a price, in the order in which they were written
SELECT a.id, a.job_id, a.row_no, a.key, a.idempotency_no, a.state, a.voice, a.chars, a.cost_micros
FROM speeko.attempt a
WHERE a.id > %(after)s AND a.cost_micros > 0
  AND (%(provider)s = '' OR a.provider = %(provider)s)
  AND (%(since)s::timestamptz IS NULL OR a.at >= %(since)s::timestamptz)
  AND (%(until)s::timestamptz IS NULL OR a.at < %(until)s::timestamptz)
ORDER BY a.id LIMIT %(rows)s
