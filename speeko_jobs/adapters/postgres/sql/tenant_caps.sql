-- tenant_lock: the caps of the tenant of a job, held still; no row when it has none
SELECT t.name, t.daily_micros, t.monthly_micros
FROM speeko.job j JOIN speeko.tenant t ON t.name = j.tenant
WHERE j.id = %(job)s AND (t.daily_micros IS NOT NULL OR t.monthly_micros IS NOT NULL)
FOR UPDATE OF t

-- tenant_spent: what a tenant spent (or may have spent) today and this month in UTC, and what is reserved
SELECT coalesce(sum(micros) FILTER (WHERE day = (clock_timestamp() AT TIME ZONE 'UTC')::date), 0)::bigint,
       coalesce(sum(micros), 0)::bigint,
       (SELECT coalesce(sum(reserved_micros), 0)::bigint FROM speeko.job
        WHERE tenant = %(tenant)s AND reserved_micros > 0)
FROM speeko.cost_daily
WHERE tenant = %(tenant)s AND day >= (SELECT date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC')::date)
  AND source IN ('synthesized', 'bad', 'unknown')

-- tenant_put: a tenant's caps and weight; what is not given stays
INSERT INTO speeko.tenant AS t (name, weight, daily_micros, monthly_micros)
VALUES (%(tenant)s, coalesce(%(weight)s, 1), %(daily)s, %(monthly)s)
ON CONFLICT (name) DO UPDATE
SET weight = coalesce(%(weight)s, t.weight),
    daily_micros = CASE WHEN %(keep_daily)s THEN t.daily_micros ELSE excluded.daily_micros END,
    monthly_micros = CASE WHEN %(keep_monthly)s THEN t.monthly_micros ELSE excluded.monthly_micros END

-- tenants_show: every tenant with caps or a weight
SELECT name, weight, daily_micros, monthly_micros FROM speeko.tenant ORDER BY name

-- claim_lock: lock the tenant of a job where it has caps, then the job; return these caps. It is a statement
-- before the claim's: a statement that waits for a lock has read what others have open before it waited.
WITH capped AS MATERIALIZED (
    SELECT t.name, t.daily_micros, t.monthly_micros
    FROM speeko.job j JOIN speeko.tenant t ON t.name = j.tenant
    WHERE j.id = %(job)s AND (t.daily_micros IS NOT NULL OR t.monthly_micros IS NOT NULL)
    FOR UPDATE OF t
)
SELECT c.name, c.daily_micros, c.monthly_micros
FROM speeko.job j LEFT JOIN capped c ON true  -- the job's lock is taken last, on the joined row
WHERE j.id = %(job)s
FOR NO KEY UPDATE OF j
