-- account_open: an account at a provider, with the ceiling and the rates a minute that this run asks for
INSERT INTO speeko.account AS a (name, ceiling, "limit", calls_a_minute, chars_a_minute, moved_why)
VALUES (%(account)s, %(ceiling)s, least(%(ceiling)s::int, %(start)s), %(calls)s, %(chars)s, 'the start')
ON CONFLICT (name) DO UPDATE
SET ceiling = excluded.ceiling, calls_a_minute = excluded.calls_a_minute,
    chars_a_minute = excluded.chars_a_minute, "limit" = least(a."limit", excluded.ceiling),
    moved_why = CASE WHEN a."limit" > excluded.ceiling THEN 'the ceiling' ELSE a.moved_why END
WHERE (a.ceiling, a.calls_a_minute, a.chars_a_minute)
      <> (excluded.ceiling, excluded.calls_a_minute, excluded.chars_a_minute)

-- account_lock: an account, held still while permits are shared out; times in seconds before now
SELECT "limit", ceiling, too_high, hold_seconds, probing, moved_why,
       extract(epoch FROM clock_timestamp() - moved_at)::float8,
       extract(epoch FROM clock_timestamp() - window_at)::float8,
       extract(epoch FROM clock_timestamp() - failing_since)::float8,
       window_ended, window_throttled, window_failed, window_saturated,
       coalesce(blocked_until > window_at, false),
       greatest(extract(epoch FROM blocked_until - clock_timestamp()), 0)::float8,
       calls_a_minute, chars_a_minute, calls_left, chars_left, retries_left,
       extract(epoch FROM clock_timestamp() - filled_at)::float8,
       (SELECT coalesce(sum(answers), 0)::bigint FROM speeko.audio_window
        WHERE account = %(account)s AND tripped_at IS NULL),
       good_run, extract(epoch FROM clock_timestamp() - good_at)::float8,
       extract(epoch FROM trouble_since - clock_timestamp())::float8, trouble_texts, trouble_kind, trouble_why
FROM speeko.account WHERE name = %(account)s FOR UPDATE

-- account_put: the account after a look at it
UPDATE speeko.account
SET "limit" = %(limit)s, too_high = %(too_high)s, hold_seconds = %(hold_seconds)s, probing = %(probing)s,
    moved_why = %(why)s, moved_at = CASE WHEN %(moved)s THEN clock_timestamp() ELSE moved_at END,
    window_at = CASE WHEN %(window_moved)s THEN clock_timestamp() + make_interval(secs => %(window_in)s)
                     ELSE window_at END,
    window_ended = %(ended)s, window_throttled = %(throttled)s, window_failed = %(failed)s,
    window_saturated = %(saturated)s,
    failing_since = CASE WHEN %(failing)s THEN coalesce(failing_since, clock_timestamp()) END,
    blocked_until = CASE WHEN %(pause)s > 0
                         THEN greatest(blocked_until, clock_timestamp() + make_interval(secs => %(pause)s))
                         ELSE blocked_until END,
    calls_left = %(calls_left)s, chars_left = %(chars_left)s, retries_left = %(retries_left)s,
    filled_at = clock_timestamp(),
    good_run = %(good_run)s, good_at = CASE WHEN %(good)s THEN clock_timestamp() ELSE good_at END,
    trouble_since = CASE WHEN %(trouble)s THEN coalesce(trouble_since, clock_timestamp()) END,
    trouble_at = CASE WHEN %(noted)s THEN clock_timestamp() ELSE trouble_at END,
    trouble_texts = %(texts)s, trouble_kind = %(kind)s, trouble_why = %(trouble_why)s
WHERE name = %(account)s

-- account_back: what an engine that leaves has not used, and what it has seen
UPDATE speeko.account
SET window_ended = window_ended + %(ended)s, window_throttled = window_throttled + %(throttled)s,
    window_failed = window_failed + %(failed)s, window_saturated = window_saturated OR %(saturated)s,
    calls_left = calls_left + %(calls)s, chars_left = chars_left + %(chars)s,
    retries_left = retries_left + %(retries)s,
    good_at = CASE WHEN %(good)s > 0 THEN clock_timestamp() ELSE good_at END,
    trouble_since = CASE WHEN %(answered)s > 0 THEN NULL
                         WHEN %(kind)s <> '' THEN coalesce(trouble_since, clock_timestamp()) ELSE trouble_since END,
    trouble_at = CASE WHEN %(kind)s <> '' AND %(answered)s = 0 THEN clock_timestamp() ELSE trouble_at END,
    trouble_texts = CASE WHEN %(answered)s > 0 THEN 0 ELSE trouble_texts + %(texts)s END,
    trouble_kind = CASE WHEN %(kind)s <> '' THEN %(kind)s ELSE trouble_kind END,
    trouble_why = CASE WHEN %(kind)s <> '' THEN %(why)s ELSE trouble_why END
WHERE name = %(account)s

-- account_block: the whole fleet waits: the provider said so
UPDATE speeko.account
SET blocked_until = greatest(blocked_until, clock_timestamp() + make_interval(secs => %(seconds)s)),
    moved_why = %(why)s
WHERE name = %(account)s

-- permits_of_others: who else holds permits of this account, and how many they could use
SELECT held, wants FROM speeko.permit
WHERE account = %(account)s AND claimant_id <> %(claimant)s AND until > clock_timestamp()

-- permit_take: what this engine holds from now on; the first in a slot of time notes how the account goes, and the
-- first with calls open, where those before had just begun
WITH taken AS (
    INSERT INTO speeko.permit (account, claimant_id, held, busy, wants, until)
    VALUES (%(account)s, %(claimant)s, %(held)s, %(busy)s, %(wants)s,
            clock_timestamp() + make_interval(secs => %(seconds)s))
    ON CONFLICT (account, claimant_id) DO UPDATE
    SET held = excluded.held, busy = excluded.busy, wants = excluded.wants, until = excluded.until
)
INSERT INTO speeko.pulse (account, at, "limit", busy, wants)
SELECT %(account)s, slot.at, %(limit)s, %(busy)s + coalesce(sum(p.busy), 0), %(wants)s + coalesce(sum(p.wants), 0)
FROM (SELECT date_bin(make_interval(secs => %(slot)s), statement_timestamp(), '2000-01-01Z') AS at) slot
LEFT JOIN speeko.permit p
    ON p.account = %(account)s AND p.claimant_id <> %(claimant)s AND p.until > clock_timestamp()
WHERE NOT EXISTS (SELECT FROM speeko.pulse WHERE account = %(account)s AND at = slot.at AND busy > 0)
GROUP BY slot.at
ON CONFLICT (account, at) DO UPDATE SET "limit" = excluded."limit", busy = excluded.busy, wants = excluded.wants
WHERE pulse.busy = 0 AND excluded.busy > 0

-- pulses_forget: of each account some of the notes that are older than anybody wants to know
DELETE FROM speeko.pulse WHERE ctid = ANY (ARRAY(
    SELECT old.ctid FROM speeko.account a CROSS JOIN LATERAL (
        SELECT ctid FROM speeko.pulse
        WHERE account = a.name AND at < clock_timestamp() - make_interval(days => %(days)s)
        ORDER BY at LIMIT %(most)s
        FOR UPDATE SKIP LOCKED
    ) old
))

-- accounts_show: every account: its limit, why it moved last, and what is held and in use now
SELECT a.name, a."limit", a.ceiling, a.moved_why, extract(epoch FROM clock_timestamp() - a.moved_at)::float8,
       greatest(extract(epoch FROM a.blocked_until - clock_timestamp()), 0)::float8,
       a.calls_a_minute, a.chars_a_minute, extract(epoch FROM clock_timestamp() - a.trouble_since)::float8,
       a.trouble_kind, a.trouble_why, a.good_run, a.retries_left
FROM speeko.account a ORDER BY a.name

-- permits_show: who holds permits now, and how many calls it has open
SELECT p.account, c.host, c.pid, p.held, p.busy, p.wants
FROM speeko.permit p JOIN speeko.claimant c ON c.id = p.claimant_id
WHERE p.until > clock_timestamp()
ORDER BY p.account, c.host, c.pid
