"""Redis' side of what the cache keeps there: many records at once, and audio together with its accounts.

Of records: one command with many keys costs a tenth of as many commands, here and there. Of audio:
KEYS[1] is the sorted set of what is held (a key's 32 bytes and its size in 4 more, by the second in which
it expires), KEYS[2] the sum of the sizes, KEYS[3] the audio.
"""

# KEYS: of records. ARGV: the time to live in seconds, then the records
PUT_RECORDS = """
for at, key in ipairs(KEYS) do redis.call('SET', key, ARGV[at + 1], 'EX', ARGV[1]) end
"""

# ARGV: the key, the audio, the budget in bytes, the time to live in seconds. 1: it is kept.
# The audio is set before anything else is written: only a script's first write is refused for want of memory.
PUT = """
local now, ttl = tonumber(redis.call('TIME')[1]), tonumber(ARGV[4])
local sum = tonumber(redis.call('GET', KEYS[2]) or '0')
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 1000)
for _, entry in ipairs(gone) do sum = sum - struct.unpack('>I4', string.sub(entry, -4)) end
local old = ARGV[1] .. struct.pack('>I4', redis.call('STRLEN', KEYS[3]))
local ends = redis.call('ZSCORE', KEYS[1], old)
local after = sum + string.len(ARGV[2])
if ends and tonumber(ends) > now then after = after - struct.unpack('>I4', string.sub(old, -4)) end
local fits = after <= tonumber(ARGV[3])
if fits then redis.call('SET', KEYS[3], ARGV[2], 'EXAT', now + ttl) end
for _, entry in ipairs(gone) do redis.call('ZREM', KEYS[1], entry) end
if fits then
    redis.call('ZREM', KEYS[1], old)
    redis.call('ZADD', KEYS[1], now + ttl, ARGV[1] .. struct.pack('>I4', string.len(ARGV[2])))
    redis.call('EXPIRE', KEYS[1], ttl)
    sum = after
end
if fits or #gone > 0 then redis.call('SET', KEYS[2], sum, 'EX', ttl) end
return fits and 1 or 0
"""

# ARGV: the key, the time to live, the part of it that has to be over before it is renewed
GET = """
local audio = redis.call('GET', KEYS[3])
local ttl = tonumber(ARGV[2])
if audio and redis.call('TTL', KEYS[3]) < ttl - tonumber(ARGV[3]) then
    local ends = redis.call('TIME')[1] + ttl
    redis.call('EXPIREAT', KEYS[3], ends)
    redis.call('ZADD', KEYS[1], 'XX', ends, ARGV[1] .. struct.pack('>I4', string.len(audio)))
    redis.call('EXPIRE', KEYS[1], ttl)
    redis.call('EXPIRE', KEYS[2], ttl)
end
return audio
"""

# KEYS from the third on: the audio of each key in ARGV. The bytes that are free now
DROP = """
local freed = 0
for i = 3, #KEYS do
    local size = redis.call('STRLEN', KEYS[i])
    if size > 0 then
        redis.call('UNLINK', KEYS[i])
        if redis.call('ZREM', KEYS[1], ARGV[i - 2] .. struct.pack('>I4', size)) == 1 then
            freed = freed + size
        end
    end
end
if freed > 0 and redis.call('EXISTS', KEYS[2]) == 1 then redis.call('DECRBY', KEYS[2], freed) end
return freed
"""
