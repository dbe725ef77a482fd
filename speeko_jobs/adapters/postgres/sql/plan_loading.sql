-- utterances_known: of these keys, those that were seen before: state, and whether a running job waits for it
SELECT u.key, u.state,
       u.state = 'claimed' OR (u.state = 'missing' AND EXISTS (  -- OFFSET 0: by key, never a hash of all needs
           SELECT FROM speeko.need n
           WHERE n.key = u.key AND (SELECT state FROM speeko.job WHERE id = n.job_id) = 'running' OFFSET 0)),
       u.bytes, u.millis, u.bought_job, u.bought_row, (extract(epoch FROM u.settled_at) * 1000)::bigint, u.cost_micros
FROM speeko.utterance u
WHERE u.key = ANY(%(keys)b::bytea[])

-- formats_bought: formats in which jobs have bought audio of a model
SELECT DISTINCT spec->>'format' FROM speeko.job
WHERE calls > 0 AND spec->>'provider' = %(provider)s AND spec->>'model' = %(model)s

-- utterances_not_done: of these keys, those without audio on record. OFFSET 0: each is looked up, no table is read
SELECT n.key FROM unnest(%(keys)b::bytea[]) AS n (key)
WHERE NOT EXISTS (SELECT FROM speeko.utterance WHERE key = n.key AND state = 'done' OFFSET 0)

-- utterances_add: texts that may have to be bought; a text that waits already takes today's price
INSERT INTO speeko.utterance AS u
    (key, state, provider, model, format, voice, language, chars, cost_micros, text)
SELECT n.key, 'missing', %(provider)s, %(model)s, %(format)s, n.voice, n.language, n.chars, n.cost, n.text
FROM unnest(%(keys)b::bytea[], %(voices)s::text[], %(languages)s::text[], %(chars)b::int[],
            %(costs)b::bigint[], %(texts)s::text[]) AS n (key, voice, language, chars, cost, text)
ORDER BY n.key
ON CONFLICT (key) DO UPDATE SET cost_micros = excluded.cost_micros
WHERE u.state IN ('missing', 'failed') AND u.cost_micros <> excluded.cost_micros

-- delivered_same: which of these paths (from 0) hold just this content, and whether of the same source text
SELECT (n.place - 1)::int, d.bytes, d.millis, d.source IN (n.source, -1)
FROM unnest(%(paths)b::text[], %(contents)b::bytea[], %(sources)b::bigint[])
     WITH ORDINALITY AS n (path, content, source, place)
CROSS JOIN LATERAL (
    SELECT content, bytes, millis, source, form FROM speeko.delivered
    WHERE destination_id = %(destination)s AND path = n.path
    OFFSET 0
) d
WHERE d.content = n.content AND (%(form)s = '' OR d.form = %(form)s)

-- delivered_facts: what the files at these paths were made of
SELECT d.path, d.source, d.voice, d.language, d.engine, d.form
FROM unnest(%(paths)b::text[]) AS n (path)
CROSS JOIN LATERAL (
    SELECT path, source, voice, language, engine, form FROM speeko.delivered
    WHERE destination_id = %(destination)s AND path = n.path
    OFFSET 0
) d

-- delivered_page: paths that a destination holds, in order
SELECT path FROM speeko.delivered
WHERE destination_id = %(destination)s AND path > %(after)s
ORDER BY path LIMIT %(rows)s

-- delivered_any: whether a destination holds anything
SELECT 1 FROM speeko.delivered WHERE destination_id = %(destination)s ORDER BY path LIMIT 1

-- items_skip: rows left out by the user's own rule for repeated ids
UPDATE speeko.item i SET skipped = true, keys = NULL
FROM unnest(%(rows)b::bigint[]) AS s (row_no)
WHERE i.job_id = %(job)s AND i.row_no = s.row_no

-- items_rename: rows whose name was taken
UPDATE speeko.item i SET path = s.path
FROM unnest(%(rows)b::bigint[], %(paths)s::text[]) AS s (row_no, path)
WHERE i.job_id = %(job)s AND i.row_no = s.row_no

-- items_named: the ids and paths of some rows, for messages and new names
SELECT row_no, row_id, path FROM speeko.item
WHERE job_id = %(job)s AND row_no = ANY(%(rows)b::bigint[])
ORDER BY row_no
