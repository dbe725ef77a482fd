-- account_open: an account at a provider, with the ceiling and the rates a minute that this run asks for
INSERT INTO speeko.account AS a (name, ceiling, "limit", calls_a_minute, chars_a_minute, moved_why)
VALUES (%(account)s, %(ceiling)s, %(ceiling)s, %(calls)s, %(chars)s, 'the ceiling')
ON CONFLICT (name) DO UPDATE
SET ceiling = excluded.ceiling, calls_a_minute = excluded.calls_a_minute,
    chars_a_minute = excluded.chars_a_minute,
    "limit" = CASE WHEN a.ceiling <> excluded.ceiling AND (a."limit" = a.ceiling OR a."limit" > excluded.ceiling)
                   THEN excluded.ceiling ELSE a."limit" END,
    moved_why = CASE WHEN a.ceiling <> excluded.ceiling THEN 'the ceiling was set' ELSE a.moved_why END
WHERE (a.ceiling, a.calls_a_minute, a.chars_a_minute)
      <> (excluded.ceiling, excluded.calls_a_minute, excluded.chars_a_minute)

-- account_lock: an account, held still while permits are shared out; times in seconds from now
SELECT "limit", ceiling, too_high, hold_seconds, moved_why,
       extract(epoch FROM clock_timestamp() - moved_at)::float8,
       greatest(extract(epoch FROM blocked_until - clock_timestamp()), 0)::float8,
       extract(epoch FROM clock_timestamp() - window_at)::float8,
       window_ended, window_throttled, window_saturated,
       calls_a_minute, chars_a_minute, calls_left, chars_left,
       extract(epoch FROM clock_timestamp() - filled_at)::float8
FROM speeko.account WHERE name = %(account)s FOR UPDATE

-- account_put: the account after a look at it
UPDATE speeko.account
SET "limit" = %(limit)s, too_high = %(too_high)s, hold_seconds = %(hold_seconds)s, moved_why = %(why)s,
    moved_at = CASE WHEN %(moved)s THEN clock_timestamp() ELSE moved_at END,
    window_at = CASE WHEN %(window_over)s THEN clock_timestamp() ELSE window_at END,
    window_ended = %(ended)s, window_throttled = %(throttled)s, window_saturated = %(saturated)s,
    calls_left = %(calls_left)s, chars_left = %(chars_left)s, filled_at = clock_timestamp()
WHERE name = %(account)s

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

-- accounts_show: every account: its limit, why it moved last, and what is held and in use now
SELECT a.name, a."limit", a.ceiling, a.moved_why, extract(epoch FROM clock_timestamp() - a.moved_at)::float8,
       greatest(extract(epoch FROM a.blocked_until - clock_timestamp()), 0)::float8,
       a.calls_a_minute, a.chars_a_minute
FROM speeko.account a ORDER BY a.name

-- permits_show: who holds permits now, and how many calls it has open
SELECT p.account, c.host, c.pid, p.held, p.busy, p.wants
FROM speeko.permit p JOIN speeko.claimant c ON c.id = p.claimant_id
WHERE p.until > clock_timestamp()
ORDER BY p.account, c.host, c.pid
