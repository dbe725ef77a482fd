-- account_open: an account at a provider, with the ceiling that this run asks for
INSERT INTO speeko.account AS a (name, ceiling, "limit")
VALUES (%(account)s, %(ceiling)s, %(ceiling)s)
ON CONFLICT (name) DO UPDATE SET ceiling = excluded.ceiling, "limit" = excluded.ceiling,
    moved_at = clock_timestamp(), moved_why = 'the ceiling was set'
WHERE a.ceiling <> excluded.ceiling

-- account_lock: the limit of an account, held still while permits are shared out
SELECT "limit", greatest(extract(epoch FROM blocked_until - clock_timestamp()), 0)::float8
FROM speeko.account WHERE name = %(account)s FOR UPDATE

-- account_block: the whole fleet waits: the provider said so
UPDATE speeko.account
SET blocked_until = greatest(blocked_until, clock_timestamp() + make_interval(secs => %(seconds)s)),
    moved_why = %(why)s
WHERE name = %(account)s

-- permits_of_others: who else holds permits of this account, and how many they could use
SELECT held, wants FROM speeko.permit
WHERE account = %(account)s AND claimant_id <> %(claimant)s AND until > clock_timestamp()

-- permit_take: what this engine holds from now on
INSERT INTO speeko.permit (account, claimant_id, held, busy, wants, until)
VALUES (%(account)s, %(claimant)s, %(held)s, %(busy)s, %(wants)s,
        clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (account, claimant_id) DO UPDATE
SET held = excluded.held, busy = excluded.busy, wants = excluded.wants, until = excluded.until
