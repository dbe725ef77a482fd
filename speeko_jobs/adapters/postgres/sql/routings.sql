-- routing_last: how the voices of the newest job for a destination and an engine were chosen
SELECT spec->'routing' FROM speeko.job
WHERE spec->>'output' = %(output)s AND spec->>'provider' = %(provider)s AND spec->>'model' = %(model)s
  AND released_at IS NOT NULL AND jsonb_typeof(spec->'routing') = 'object'
ORDER BY id DESC
LIMIT 1
