-- restored_later: texts that are planned from now on count as claimed before
ALTER TABLE speeko.utterance ALTER COLUMN fence SET DEFAULT 1

-- restored_waiting: so do those that wait already, of a range of keys
UPDATE speeko.utterance SET fence = 1
WHERE key >= %(least)b AND (%(past)b::bytea IS NULL OR key < %(past)b) AND state = 'missing' AND fence = 0

-- restored_identity: this database is another one from now on
UPDATE speeko.identity SET id = gen_random_uuid()

-- database_identity: the id of this database. A dump that is restored beside it has another oid
SELECT left(md5(i.id::text || d.oid::text), 16)
FROM speeko.identity i, pg_database d WHERE d.datname = current_database()
