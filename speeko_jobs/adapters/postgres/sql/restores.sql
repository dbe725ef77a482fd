-- restored_later: texts that are planned from now on count as claimed before
ALTER TABLE speeko.utterance ALTER COLUMN fence SET DEFAULT 1

-- restored_waiting: so do those that wait already, of a range of keys
UPDATE speeko.utterance SET fence = 1
WHERE key >= %(least)b AND (%(past)b::bytea IS NULL OR key < %(past)b) AND state = 'missing' AND fence = 0
