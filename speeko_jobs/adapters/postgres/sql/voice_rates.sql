-- pace_add: how long the voices of some settled calls speak and how fast they answer
INSERT INTO speeko.voice_pace AS p
    (provider, model, voice, language, calls, chars, millis, latency_millis)
SELECT %(provider)s, n.model, n.voice, n.language, n.calls, n.chars, n.millis, n.latency
FROM unnest(%(models)s::text[], %(voices)s::text[], %(languages)s::text[], %(calls)b::bigint[],
            %(chars)b::bigint[], %(millis)b::bigint[], %(latencies)b::bigint[])
     AS n (model, voice, language, calls, chars, millis, latency)
ORDER BY n.model, n.voice, n.language
ON CONFLICT (provider, model, voice, language) DO UPDATE
SET calls = p.calls + excluded.calls, chars = p.chars + excluded.chars, millis = p.millis + excluded.millis,
    latency_millis = p.latency_millis + excluded.latency_millis

-- pace_show: what is known of the voices of a provider that have spoken often enough
SELECT model, voice, language, calls, chars, millis, latency_millis FROM speeko.voice_pace
WHERE provider = %(provider)s AND calls >= %(calls)s AND chars > 0
