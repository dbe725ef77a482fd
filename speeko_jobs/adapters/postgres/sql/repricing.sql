-- prices_left: what a job has still to buy, or may try again: by model, voice, characters and booked price
SELECT u.model, u.voice, u.chars, u.cost_micros, count(*)
FROM (SELECT DISTINCT unnest(i.keys) AS key
      FROM speeko.chunk c JOIN speeko.item i
        ON i.job_id = c.job_id AND i.row_no BETWEEN c.first_row AND c.last_row
      WHERE c.job_id = %(job)s AND (c.state <> 'delivered' OR coalesce((c.counts->>'failed')::bigint, 0) > 0)) k
JOIN speeko.utterance u ON u.key = k.key
WHERE u.state IN ('missing', 'failed')
GROUP BY 1, 2, 3, 4

-- prices_lock: the job first, then keys: the order that everybody takes them
SELECT id FROM speeko.job WHERE id = %(job)s FOR NO KEY UPDATE

-- prices_take: what a job has still to buy takes other prices; by how much that is more in all
WITH open AS MATERIALIZED (
    SELECT u.key, u.cost_micros AS before, n.cost
    FROM (SELECT DISTINCT unnest(i.keys) AS key
          FROM speeko.chunk c JOIN speeko.item i
            ON i.job_id = c.job_id AND i.row_no BETWEEN c.first_row AND c.last_row
          WHERE c.job_id = %(job)s AND (c.state <> 'delivered' OR coalesce((c.counts->>'failed')::bigint, 0) > 0)) k
    JOIN speeko.utterance u ON u.key = k.key
    JOIN unnest(%(models)s::text[], %(voices)s::text[], %(chars)b::int[], %(costs)b::bigint[])
         AS n (model, voice, chars, cost) ON n.model = u.model AND n.voice = u.voice AND n.chars = u.chars
    WHERE u.state IN ('missing', 'failed') AND u.cost_micros <> n.cost
    ORDER BY u.key
    FOR NO KEY UPDATE OF u
), taken AS (
    UPDATE speeko.utterance u SET cost_micros = open.cost FROM open WHERE u.key = open.key
    RETURNING open.cost - open.before AS more
)
SELECT coalesce(sum(more), 0)::bigint FROM taken

-- prices_book: a job goes on at another price, and its plan says what it costs now
UPDATE speeko.job
SET spec = jsonb_set(spec, '{price_per_million}', to_jsonb(%(price)s::text)),
    plan = plan || jsonb_build_object('cost_micros', coalesce((plan->>'cost_micros')::bigint, 0) + %(more)s::bigint)
WHERE id = %(job)s
