--
-- PostgreSQL database dump
--


-- Dumped from database version 18.4
-- Dumped by pg_dump version 18.4

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: speeko; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA speeko;


--
-- Name: ledger_drop(text); Type: FUNCTION; Schema: speeko; Owner: -
--

CREATE FUNCTION speeko.ledger_drop(partition text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '1s'
    AS $_$
    BEGIN
        IF partition !~ '^attempt_[0-9]{4}_[0-9]{2}$' THEN
            RAISE EXCEPTION '% is no month of the ledger', partition;
        END IF;
        IF NOT pg_try_advisory_xact_lock(1592514) THEN
            RETURN false;
        END IF;
        IF to_regclass('speeko.' || partition) IS NOT NULL THEN
            EXECUTE format($sums$
                INSERT INTO speeko.job_cost AS k (job_id, day, provider, source, requests, chars, micros)
                SELECT job_id, (coalesce(settled_at, at) AT TIME ZONE 'UTC')::date, provider,
                       CASE state WHEN 'stored' THEN 'synthesized' ELSE state END, count(*), sum(chars),
                       sum(cost_micros)
                FROM speeko.%I WHERE state IN ('stored', 'bad', 'unknown') GROUP BY 1, 2, 3, 4
                ON CONFLICT (job_id, day, provider, source) DO UPDATE
                SET requests = k.requests + excluded.requests, chars = k.chars + excluded.chars,
                    micros = k.micros + excluded.micros
                $sums$, partition);
            EXECUTE format('DROP TABLE speeko.%I', partition);
        END IF;
        RETURN true;
    EXCEPTION WHEN lock_not_available THEN
        RETURN false;
    END $_$;


--
-- Name: ledger_open(integer); Type: FUNCTION; Schema: speeko; Owner: -
--

CREATE FUNCTION speeko.ledger_open(ahead integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '200ms'
    AS $$
    DECLARE
        begins timestamp; ends timestamp; partition text; made integer := 0;
    BEGIN
        IF NOT pg_try_advisory_xact_lock(1592514) THEN
            RETURN 0;  -- two at once would wait for each other
        END IF;
        FOR n IN 0 .. least(ahead, 24) LOOP
            begins := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + make_interval(months => n);
            ends := begins + interval '1 month';
            partition := 'attempt_' || to_char(begins, 'YYYY_MM');
            CONTINUE WHEN to_regclass('speeko.' || partition) IS NOT NULL
                OR EXISTS (SELECT FROM speeko.attempt_other
                           WHERE at >= begins AT TIME ZONE 'UTC' AND at < ends AT TIME ZONE 'UTC');
            EXECUTE format('CREATE TABLE speeko.%I PARTITION OF speeko.attempt FOR VALUES FROM (%L) TO (%L)',
                           partition, begins AT TIME ZONE 'UTC', ends AT TIME ZONE 'UTC');
            made := made + 1;
        END LOOP;
        RETURN made;
    EXCEPTION WHEN lock_not_available OR duplicate_table OR unique_violation OR check_violation THEN
        RETURN 0;  -- others are at it, or at the ledger
    END $$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: account; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.account (
    name text NOT NULL,
    ceiling integer NOT NULL,
    "limit" integer NOT NULL,
    blocked_until timestamp with time zone,
    moved_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    moved_why text DEFAULT ''::text NOT NULL,
    too_high integer DEFAULT 0 NOT NULL,
    hold_seconds double precision DEFAULT 5 NOT NULL,
    probing boolean DEFAULT false NOT NULL,
    window_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    window_ended integer DEFAULT 0 NOT NULL,
    window_throttled integer DEFAULT 0 NOT NULL,
    window_failed integer DEFAULT 0 NOT NULL,
    window_saturated boolean DEFAULT false NOT NULL,
    failing_since timestamp with time zone,
    calls_a_minute integer DEFAULT 0 NOT NULL,
    chars_a_minute bigint DEFAULT 0 NOT NULL,
    calls_left double precision DEFAULT 0 NOT NULL,
    chars_left double precision DEFAULT 0 NOT NULL,
    retries_left double precision DEFAULT 10 NOT NULL,
    filled_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);


--
-- Name: alembic_version; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: attempt; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.attempt (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    job_id bigint NOT NULL,
    chunk_no integer NOT NULL,
    row_no bigint NOT NULL,
    key bytea NOT NULL,
    fence integer NOT NULL,
    claimant_id bigint NOT NULL,
    state text NOT NULL,
    tenant text NOT NULL,
    provider text NOT NULL,
    voice text NOT NULL,
    chars integer NOT NULL,
    cost_micros bigint NOT NULL,
    status smallint DEFAULT 0 NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    latency_millis integer,
    ever_unknown boolean DEFAULT false NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT attempt_state_check CHECK ((state = ANY (ARRAY['sending'::text, 'stored'::text, 'bad'::text, 'refused'::text, 'unknown'::text])))
)
PARTITION BY RANGE (at);


--
-- Name: attempt_2026_11; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.attempt_2026_11 (
    id bigint CONSTRAINT attempt_id_not_null NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() CONSTRAINT attempt_at_not_null NOT NULL,
    job_id bigint CONSTRAINT attempt_job_id_not_null NOT NULL,
    chunk_no integer CONSTRAINT attempt_chunk_no_not_null NOT NULL,
    row_no bigint CONSTRAINT attempt_row_no_not_null NOT NULL,
    key bytea CONSTRAINT attempt_key_not_null NOT NULL,
    fence integer CONSTRAINT attempt_fence_not_null NOT NULL,
    claimant_id bigint CONSTRAINT attempt_claimant_id_not_null NOT NULL,
    state text CONSTRAINT attempt_state_not_null NOT NULL,
    tenant text CONSTRAINT attempt_tenant_not_null NOT NULL,
    provider text CONSTRAINT attempt_provider_not_null NOT NULL,
    voice text CONSTRAINT attempt_voice_not_null NOT NULL,
    chars integer CONSTRAINT attempt_chars_not_null NOT NULL,
    cost_micros bigint CONSTRAINT attempt_cost_micros_not_null NOT NULL,
    status smallint DEFAULT 0 CONSTRAINT attempt_status_not_null NOT NULL,
    reason text DEFAULT ''::text CONSTRAINT attempt_reason_not_null NOT NULL,
    latency_millis integer,
    ever_unknown boolean DEFAULT false CONSTRAINT attempt_ever_unknown_not_null NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT attempt_state_check CHECK ((state = ANY (ARRAY['sending'::text, 'stored'::text, 'bad'::text, 'refused'::text, 'unknown'::text])))
);


--
-- Name: attempt_2026_12; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.attempt_2026_12 (
    id bigint CONSTRAINT attempt_id_not_null NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() CONSTRAINT attempt_at_not_null NOT NULL,
    job_id bigint CONSTRAINT attempt_job_id_not_null NOT NULL,
    chunk_no integer CONSTRAINT attempt_chunk_no_not_null NOT NULL,
    row_no bigint CONSTRAINT attempt_row_no_not_null NOT NULL,
    key bytea CONSTRAINT attempt_key_not_null NOT NULL,
    fence integer CONSTRAINT attempt_fence_not_null NOT NULL,
    claimant_id bigint CONSTRAINT attempt_claimant_id_not_null NOT NULL,
    state text CONSTRAINT attempt_state_not_null NOT NULL,
    tenant text CONSTRAINT attempt_tenant_not_null NOT NULL,
    provider text CONSTRAINT attempt_provider_not_null NOT NULL,
    voice text CONSTRAINT attempt_voice_not_null NOT NULL,
    chars integer CONSTRAINT attempt_chars_not_null NOT NULL,
    cost_micros bigint CONSTRAINT attempt_cost_micros_not_null NOT NULL,
    status smallint DEFAULT 0 CONSTRAINT attempt_status_not_null NOT NULL,
    reason text DEFAULT ''::text CONSTRAINT attempt_reason_not_null NOT NULL,
    latency_millis integer,
    ever_unknown boolean DEFAULT false CONSTRAINT attempt_ever_unknown_not_null NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT attempt_state_check CHECK ((state = ANY (ARRAY['sending'::text, 'stored'::text, 'bad'::text, 'refused'::text, 'unknown'::text])))
);


--
-- Name: attempt_2027_01; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.attempt_2027_01 (
    id bigint CONSTRAINT attempt_id_not_null NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() CONSTRAINT attempt_at_not_null NOT NULL,
    job_id bigint CONSTRAINT attempt_job_id_not_null NOT NULL,
    chunk_no integer CONSTRAINT attempt_chunk_no_not_null NOT NULL,
    row_no bigint CONSTRAINT attempt_row_no_not_null NOT NULL,
    key bytea CONSTRAINT attempt_key_not_null NOT NULL,
    fence integer CONSTRAINT attempt_fence_not_null NOT NULL,
    claimant_id bigint CONSTRAINT attempt_claimant_id_not_null NOT NULL,
    state text CONSTRAINT attempt_state_not_null NOT NULL,
    tenant text CONSTRAINT attempt_tenant_not_null NOT NULL,
    provider text CONSTRAINT attempt_provider_not_null NOT NULL,
    voice text CONSTRAINT attempt_voice_not_null NOT NULL,
    chars integer CONSTRAINT attempt_chars_not_null NOT NULL,
    cost_micros bigint CONSTRAINT attempt_cost_micros_not_null NOT NULL,
    status smallint DEFAULT 0 CONSTRAINT attempt_status_not_null NOT NULL,
    reason text DEFAULT ''::text CONSTRAINT attempt_reason_not_null NOT NULL,
    latency_millis integer,
    ever_unknown boolean DEFAULT false CONSTRAINT attempt_ever_unknown_not_null NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT attempt_state_check CHECK ((state = ANY (ARRAY['sending'::text, 'stored'::text, 'bad'::text, 'refused'::text, 'unknown'::text])))
);


--
-- Name: attempt_id_seq; Type: SEQUENCE; Schema: speeko; Owner: -
--

ALTER TABLE speeko.attempt ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME speeko.attempt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: attempt_other; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.attempt_other (
    id bigint CONSTRAINT attempt_id_not_null NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() CONSTRAINT attempt_at_not_null NOT NULL,
    job_id bigint CONSTRAINT attempt_job_id_not_null NOT NULL,
    chunk_no integer CONSTRAINT attempt_chunk_no_not_null NOT NULL,
    row_no bigint CONSTRAINT attempt_row_no_not_null NOT NULL,
    key bytea CONSTRAINT attempt_key_not_null NOT NULL,
    fence integer CONSTRAINT attempt_fence_not_null NOT NULL,
    claimant_id bigint CONSTRAINT attempt_claimant_id_not_null NOT NULL,
    state text CONSTRAINT attempt_state_not_null NOT NULL,
    tenant text CONSTRAINT attempt_tenant_not_null NOT NULL,
    provider text CONSTRAINT attempt_provider_not_null NOT NULL,
    voice text CONSTRAINT attempt_voice_not_null NOT NULL,
    chars integer CONSTRAINT attempt_chars_not_null NOT NULL,
    cost_micros bigint CONSTRAINT attempt_cost_micros_not_null NOT NULL,
    status smallint DEFAULT 0 CONSTRAINT attempt_status_not_null NOT NULL,
    reason text DEFAULT ''::text CONSTRAINT attempt_reason_not_null NOT NULL,
    latency_millis integer,
    ever_unknown boolean DEFAULT false CONSTRAINT attempt_ever_unknown_not_null NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT attempt_state_check CHECK ((state = ANY (ARRAY['sending'::text, 'stored'::text, 'bad'::text, 'refused'::text, 'unknown'::text])))
);


--
-- Name: chore; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.chore (
    name text NOT NULL,
    ended_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    runs bigint DEFAULT 0 NOT NULL,
    done bigint DEFAULT 0 NOT NULL
);


--
-- Name: chunk; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.chunk (
    job_id bigint NOT NULL,
    no integer NOT NULL,
    first_row bigint NOT NULL,
    last_row bigint NOT NULL,
    state text NOT NULL,
    missing integer DEFAULT 0 NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    claimant_id bigint,
    queued_at timestamp with time zone,
    started_at timestamp with time zone,
    ready_at timestamp with time zone,
    delivered_at timestamp with time zone,
    counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    unchanged jsonb DEFAULT '{}'::jsonb NOT NULL,
    saved jsonb DEFAULT '[]'::jsonb NOT NULL,
    CONSTRAINT chunk_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'synthesizing'::text, 'ready'::text, 'delivered'::text])))
);


--
-- Name: claimant; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.claimant (
    id bigint NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    lease_until timestamp with time zone NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);


--
-- Name: claimant_id_seq; Type: SEQUENCE; Schema: speeko; Owner: -
--

ALTER TABLE speeko.claimant ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME speeko.claimant_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: cost_daily; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.cost_daily (
    tenant text NOT NULL,
    day date NOT NULL,
    provider text NOT NULL,
    voice text NOT NULL,
    source text NOT NULL,
    requests bigint DEFAULT 0 NOT NULL,
    chars bigint DEFAULT 0 NOT NULL,
    micros bigint DEFAULT 0 NOT NULL,
    saved_micros bigint DEFAULT 0 NOT NULL
);


--
-- Name: delivered; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.delivered (
    destination_id bigint NOT NULL,
    path text NOT NULL,
    content bytea NOT NULL,
    job_id bigint NOT NULL,
    bytes bigint NOT NULL,
    millis bigint NOT NULL,
    source bigint DEFAULT '-1'::integer NOT NULL,
    voice text DEFAULT ''::text NOT NULL,
    language text DEFAULT ''::text NOT NULL,
    engine text DEFAULT ''::text NOT NULL,
    form text DEFAULT ''::text NOT NULL
);


--
-- Name: destination; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.destination (
    id bigint NOT NULL,
    url text NOT NULL,
    mark text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);


--
-- Name: destination_id_seq; Type: SEQUENCE; Schema: speeko; Owner: -
--

ALTER TABLE speeko.destination ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME speeko.destination_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: evicted; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.evicted (
    key bytea NOT NULL,
    fence integer NOT NULL,
    format text NOT NULL,
    store text NOT NULL
);


--
-- Name: hook; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.hook (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    job_id bigint NOT NULL,
    event text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    born_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone DEFAULT clock_timestamp(),
    delivered_at timestamp with time zone,
    error text DEFAULT ''::text NOT NULL,
    CONSTRAINT hook_event_check CHECK ((event = ANY (ARRAY['done'::text, 'failed'::text, 'paused'::text, 'cancelled'::text])))
);


--
-- Name: item; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.item (
    job_id bigint NOT NULL,
    row_no bigint NOT NULL,
    row_id text NOT NULL,
    path text,
    voice text,
    language text,
    chars integer DEFAULT 0 NOT NULL,
    keys bytea[],
    kept boolean DEFAULT false NOT NULL,
    skipped boolean DEFAULT false NOT NULL,
    error text,
    source text,
    source_sum bigint,
    change text
);


--
-- Name: job; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.job (
    id bigint NOT NULL,
    tenant text NOT NULL,
    state text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    spec jsonb NOT NULL,
    files jsonb DEFAULT '[]'::jsonb NOT NULL,
    plan jsonb DEFAULT '{}'::jsonb NOT NULL,
    destination_id bigint NOT NULL,
    budget_micros bigint,
    reserved_micros bigint DEFAULT 0 NOT NULL,
    spent_micros bigint DEFAULT 0 NOT NULL,
    possible_micros bigint DEFAULT 0 NOT NULL,
    calls bigint DEFAULT 0 NOT NULL,
    possible_calls bigint DEFAULT 0 NOT NULL,
    billed_chars bigint DEFAULT 0 NOT NULL,
    rows bigint DEFAULT 0 NOT NULL,
    skipped bigint DEFAULT 0 NOT NULL,
    chunks integer DEFAULT 0 NOT NULL,
    chunks_open integer DEFAULT 0 NOT NULL,
    delivered bigint DEFAULT 0 NOT NULL,
    unchanged bigint DEFAULT 0 NOT NULL,
    failed bigint DEFAULT 0 NOT NULL,
    refused bigint DEFAULT 0 NOT NULL,
    submitter_until timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    released_at timestamp with time zone,
    finished_at timestamp with time zone,
    finalized boolean DEFAULT false NOT NULL,
    uncounted_row bigint DEFAULT 1,
    pruned_at timestamp with time zone,
    emptied boolean DEFAULT false NOT NULL,
    sums jsonb DEFAULT '{}'::jsonb NOT NULL,
    reasons jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT job_state_check CHECK ((state = ANY (ARRAY['planning'::text, 'running'::text, 'paused'::text, 'finalizing'::text, 'done'::text, 'done_with_errors'::text, 'cancelled'::text])))
);


--
-- Name: job_cost; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.job_cost (
    job_id bigint NOT NULL,
    day date NOT NULL,
    provider text NOT NULL,
    source text NOT NULL,
    requests bigint DEFAULT 0 NOT NULL,
    chars bigint DEFAULT 0 NOT NULL,
    micros bigint DEFAULT 0 NOT NULL,
    saved_micros bigint DEFAULT 0 NOT NULL
);


--
-- Name: job_id_seq; Type: SEQUENCE; Schema: speeko; Owner: -
--

ALTER TABLE speeko.job ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME speeko.job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: job_words; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.job_words (
    job_id bigint NOT NULL,
    words text NOT NULL
);


--
-- Name: need; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.need (
    key bytea NOT NULL,
    job_id bigint NOT NULL,
    chunk_no integer NOT NULL
);


--
-- Name: permit; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.permit (
    account text NOT NULL,
    claimant_id bigint NOT NULL,
    held integer NOT NULL,
    busy integer NOT NULL,
    wants integer NOT NULL,
    until timestamp with time zone NOT NULL
);


--
-- Name: pulse; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.pulse (
    account text NOT NULL,
    at timestamp with time zone NOT NULL,
    "limit" integer NOT NULL,
    busy integer NOT NULL,
    wants integer NOT NULL
);


--
-- Name: refusal; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.refusal (
    provider text NOT NULL,
    status smallint NOT NULL,
    calls bigint NOT NULL
);


--
-- Name: schedule; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.schedule (
    id bigint NOT NULL,
    name text NOT NULL,
    tenant text NOT NULL,
    cron text NOT NULL,
    zone text NOT NULL,
    catch_up text NOT NULL,
    orders jsonb NOT NULL,
    paused boolean DEFAULT false NOT NULL,
    next_due timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT schedule_catch_up_check CHECK ((catch_up = ANY (ARRAY['last'::text, 'all'::text, 'none'::text])))
);


--
-- Name: schedule_id_seq; Type: SEQUENCE; Schema: speeko; Owner: -
--

ALTER TABLE speeko.schedule ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME speeko.schedule_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: schedule_run; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.schedule_run (
    id bigint NOT NULL,
    schedule_id bigint NOT NULL,
    due timestamp with time zone NOT NULL,
    by_hand boolean DEFAULT false NOT NULL,
    state text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    lease_until timestamp with time zone,
    job_id bigint,
    previous_job_id bigint,
    ended_at timestamp with time zone,
    CONSTRAINT schedule_run_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'planning'::text, 'submitted'::text, 'failed'::text, 'skipped'::text])))
);


--
-- Name: schedule_run_id_seq; Type: SEQUENCE; Schema: speeko; Owner: -
--

ALTER TABLE speeko.schedule_run ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME speeko.schedule_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: tenant; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.tenant (
    name text NOT NULL,
    weight double precision DEFAULT 1 NOT NULL,
    daily_micros bigint,
    monthly_micros bigint,
    CONSTRAINT tenant_weight_check CHECK ((weight > (0)::double precision))
);


--
-- Name: utterance; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.utterance (
    key bytea NOT NULL,
    state text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    voice text NOT NULL,
    language text NOT NULL,
    format text NOT NULL,
    chars integer NOT NULL,
    cost_micros bigint NOT NULL,
    text text NOT NULL,
    fence integer DEFAULT 0 NOT NULL,
    tries smallint DEFAULT 0 NOT NULL,
    bad smallint DEFAULT 0 NOT NULL,
    claimant_id bigint,
    bytes integer,
    millis integer,
    sha256 bytea,
    reason text DEFAULT ''::text NOT NULL,
    bought_job bigint,
    bought_row bigint,
    hits bigint DEFAULT 0 NOT NULL,
    last_hit timestamp with time zone,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT utterance_state_check CHECK ((state = ANY (ARRAY['missing'::text, 'claimed'::text, 'done'::text, 'failed'::text])))
)
WITH (fillfactor='90');


--
-- Name: voice_pace; Type: TABLE; Schema: speeko; Owner: -
--

CREATE TABLE speeko.voice_pace (
    provider text NOT NULL,
    model text NOT NULL,
    voice text NOT NULL,
    language text NOT NULL,
    calls bigint NOT NULL,
    chars bigint NOT NULL,
    millis bigint NOT NULL,
    latency_millis bigint NOT NULL
);


--
-- Name: attempt_2026_11; Type: TABLE ATTACH; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.attempt ATTACH PARTITION speeko.attempt_2026_11 FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00');


--
-- Name: attempt_2026_12; Type: TABLE ATTACH; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.attempt ATTACH PARTITION speeko.attempt_2026_12 FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');


--
-- Name: attempt_2027_01; Type: TABLE ATTACH; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.attempt ATTACH PARTITION speeko.attempt_2027_01 FOR VALUES FROM ('2027-01-01 00:00:00+00') TO ('2027-02-01 00:00:00+00');


--
-- Name: attempt_other; Type: TABLE ATTACH; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.attempt ATTACH PARTITION speeko.attempt_other DEFAULT;


--
-- Data for Name: account; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.account (name, ceiling, "limit", blocked_until, moved_at, moved_why, too_high, hold_seconds, probing, window_at, window_ended, window_throttled, window_failed, window_saturated, failing_since, calls_a_minute, chars_a_minute, calls_left, chars_left, retries_left, filled_at) FROM stdin;
speeko:bae341c22be4	4	4	\N	2026-11-30 17:36:29.873249+00	the start	0	5	f	2026-11-30 17:36:44.799216+00	29	0	0	t	\N	0	0	0	0	13.699752499999999	2026-11-30 17:36:45.660592+00
\.


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.alembic_version (version_num) FROM stdin;
0010
\.


--
-- Data for Name: attempt_2026_11; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.attempt_2026_11 (id, at, job_id, chunk_no, row_no, key, fence, claimant_id, state, tenant, provider, voice, chars, cost_micros, status, reason, latency_millis, ever_unknown, settled_at) FROM stdin;
1	2026-11-30 17:36:29.964179+00	1	1	1	\\xe14d66fe038b676247e877d8ae81ae7bb7e3e3f345d44a9863d4ab1816cfff68	1	1	stored	shop	speeko	kokoro-professional	39	586	200		736	f	2026-11-30 17:36:30.988086+00
2	2026-11-30 17:36:29.964482+00	1	1	2	\\xb764a69ea76a66484e3b60fb86800e5fa2f9a0216ec75050a8cb1c259d2f62d9	1	1	stored	shop	speeko	kokoro-professional	39	586	200		743	f	2026-11-30 17:36:30.988278+00
3	2026-11-30 17:36:29.964499+00	1	1	3	\\x15558389cd9f169d71fe29a5bf53462fb2e8808dd3d0ce8cc283f6b267b8c1db	1	1	stored	shop	speeko	kokoro-professional	39	586	200		743	f	2026-11-30 17:36:30.988293+00
4	2026-11-30 17:36:29.964512+00	1	1	4	\\x98b89bd3af75d3ddd6687392cfb9536e4bd1077f357bc02f69f2cefbfb4c465d	1	1	stored	shop	speeko	kokoro-professional	39	586	200		743	f	2026-11-30 17:36:30.988304+00
5	2026-11-30 17:36:30.021714+00	1	2	5	\\x01d82cda2fa32e3c0cd1f133d279f469041b76e95a091ddf676fa73bb11a7e9d	1	1	stored	shop	speeko	kokoro-professional	39	586	200		28	f	2026-11-30 17:36:30.988315+00
6	2026-11-30 17:36:30.021765+00	1	2	6	\\xd29b99b0a1b225fad126d64e506b7f2b4e53d7d8812f3675f10fe6e357e44db1	1	1	stored	shop	speeko	kokoro-professional	39	586	200		40	f	2026-11-30 17:36:30.988325+00
7	2026-11-30 17:36:30.021779+00	1	2	7	\\x33d154330977216a6f2d971cda517d01733aa2053e1b2fd1d4ede8b78635c9d0	1	1	stored	shop	speeko	kokoro-professional	39	586	200		39	f	2026-11-30 17:36:30.988335+00
8	2026-11-30 17:36:30.768269+00	1	2	8	\\xb6a86ab2731c6016a2c6d1773d76953062cb8756233f14a0a6a020f8dab92a30	1	1	stored	shop	speeko	kokoro-professional	39	586	200		43	f	2026-11-30 17:36:30.988345+00
9	2026-11-30 17:36:30.768322+00	1	3	9	\\x41d4d3634a6baeabdad7f39f7d8fffbe9a996ce8bca709bac1c16cc4b6837e57	1	1	stored	shop	speeko	kokoro-professional	39	586	200		43	f	2026-11-30 17:36:30.988355+00
10	2026-11-30 17:36:30.768336+00	1	3	10	\\xbb8f3c7f458dd29c1097139d77ba9c07fd4a302c88f4e14c94db805eaa399105	1	1	stored	shop	speeko	kokoro-professional	39	586	200		42	f	2026-11-30 17:36:30.988365+00
11	2026-11-30 17:36:30.768347+00	1	3	11	\\x5b2e18489057dab82cbd1bfbb35ef15c397c1a855f1e2a44c705d2548b8c8b12	1	1	stored	shop	speeko	kokoro-professional	40	601	200		42	f	2026-11-30 17:36:30.988375+00
12	2026-11-30 17:36:30.805928+00	1	3	12	\\x255e9445dcc668cd6c42cc93ee056d5e454bbd5614b1b5618d78a05adfdf44a8	1	1	stored	shop	speeko	kokoro-professional	40	601	200		124	f	2026-11-30 17:36:31.19727+00
13	2026-11-30 17:36:30.806001+00	1	4	13	\\x7734316d0679ae8d2605dafcca6eb2a72cae6dfeaf74aa1bb54af53f15510f42	1	1	stored	shop	speeko	kokoro-professional	40	601	200		124	f	2026-11-30 17:36:31.197443+00
14	2026-11-30 17:36:30.806023+00	1	4	14	\\x959368a7b1afe18fca63c72d480f1c5403147addea73c83b0035b99c751a28f9	1	1	stored	shop	speeko	kokoro-professional	40	601	200		119	f	2026-11-30 17:36:31.19746+00
15	2026-11-30 17:36:30.865737+00	1	4	15	\\x19b7939cf4c46790644b67e821f6be9e5c359c49157d5e2a1e54fea5e8ed9536	1	1	stored	shop	speeko	kokoro-professional	40	601	200		36	f	2026-11-30 17:36:31.197473+00
16	2026-11-30 17:36:30.866045+00	1	4	16	\\x8e6fc12143bae008845d4c8038c6c1b0db0cccac3c5f3270fd01522719aac578	1	1	stored	shop	speeko	kokoro-professional	40	601	200		38	f	2026-11-30 17:36:31.197485+00
17	2026-11-30 17:36:30.866071+00	1	5	17	\\xb189e14ed18888d12975b042096500461b94803c46fe912293c0e676e7e03684	1	1	stored	shop	speeko	kokoro-professional	40	601	200		29	f	2026-11-30 17:36:31.197497+00
18	2026-11-30 17:36:30.866094+00	1	5	18	\\x59bee42dd51987c751f917ee797629fb3f80b69d41a120a4115ffd5c53e36d2d	1	1	stored	shop	speeko	kokoro-professional	40	601	200		28	f	2026-11-30 17:36:31.197508+00
19	2026-11-30 17:36:31.032986+00	1	5	19	\\x04583095ddb738d6cd52ce589e60e82778a9ed5fbc4b807a9b7db9370bcb5524	1	1	stored	shop	speeko	kokoro-professional	40	601	200		30	f	2026-11-30 17:36:31.253764+00
20	2026-11-30 17:36:31.033239+00	1	5	20	\\x06507b9ff9aaf3ae6fcba4ef98830b08cdc5303b273d2c7154f2085163e0fdb0	1	1	stored	shop	speeko	kokoro-professional	40	601	200		31	f	2026-11-30 17:36:31.253964+00
21	2026-11-30 17:36:31.033254+00	1	6	21	\\xd77ae2ee9b440956258872eac8f995bf34e98246c09c5710c872009fd751942c	1	1	stored	shop	speeko	kokoro-professional	40	601	200		31	f	2026-11-30 17:36:31.253982+00
22	2026-11-30 17:36:31.033273+00	1	6	22	\\xe5f63df8517a87d728e3ee283b9fb0c78ba4a274797f1fe4da9733647a14dc6e	1	1	stored	shop	speeko	kokoro-professional	40	601	200		31	f	2026-11-30 17:36:31.253994+00
23	2026-11-30 17:36:31.04875+00	1	6	23	\\x6a9905e15a3b30a30a26f16bda15cda43c74fb5fbc6f4430be5ff30e5d9e920a	1	1	stored	shop	speeko	kokoro-professional	40	601	200		34	f	2026-11-30 17:36:31.254006+00
24	2026-11-30 17:36:31.04886+00	1	6	24	\\x78213fef33c9405a3a14ca19904bd1971fe8ff575ccdd2e1b0b8e1b7e277d884	1	1	stored	shop	speeko	kokoro-professional	40	601	200		50	f	2026-11-30 17:36:31.254017+00
25	2026-11-30 17:36:31.048877+00	1	7	25	\\xff086c6b510a640a4765697de6bb91d608b8f7e4f2e2eee44920462911fad770	1	1	stored	shop	speeko	kokoro-professional	40	601	200		50	f	2026-11-30 17:36:31.254029+00
26	2026-11-30 17:36:31.105386+00	1	7	26	\\x7c561e8971a73a0c89b439e9dcb15a82ddad5881a26f255a06bb71ee8ae864f5	1	1	stored	shop	speeko	kokoro-professional	74	1111	200		70	f	2026-11-30 17:36:31.332331+00
27	2026-11-30 17:36:31.105493+00	1	7	26	\\xef8303ce1ef6bba34ab368c3ad39dd903160d7096990c7b9e185ce38ec89f4d5	1	1	stored	shop	speeko	kokoro-professional	74	1111	200		69	f	2026-11-30 17:36:31.332391+00
28	2026-11-30 17:36:31.105526+00	1	7	26	\\x7c3a82fa212a366ec5f8530673701b56fd6d12ed6972de562de18392ec022827	1	1	stored	shop	speeko	kokoro-professional	74	1111	200		69	f	2026-11-30 17:36:31.332402+00
29	2026-11-30 17:36:31.105554+00	1	7	26	\\x6a07608982f244e03468b58685056548baede84dc80659e4b059ee0502327f1b	1	1	stored	shop	speeko	kokoro-professional	74	1111	200		68	f	2026-11-30 17:36:31.332409+00
30	2026-11-30 17:36:31.217548+00	1	7	26	\\xfc548c897241e4d5c1fcef444bf88dc8f5160d3821f973f54cea8a72c462f217	1	1	stored	shop	speeko	kokoro-professional	74	1111	200		33	f	2026-11-30 17:36:31.332416+00
31	2026-11-30 17:36:31.217622+00	1	7	26	\\x0ed4088c559c9dee8793ffab42a279cf3b771e3954ca4986cb2d7fe04914d983	1	1	stored	shop	speeko	kokoro-professional	74	1111	200		33	f	2026-11-30 17:36:31.332423+00
32	2026-11-30 17:36:31.21765+00	1	7	26	\\x9f60447d5937ea4c7187ac1bb0c8fc1dc4b8705fc1cbce3424fa985fbfe87379	1	1	stored	shop	speeko	kokoro-professional	74	1111	200		33	f	2026-11-30 17:36:31.332429+00
33	2026-11-30 17:36:31.271126+00	1	7	28	\\x90e3c78e5daea460fda402b918075a7cec195b199850f9f535bff8ee81b9b8fd	1	1	stored	shop	speeko	kokoro-professional	38	571	200		26	f	2026-11-30 17:36:31.332438+00
34	2026-11-30 17:36:31.271257+00	1	8	29	\\x48561ccf3634e42ccc695a3cef0dc8ac211714eb7a479ebce753b0cd11fdd3cb	1	1	stored	shop	speeko	kokoro-professional	38	571	200		26	f	2026-11-30 17:36:31.332446+00
35	2026-11-30 17:36:31.271282+00	1	7	26	\\x5a1ed3ae770e8130031a6167ae1a1780f0d0dab8c9d79f26364751623a43bf77	1	1	stored	shop	speeko	kokoro-professional	74	1111	200		26	f	2026-11-30 17:36:31.332453+00
36	2026-11-30 17:36:31.271301+00	1	7	26	\\x2d24ab9dd8db3521e654cc050996d3faf014202eb2649907830569678239391f	1	1	stored	shop	speeko	kokoro-professional	74	1111	200		26	f	2026-11-30 17:36:31.33246+00
37	2026-11-30 17:36:31.288937+00	1	8	30	\\xcf54c60c5af3fac1925518ce2bd9493f51c5c6037c0e889503dd8abf715e32a2	1	1	stored	shop	speeko	kokoro-professional	38	571	200		23	f	2026-11-30 17:36:31.462223+00
38	2026-11-30 17:36:31.289047+00	1	8	31	\\x04a6023b09596dd0e507862e8a35423ec1be6061cde6d139b0a7e45ceaba8507	1	1	stored	shop	speeko	kokoro-professional	38	571	200		23	f	2026-11-30 17:36:31.462286+00
39	2026-11-30 17:36:31.289068+00	1	8	32	\\xc62d68e8c133975c25ceb46848ba3e03331acff66aa48774a7bb531091f913c4	1	1	stored	shop	speeko	kokoro-professional	38	571	200		23	f	2026-11-30 17:36:31.462298+00
40	2026-11-30 17:36:32.980244+00	2	1	1	\\x5e2658254a1c1eee1d1432285707b0a5000fe06081a15f03a6a768db9e1823a4	1	2	stored	shop	speeko	kokoro-professional	39	586	200		43	f	2026-11-30 17:36:33.211844+00
41	2026-11-30 17:36:32.980325+00	2	1	2	\\x8afbea42d0f1674a843cf7e1c608de40e928fc344daf4ddece285db9a8b25912	1	2	stored	shop	speeko	kokoro-professional	39	586	200		51	f	2026-11-30 17:36:33.211908+00
42	2026-11-30 17:36:32.980342+00	2	1	3	\\x4d288cc4783cea16358eb1bbecc7ba511d139246d446fe2b8a5d00007bc45eab	1	2	stored	shop	speeko	kokoro-professional	39	586	200		54	f	2026-11-30 17:36:33.211919+00
43	2026-11-30 17:36:32.980353+00	2	1	4	\\x1b57d003f576497e1012c135b66dd4a496a321d212793ef4799331d297b45300	1	2	stored	shop	speeko	kokoro-professional	39	586	200		48	f	2026-11-30 17:36:33.211926+00
44	2026-11-30 17:36:33.014131+00	2	2	5	\\x2230900320b98a9ced088a194a94fbf45ac8e5bae5d76597cedba57868968235	1	2	stored	shop	speeko	kokoro-professional	39	586	200		30	f	2026-11-30 17:36:33.211933+00
45	2026-11-30 17:36:33.016806+00	2	2	6	\\x93379721d25fa842240e50abcbb3c7dedda11f70edfb69043922119d695b6cc6	1	2	stored	shop	speeko	kokoro-professional	39	586	200		42	f	2026-11-30 17:36:33.21194+00
46	2026-11-30 17:36:33.018844+00	2	2	7	\\x7783368bf6b22d6dc25be5c45d204419ac2739f7042d4cc336855e1f7e3d42de	1	2	stored	shop	speeko	kokoro-professional	39	586	200		41	f	2026-11-30 17:36:33.211946+00
47	2026-11-30 17:36:33.058156+00	2	2	8	\\x79987770ceb62aa62e73353e3f4a2218f53a46ff8ee393e976ee1949b34c01c6	1	2	stored	shop	speeko	kokoro-professional	39	586	200		33	f	2026-11-30 17:36:33.211953+00
48	2026-11-30 17:36:33.695526+00	3	1	1	\\xe4f4e3654e21e0191c85ec0c0ee6892db62384efe0808b8159d583e904d93369	1	3	sending	shop	speeko	kokoro-professional	39	586	0		\N	f	\N
49	2026-11-30 17:36:33.695857+00	3	1	2	\\x88eeed24b62587216294b013340d1e9efce8230924ac94704184d883e3667016	1	3	sending	shop	speeko	kokoro-professional	39	586	0		\N	f	\N
50	2026-11-30 17:36:33.695884+00	3	1	3	\\x63fc9cf45d934d6ba252fb28b485f6e6a61f2be0e33f58f40f13b6c3f6940efa	1	3	sending	shop	speeko	kokoro-professional	39	586	0		\N	f	\N
51	2026-11-30 17:36:33.696006+00	3	1	4	\\xa6e2df75a0b7bbfcdb15f5159cf0a9ccce1453df0603aa7c2a2af73431e7b912	1	3	sending	shop	speeko	kokoro-professional	39	586	0		\N	f	\N
52	2026-11-30 17:36:33.756006+00	3	2	5	\\x526d2ff06bb6a8abf80f782799b17e9f44dc6da3b0c267ccdf8aabdd3b72a555	1	3	sending	shop	speeko	kokoro-professional	39	586	0		\N	f	\N
53	2026-11-30 17:36:33.756262+00	3	2	6	\\x9b45ca0181213ca0ad384a8f71dd98945568bd2bbdb25b44099ccf8d3e4d054c	1	3	sending	shop	speeko	kokoro-professional	39	586	0		\N	f	\N
54	2026-11-30 17:36:33.756284+00	3	2	7	\\x6ccd1e7978edd887395469e5ad0b6c13e0565b638ec20989be5815f2b35f1c07	1	3	sending	shop	speeko	kokoro-professional	39	586	0		\N	f	\N
55	2026-11-30 17:36:33.823987+00	3	2	8	\\xc6b6f6d774748cf5d00ffe1df978a1188341ba4552a32b6ec45cd6bc58ba82ef	1	3	sending	shop	speeko	kokoro-professional	39	586	0		\N	f	\N
56	2026-11-30 17:36:33.82405+00	3	3	9	\\x6ffdff5059b7a6fb713a81e782fb227dc3c22b135f7eb58f63d695790cc06044	1	3	sending	shop	speeko	kokoro-professional	39	586	0		\N	f	\N
57	2026-11-30 17:36:34.338749+00	4	1	1	\\x10342446d9adc2da37499fcfd9597c7d434172c2c1184f7ab2d8158adcbd831f	1	4	stored	shop	speeko	kokoro-professional	38	571	200		56	f	2026-11-30 17:36:43.950316+00
58	2026-11-30 17:36:34.338837+00	4	1	2	\\xf023a0c6b9b1ed52a36266b88db33775abc7ac2683d1e019da6994a576867087	1	4	stored	shop	speeko	kokoro-professional	38	571	200		54	f	2026-11-30 17:36:43.950452+00
59	2026-11-30 17:36:43.709958+00	4	1	3	\\x8ad5e275883f2dff6b76c5b8ffa898b43b869077f37924001911672ce8107389	1	4	stored	shop	speeko	kokoro-professional	38	571	200		71	f	2026-11-30 17:36:43.950468+00
60	2026-11-30 17:36:43.710035+00	4	1	4	\\xe9926df426217116c35aace6156f112c31c277430de038a92a022c718a22d905	1	4	stored	shop	speeko	kokoro-professional	38	571	200		68	f	2026-11-30 17:36:43.950479+00
61	2026-11-30 17:36:43.747559+00	4	2	5	\\xe4061c5175992734c571b98c7324dbfbb3cd82265b9456d17c4951ea91ab5fc8	1	4	stored	shop	speeko	kokoro-professional	38	571	200		113	f	2026-11-30 17:36:44.042553+00
62	2026-11-30 17:36:43.747622+00	4	2	6	\\xdcab72633fb7964873c504a24d98cc004b54363d12598c08449fdfe08a705189	1	4	stored	shop	speeko	kokoro-professional	38	571	200		113	f	2026-11-30 17:36:44.042648+00
63	2026-11-30 17:36:43.747722+00	4	2	7	\\x52742b77d041750f20efcb38c6b4db7a10b9532b488967359586d56fab32e5c5	1	4	stored	shop	speeko	kokoro-professional	38	571	200		89	f	2026-11-30 17:36:44.042667+00
64	2026-11-30 17:36:43.747739+00	4	2	8	\\x09217a49e0caefed4516956e44b40ec9486e13e729f91bbe128ffbb8a8390f61	1	4	stored	shop	speeko	kokoro-professional	38	571	200		88	f	2026-11-30 17:36:44.04268+00
69	2026-11-30 17:36:44.062216+00	4	4	13	\\x66c78a0b08b0c325d73aa9fc1d61d654550b99766f715d8c2950bab4fd4a2fc3	1	4	stored	shop	speeko	kokoro-professional	39	586	200		43	f	2026-11-30 17:36:44.208786+00
70	2026-11-30 17:36:44.062322+00	4	4	14	\\xc4836ad7cb326140bdbd2319a64e4074659d0d1fea3d1dcf1d07f4b9c52d0b9c	1	4	stored	shop	speeko	kokoro-professional	39	586	200		43	f	2026-11-30 17:36:44.208814+00
71	2026-11-30 17:36:44.062355+00	4	4	15	\\xe4d90ef1c11c3af5cb6c402243c6e9f3940b48e92d8479263481243859971a30	1	4	stored	shop	speeko	kokoro-professional	39	586	200		42	f	2026-11-30 17:36:44.208837+00
72	2026-11-30 17:36:44.062385+00	4	4	16	\\x31376268f99488fdfeec55c41e4120f9c1f2594f7b7ee6a2c641d1632f78361c	1	4	stored	shop	speeko	kokoro-professional	39	586	200		42	f	2026-11-30 17:36:44.208861+00
73	2026-11-30 17:36:44.083054+00	4	5	17	\\xa582c21f9f4f79d3285e2fea976b7396de3d79bf63129a60488c3532f6ffa863	1	4	stored	shop	speeko	kokoro-professional	39	586	200		48	f	2026-11-30 17:36:44.208884+00
74	2026-11-30 17:36:44.083128+00	4	5	18	\\x3a5ab495da446c222f7bb6208e0d893ca2277d41d66d611e1ae7dd2296835434	1	4	stored	shop	speeko	kokoro-professional	39	586	200		47	f	2026-11-30 17:36:44.208906+00
75	2026-11-30 17:36:44.083151+00	4	5	19	\\x419b1f155aa0facb64182e6d903823952730b22e6a13923a8cc0568136514431	1	4	stored	shop	speeko	kokoro-professional	39	586	200		47	f	2026-11-30 17:36:44.208927+00
76	2026-11-30 17:36:44.842362+00	5	1	1	\\x1b15356180c2e3d7da980ec930049bb08f9a2dba474a36306d8329a06c45b7f2	1	5	stored	shop	speeko	kokoro-professional	39	586	200		87	f	2026-11-30 17:36:45.094575+00
77	2026-11-30 17:36:44.842459+00	5	1	2	\\xd51c0bcd66d874bf225f55e5cf5862536e9fef3a9ebeaaa1b11912cc046f9d4d	1	5	stored	shop	speeko	kokoro-professional	39	586	200		87	f	2026-11-30 17:36:45.094658+00
78	2026-11-30 17:36:44.842497+00	5	1	3	\\x5ba042df92695815ce26aaa957ceab1ef77947dc314f9ba366f7102e8b966b28	1	5	stored	shop	speeko	kokoro-professional	39	586	200		72	f	2026-11-30 17:36:45.094674+00
79	2026-11-30 17:36:44.84791+00	5	1	4	\\xbffe2e07a2f109c00b3b428d520dcb7cd3d3fdf52249e26c0391b84c0b535311	1	5	stored	shop	speeko	kokoro-professional	39	586	200		63	f	2026-11-30 17:36:45.094686+00
80	2026-11-30 17:36:44.847961+00	5	1	5	\\xabb91e286afa2bebd8843fe7f11cf5b170258c91ecee382927e661fb49c6a421	1	5	stored	shop	speeko	kokoro-professional	39	586	200		44	f	2026-11-30 17:36:45.094698+00
81	2026-11-30 17:36:44.949483+00	5	2	6	\\xdf5246894e3fa67cbb53a5f85568b03a5ea80b379e92d3ebda94f5ce8cb52bd3	1	5	stored	shop	speeko	kokoro-professional	39	586	200		36	f	2026-11-30 17:36:45.094709+00
82	2026-11-30 17:36:44.951003+00	5	2	7	\\xd4df8fe2c9a371ad8efec8cd141ce6b6248db80b9e6b77e88108be30d76c19ab	1	5	stored	shop	speeko	kokoro-professional	39	586	200		36	f	2026-11-30 17:36:45.09472+00
100	2026-11-30 17:36:45.858211+00	5	7	31	\\xc0897689164b8a09676dd54c51b10478485584261c39b231a46119b62c588295	1	6	stored	shop	speeko	kokoro-professional	40	601	200		55	f	2026-11-30 17:36:46.074829+00
101	2026-11-30 17:36:45.858318+00	5	7	32	\\x6721fd262732ec894689f2e57b67e477c43910a4022e4535a193ee6585a66228	1	6	stored	shop	speeko	kokoro-professional	40	601	200		68	f	2026-11-30 17:36:46.07492+00
102	2026-11-30 17:36:45.858401+00	5	7	33	\\x2f25f7c3b23308831ae8e1e482532d4ec91883059be1ac7e8d8384b064d0096c	1	6	stored	shop	speeko	kokoro-professional	40	601	200		68	f	2026-11-30 17:36:46.074939+00
103	2026-11-30 17:36:45.858421+00	5	7	34	\\x800d70ac34a53999aa0f6695281307367a21a9e5120bb75ae3f2be1d55a7276b	1	6	stored	shop	speeko	kokoro-professional	40	601	200		68	f	2026-11-30 17:36:46.074952+00
104	2026-11-30 17:36:45.918016+00	5	7	35	\\xbaa332730b599c8a648ad9897c39c442589d87595704c6633beae7de30ba6a7e	1	6	stored	shop	speeko	kokoro-professional	40	601	200		66	f	2026-11-30 17:36:46.074963+00
65	2026-11-30 17:36:43.881203+00	4	3	9	\\x468053465598d2ccb222980927a34cb8e55ec9313d8de06875295307752806d8	1	4	stored	shop	speeko	kokoro-professional	38	571	200		50	f	2026-11-30 17:36:44.042699+00
66	2026-11-30 17:36:43.881416+00	4	3	10	\\xfc8e29bde2949a68e0143229835fa318223592ba0e64f0a15485ec06cf8ff922	1	4	stored	shop	speeko	kokoro-professional	38	571	200		52	f	2026-11-30 17:36:44.042711+00
67	2026-11-30 17:36:43.881445+00	4	3	11	\\x12a683e17b31fdf450b86c6479a633a0c692c0e67d4d2e0e2e274a9a44b8f55c	1	4	stored	shop	speeko	kokoro-professional	39	586	200		52	f	2026-11-30 17:36:44.042723+00
68	2026-11-30 17:36:43.980646+00	4	3	12	\\x2314505c4b718cd47465a06e0f9a65a7cb47ddf0bf24dba7107e8b3060ce7592	1	4	stored	shop	speeko	kokoro-professional	39	586	200		39	f	2026-11-30 17:36:44.208703+00
83	2026-11-30 17:36:44.9637+00	5	2	8	\\x8d62344c50052433fcc53270cf8d38a1428592788c6b9571ac96bb961350e045	1	5	stored	shop	speeko	kokoro-professional	39	586	200		53	f	2026-11-30 17:36:45.094731+00
84	2026-11-30 17:36:44.96378+00	5	2	9	\\x76233d68ed9a1f27dbfef6dc9e1a7c483895e500648b1de215df1351011c629c	1	5	stored	shop	speeko	kokoro-professional	39	586	200		47	f	2026-11-30 17:36:45.094743+00
85	2026-11-30 17:36:44.963805+00	5	2	10	\\x9b5fc878da3ad3ef892f22d329c358e3728839b62dda5686cb7749e35283bffa	1	5	stored	shop	speeko	kokoro-professional	39	586	200		37	f	2026-11-30 17:36:45.094754+00
86	2026-11-30 17:36:45.00687+00	5	3	11	\\x6207b556276e2c86685b46a7fa9f0f9bca51f277409824e378062a8efac5767f	1	5	stored	shop	speeko	kokoro-professional	40	601	200		26	f	2026-11-30 17:36:45.309924+00
87	2026-11-30 17:36:45.006956+00	5	3	12	\\xde705816b195e1f0ba0812772002a72dc2b9fa8cc1b5439459b868266c21fa63	1	5	stored	shop	speeko	kokoro-professional	40	601	200		25	f	2026-11-30 17:36:45.310019+00
88	2026-11-30 17:36:45.006977+00	5	3	13	\\x6f11909c4cea38da4aff55494f7bf3dd5fbc3f40aeed9a6b0bb736aeb7fef8db	1	5	stored	shop	speeko	kokoro-professional	40	601	200		24	f	2026-11-30 17:36:45.310038+00
89	2026-11-30 17:36:45.006994+00	5	3	14	\\x2d7077c77a10859e5affec0518604cc854386e49db9dde8afd53d1e4d131c0a6	1	5	stored	shop	speeko	kokoro-professional	40	601	200		24	f	2026-11-30 17:36:45.310053+00
90	2026-11-30 17:36:45.701736+00	5	5	21	\\xf10de4993d80d124e131941354ed3e09aa4d020285b3262be26d5f43d5fa45b1	1	6	stored	shop	speeko	kokoro-professional	40	601	200		55	f	2026-11-30 17:36:45.994668+00
91	2026-11-30 17:36:45.701805+00	5	5	22	\\x94413f1b4d7f6d0c681bd56cc2ba81ac715b08c8736e469f0a5dbf805c6b98fe	1	6	stored	shop	speeko	kokoro-professional	40	601	200		68	f	2026-11-30 17:36:45.994746+00
92	2026-11-30 17:36:45.70189+00	5	5	23	\\xd42e5510ba898608e01b4ea5b776a7fe57a2945d29643ac39c179499e059ce38	1	6	stored	shop	speeko	kokoro-professional	40	601	200		68	f	2026-11-30 17:36:45.994763+00
93	2026-11-30 17:36:45.70191+00	5	5	24	\\x31f327ba552916a14c5c4fc715dc8ac447d6716652bcaa88cda7ec1bd94f653d	1	6	stored	shop	speeko	kokoro-professional	40	601	200		68	f	2026-11-30 17:36:45.994775+00
94	2026-11-30 17:36:45.701931+00	5	5	25	\\x383f7ae4cddc94cb8bdef84bf52731f5c2872c25c31d35651ee6e8330235f48a	1	6	stored	shop	speeko	kokoro-professional	40	601	200		34	f	2026-11-30 17:36:45.994786+00
95	2026-11-30 17:36:45.762473+00	5	6	26	\\x9e0bfdac309d47157c315a21c4bd97bdd2665a2c5bbaf70949fa9191099ac280	1	6	stored	shop	speeko	kokoro-professional	40	601	200		32	f	2026-11-30 17:36:45.994798+00
96	2026-11-30 17:36:45.762546+00	5	6	27	\\xb58c8808078e1c3f8425600bba8e000501288fbf822604fbeb8939c9354d1761	1	6	stored	shop	speeko	kokoro-professional	40	601	200		32	f	2026-11-30 17:36:45.994809+00
97	2026-11-30 17:36:45.803661+00	5	6	28	\\x3b8c422071dd7327a0dc8c2607b41a0b6fc2653f467e07836163fda9b4abe022	1	6	stored	shop	speeko	kokoro-professional	40	601	200		55	f	2026-11-30 17:36:45.994821+00
98	2026-11-30 17:36:45.803735+00	5	6	29	\\xccd137d7737203de5ff59143ff84114196940eb96663fdb817297cb474c32a8f	1	6	stored	shop	speeko	kokoro-professional	40	601	200		55	f	2026-11-30 17:36:45.994832+00
99	2026-11-30 17:36:45.803758+00	5	6	30	\\xba9e47cc0e7c94d1de0edad139fef591208538c139347705f32a0c5a0e85765e	1	6	stored	shop	speeko	kokoro-professional	40	601	200		55	f	2026-11-30 17:36:45.994842+00
\.


--
-- Data for Name: attempt_2026_12; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.attempt_2026_12 (id, at, job_id, chunk_no, row_no, key, fence, claimant_id, state, tenant, provider, voice, chars, cost_micros, status, reason, latency_millis, ever_unknown, settled_at) FROM stdin;
\.


--
-- Data for Name: attempt_2027_01; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.attempt_2027_01 (id, at, job_id, chunk_no, row_no, key, fence, claimant_id, state, tenant, provider, voice, chars, cost_micros, status, reason, latency_millis, ever_unknown, settled_at) FROM stdin;
\.


--
-- Data for Name: attempt_other; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.attempt_other (id, at, job_id, chunk_no, row_no, key, fence, claimant_id, state, tenant, provider, voice, chars, cost_micros, status, reason, latency_millis, ever_unknown, settled_at) FROM stdin;
\.


--
-- Data for Name: chore; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.chore (name, ended_at, runs, done) FROM stdin;
\.


--
-- Data for Name: chunk; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.chunk (job_id, no, first_row, last_row, state, missing, attempt, claimant_id, queued_at, started_at, ready_at, delivered_at, counts, unchanged, saved) FROM stdin;
1	7	25	28	delivered	0	1	\N	2026-11-30 17:36:28.706017+00	2026-11-30 17:36:30.951022+00	2026-11-30 17:36:31.349516+00	2026-11-30 17:36:31.993083+00	{"chars": 783, "failed": 0, "refused": 0, "delivered": 4, "duplicate": 1, "unchanged": 0, "audio_bytes": 56994, "list_micros": 11757, "synthesized": 3, "audio_millis": 6433}	{}	[["kokoro-professional", "duplicate", 1, 39, 586]]
1	8	29	32	delivered	0	1	\N	2026-11-30 17:36:28.706023+00	2026-11-30 17:36:31.163204+00	2026-11-30 17:36:31.465931+00	2026-11-30 17:36:32.010805+00	{"chars": 152, "failed": 0, "refused": 0, "delivered": 4, "unchanged": 0, "audio_bytes": 16184, "list_micros": 2284, "synthesized": 4, "audio_millis": 2144}	{}	[]
1	1	1	4	delivered	0	1	\N	2026-11-30 17:36:28.70587+00	2026-11-30 17:36:29.864947+00	2026-11-30 17:36:30.997328+00	2026-11-30 17:36:31.514854+00	{"chars": 156, "failed": 0, "refused": 0, "delivered": 4, "unchanged": 0, "audio_bytes": 16184, "list_micros": 2344, "synthesized": 4, "audio_millis": 2144}	{}	[]
1	2	5	8	delivered	0	1	\N	2026-11-30 17:36:28.705981+00	2026-11-30 17:36:29.937454+00	2026-11-30 17:36:30.997395+00	2026-11-30 17:36:31.548509+00	{"chars": 156, "failed": 0, "refused": 0, "delivered": 4, "unchanged": 0, "audio_bytes": 16184, "list_micros": 2344, "synthesized": 4, "audio_millis": 2144}	{}	[]
1	3	9	12	delivered	0	1	\N	2026-11-30 17:36:28.705992+00	2026-11-30 17:36:29.960403+00	2026-11-30 17:36:31.206144+00	2026-11-30 17:36:31.583006+00	{"chars": 158, "failed": 0, "refused": 0, "delivered": 4, "unchanged": 0, "audio_bytes": 16184, "list_micros": 2374, "synthesized": 4, "audio_millis": 2144}	{}	[]
1	4	13	16	delivered	0	1	\N	2026-11-30 17:36:28.706+00	2026-11-30 17:36:30.043717+00	2026-11-30 17:36:31.206252+00	2026-11-30 17:36:31.619439+00	{"chars": 160, "failed": 0, "refused": 0, "delivered": 4, "unchanged": 0, "audio_bytes": 16184, "list_micros": 2404, "synthesized": 4, "audio_millis": 2144}	{}	[]
1	5	17	20	delivered	0	1	\N	2026-11-30 17:36:28.706005+00	2026-11-30 17:36:30.790549+00	2026-11-30 17:36:31.260485+00	2026-11-30 17:36:31.668622+00	{"chars": 160, "failed": 0, "refused": 0, "delivered": 4, "unchanged": 0, "audio_bytes": 16184, "list_micros": 2404, "synthesized": 4, "audio_millis": 2144}	{}	[]
1	6	21	24	delivered	0	1	\N	2026-11-30 17:36:28.706011+00	2026-11-30 17:36:30.834391+00	2026-11-30 17:36:31.260576+00	2026-11-30 17:36:31.736015+00	{"chars": 160, "failed": 0, "refused": 0, "delivered": 4, "unchanged": 0, "audio_bytes": 16184, "list_micros": 2404, "synthesized": 4, "audio_millis": 2144}	{}	[]
2	3	9	12	delivered	0	1	\N	2026-11-30 17:36:32.749441+00	2026-11-30 17:36:33.012866+00	\N	2026-11-30 17:36:33.036719+00	{"cache": 4, "chars": 152, "failed": 0, "refused": 0, "delivered": 4, "unchanged": 0, "audio_bytes": 16184, "list_micros": 2284, "audio_millis": 2144}	{}	[["kokoro-professional", "cache", 4, 152, 2284]]
2	4	13	13	delivered	0	1	\N	2026-11-30 17:36:32.749453+00	2026-11-30 17:36:33.070372+00	\N	2026-11-30 17:36:33.095623+00	{"cache": 1, "chars": 38, "failed": 0, "refused": 0, "delivered": 1, "unchanged": 0, "audio_bytes": 4046, "list_micros": 571, "audio_millis": 536}	{}	[["kokoro-professional", "cache", 1, 38, 571]]
2	1	1	4	delivered	0	1	\N	2026-11-30 17:36:32.749356+00	2026-11-30 17:36:32.885007+00	2026-11-30 17:36:33.217482+00	2026-11-30 17:36:33.258505+00	{"chars": 156, "failed": 0, "refused": 0, "delivered": 4, "unchanged": 0, "audio_bytes": 16184, "list_micros": 2344, "synthesized": 4, "audio_millis": 2144}	{}	[]
2	2	5	8	delivered	0	1	\N	2026-11-30 17:36:32.749425+00	2026-11-30 17:36:32.969793+00	2026-11-30 17:36:33.217536+00	2026-11-30 17:36:33.301272+00	{"chars": 156, "failed": 0, "refused": 0, "delivered": 4, "unchanged": 0, "audio_bytes": 16184, "list_micros": 2344, "synthesized": 4, "audio_millis": 2144}	{}	[]
3	1	1	4	synthesizing	4	1	\N	2026-11-30 17:36:33.547301+00	2026-11-30 17:36:33.590477+00	\N	\N	{}	{}	[]
3	2	5	8	synthesizing	4	1	\N	2026-11-30 17:36:33.54737+00	2026-11-30 17:36:33.669239+00	\N	\N	{}	{}	[]
3	3	9	12	synthesizing	4	1	\N	2026-11-30 17:36:33.547381+00	2026-11-30 17:36:33.703437+00	\N	\N	{}	{}	[]
4	7	25	28	planned	0	0	\N	2026-11-30 17:36:34.135708+00	\N	\N	\N	{}	{}	[]
4	8	29	32	planned	0	0	\N	2026-11-30 17:36:34.135719+00	\N	\N	\N	{}	{}	[]
4	9	33	35	planned	0	0	\N	2026-11-30 17:36:34.13573+00	\N	\N	\N	{}	{}	[]
4	3	9	12	ready	0	1	4	2026-11-30 17:36:34.135663+00	2026-11-30 17:36:43.744622+00	2026-11-30 17:36:44.210903+00	\N	{}	{}	[]
4	4	13	16	ready	0	1	4	2026-11-30 17:36:34.135675+00	2026-11-30 17:36:43.803462+00	2026-11-30 17:36:44.210967+00	\N	{}	{}	[]
4	1	1	4	ready	0	1	4	2026-11-30 17:36:34.135582+00	2026-11-30 17:36:34.239555+00	2026-11-30 17:36:43.957564+00	\N	{}	{}	[]
4	2	5	8	ready	0	1	4	2026-11-30 17:36:34.135647+00	2026-11-30 17:36:43.701039+00	2026-11-30 17:36:44.04994+00	\N	{}	{}	[]
4	5	17	20	synthesizing	1	1	\N	2026-11-30 17:36:34.135687+00	2026-11-30 17:36:43.949602+00	\N	\N	{}	{}	[]
4	6	21	24	synthesizing	4	1	\N	2026-11-30 17:36:34.135697+00	2026-11-30 17:36:44.046031+00	\N	\N	{}	{}	[]
5	1	1	5	delivered	0	1	\N	2026-11-30 17:36:44.54692+00	2026-11-30 17:36:44.765888+00	2026-11-30 17:36:45.105848+00	2026-11-30 17:36:45.413111+00	{"chars": 195, "failed": 0, "refused": 0, "delivered": 5, "unchanged": 0, "audio_bytes": 20230, "list_micros": 2930, "synthesized": 5, "audio_millis": 2680}	{}	[]
5	3	11	15	synthesizing	1	1	\N	2026-11-30 17:36:44.547012+00	2026-11-30 17:36:44.939254+00	\N	\N	{}	{}	[]
5	4	16	20	synthesizing	5	1	\N	2026-11-30 17:36:44.547024+00	2026-11-30 17:36:45.004303+00	\N	\N	{}	{}	[]
5	2	6	10	delivered	0	1	\N	2026-11-30 17:36:44.546996+00	2026-11-30 17:36:44.853192+00	2026-11-30 17:36:45.105924+00	2026-11-30 17:36:45.521831+00	{"chars": 195, "failed": 0, "refused": 0, "delivered": 5, "unchanged": 0, "audio_bytes": 20230, "list_micros": 2930, "synthesized": 5, "audio_millis": 2680}	{}	[]
5	5	21	25	ready	0	1	6	2026-11-30 17:36:44.547036+00	2026-11-30 17:36:45.612227+00	2026-11-30 17:36:46.008727+00	\N	{}	{}	[]
5	9	41	45	planned	0	0	\N	2026-11-30 17:36:44.547082+00	\N	\N	\N	{}	{}	[]
5	10	46	50	planned	0	0	\N	2026-11-30 17:36:44.547094+00	\N	\N	\N	{}	{}	[]
5	11	51	55	planned	0	0	\N	2026-11-30 17:36:44.547105+00	\N	\N	\N	{}	{}	[]
5	12	56	60	planned	0	0	\N	2026-11-30 17:36:44.547116+00	\N	\N	\N	{}	{}	[]
5	13	61	65	planned	0	0	\N	2026-11-30 17:36:44.547126+00	\N	\N	\N	{}	{}	[]
5	8	36	40	synthesizing	5	1	\N	2026-11-30 17:36:44.547069+00	2026-11-30 17:36:45.828565+00	\N	\N	{}	{}	[]
5	6	26	30	ready	0	1	6	2026-11-30 17:36:44.547046+00	2026-11-30 17:36:45.698413+00	2026-11-30 17:36:46.008805+00	\N	{}	{}	[]
5	7	31	35	ready	0	1	6	2026-11-30 17:36:44.547058+00	2026-11-30 17:36:45.75763+00	2026-11-30 17:36:46.087309+00	\N	{}	{}	[]
\.


--
-- Data for Name: claimant; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.claimant (id, host, pid, lease_until, started_at) FROM stdin;
3	vm	12536	2026-11-30 17:37:03.625135+00	2026-11-30 17:36:33.586931+00
\.


--
-- Data for Name: cost_daily; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.cost_daily (tenant, day, provider, voice, source, requests, chars, micros, saved_micros) FROM stdin;
shop	2026-11-30	speeko	kokoro-professional	duplicate	1	39	0	586
shop	2026-11-30	speeko	kokoro-professional	cache	5	190	0	2855
shop	2026-11-30	speeko	kokoro-professional	synthesized	95	4039	60680	0
\.


--
-- Data for Name: delivered; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.delivered (destination_id, path, content, job_id, bytes, millis, source, voice, language, engine, form) FROM stdin;
1	plum-00.mp3	\\xe14d66fe038b676247e877d8ae81ae7bb7e3e3f345d44a9863d4ab1816cfff68	1	4046	536	260397024	kokoro-professional		speeko kokoro 1	mp3
1	plum-01.mp3	\\xb764a69ea76a66484e3b60fb86800e5fa2f9a0216ec75050a8cb1c259d2f62d9	1	4046	536	2499198260	kokoro-professional		speeko kokoro 1	mp3
1	plum-02.mp3	\\x15558389cd9f169d71fe29a5bf53462fb2e8808dd3d0ce8cc283f6b267b8c1db	1	4046	536	3792929801	kokoro-professional		speeko kokoro 1	mp3
1	plum-03.mp3	\\x98b89bd3af75d3ddd6687392cfb9536e4bd1077f357bc02f69f2cefbfb4c465d	1	4046	536	2036362973	kokoro-professional		speeko kokoro 1	mp3
1	plum-04.mp3	\\x01d82cda2fa32e3c0cd1f133d279f469041b76e95a091ddf676fa73bb11a7e9d	1	4046	536	265942643	kokoro-professional		speeko kokoro 1	mp3
1	plum-05.mp3	\\xd29b99b0a1b225fad126d64e506b7f2b4e53d7d8812f3675f10fe6e357e44db1	1	4046	536	2494176423	kokoro-professional		speeko kokoro 1	mp3
1	plum-06.mp3	\\x33d154330977216a6f2d971cda517d01733aa2053e1b2fd1d4ede8b78635c9d0	1	4046	536	3796837786	kokoro-professional		speeko kokoro 1	mp3
1	plum-07.mp3	\\xb6a86ab2731c6016a2c6d1773d76953062cb8756233f14a0a6a020f8dab92a30	1	4046	536	2034028366	kokoro-professional		speeko kokoro 1	mp3
1	plum-08.mp3	\\x41d4d3634a6baeabdad7f39f7d8fffbe9a996ce8bca709bac1c16cc4b6837e57	1	4046	536	255595718	kokoro-professional		speeko kokoro 1	mp3
1	plum-09.mp3	\\xbb8f3c7f458dd29c1097139d77ba9c07fd4a302c88f4e14c94db805eaa399105	1	4046	536	2488270354	kokoro-professional		speeko kokoro 1	mp3
1	plum-10.mp3	\\x5b2e18489057dab82cbd1bfbb35ef15c397c1a855f1e2a44c705d2548b8c8b12	1	4046	536	2346690250	kokoro-professional		speeko kokoro 1	mp3
1	plum-11.mp3	\\x255e9445dcc668cd6c42cc93ee056d5e454bbd5614b1b5618d78a05adfdf44a8	1	4046	536	279727134	kokoro-professional		speeko kokoro 1	mp3
1	plum-12.mp3	\\x7734316d0679ae8d2605dafcca6eb2a72cae6dfeaf74aa1bb54af53f15510f42	1	4046	536	1716090147	kokoro-professional		speeko kokoro 1	mp3
1	plum-13.mp3	\\x959368a7b1afe18fca63c72d480f1c5403147addea73c83b0035b99c751a28f9	1	4046	536	4248477687	kokoro-professional		speeko kokoro 1	mp3
1	plum-14.mp3	\\x19b7939cf4c46790644b67e821f6be9e5c359c49157d5e2a1e54fea5e8ed9536	1	4046	536	2340620121	kokoro-professional		speeko kokoro 1	mp3
1	plum-15.mp3	\\x8e6fc12143bae008845d4c8038c6c1b0db0cccac3c5f3270fd01522719aac578	1	4046	536	284224909	kokoro-professional		speeko kokoro 1	mp3
1	plum-16.mp3	\\xb189e14ed18888d12975b042096500461b94803c46fe912293c0e676e7e03684	1	4046	536	1712706736	kokoro-professional		speeko kokoro 1	mp3
1	plum-17.mp3	\\x59bee42dd51987c751f917ee797629fb3f80b69d41a120a4115ffd5c53e36d2d	1	4046	536	4251336292	kokoro-professional		speeko kokoro 1	mp3
1	plum-18.mp3	\\x04583095ddb738d6cd52ce589e60e82778a9ed5fbc4b807a9b7db9370bcb5524	1	4046	536	2338776556	kokoro-professional		speeko kokoro 1	mp3
1	plum-19.mp3	\\x06507b9ff9aaf3ae6fcba4ef98830b08cdc5303b273d2c7154f2085163e0fdb0	1	4046	536	269815608	kokoro-professional		speeko kokoro 1	mp3
1	plum-20.mp3	\\xd77ae2ee9b440956258872eac8f995bf34e98246c09c5710c872009fd751942c	1	4046	536	3552645090	kokoro-professional		speeko kokoro 1	mp3
1	plum-21.mp3	\\xe5f63df8517a87d728e3ee283b9fb0c78ba4a274797f1fe4da9733647a14dc6e	1	4046	536	1219683638	kokoro-professional		speeko kokoro 1	mp3
1	plum-22.mp3	\\x6a9905e15a3b30a30a26f16bda15cda43c74fb5fbc6f4430be5ff30e5d9e920a	1	4046	536	1045945355	kokoro-professional		speeko kokoro 1	mp3
1	plum-23.mp3	\\x78213fef33c9405a3a14ca19904bd1971fe8ff575ccdd2e1b0b8e1b7e277d884	1	4046	536	2770613983	kokoro-professional		speeko kokoro 1	mp3
1	all-0.mp3	\\x90e3c78e5daea460fda402b918075a7cec195b199850f9f535bff8ee81b9b8fd	1	4046	536	1235773963	kokoro-professional		speeko kokoro 1	mp3
1	long.mp3	\\x680010b1b405e3535b4f1cc14e03fa05a3de8f7c520fb2b0cde5bed6622f92f8	1	44856	4825	2425186349	kokoro-professional		speeko kokoro 1	mp3
1	plum-24.mp3	\\xff086c6b510a640a4765697de6bb91d608b8f7e4f2e2eee44920462911fad770	1	4046	536	3550326385	kokoro-professional		speeko kokoro 1	mp3
1	twice.mp3	\\xb764a69ea76a66484e3b60fb86800e5fa2f9a0216ec75050a8cb1c259d2f62d9	1	4046	536	2499198260	kokoro-professional		speeko kokoro 1	mp3
1	all-1.mp3	\\x48561ccf3634e42ccc695a3cef0dc8ac211714eb7a479ebce753b0cd11fdd3cb	1	4046	536	1353931594	kokoro-professional		speeko kokoro 1	mp3
1	all-2.mp3	\\xcf54c60c5af3fac1925518ce2bd9493f51c5c6037c0e889503dd8abf715e32a2	1	4046	536	2073954441	kokoro-professional		speeko kokoro 1	mp3
1	all-3.mp3	\\x04a6023b09596dd0e507862e8a35423ec1be6061cde6d139b0a7e45ceaba8507	1	4046	536	1652898248	kokoro-professional		speeko kokoro 1	mp3
1	all-4.mp3	\\xc62d68e8c133975c25ceb46848ba3e03331acff66aa48774a7bb531091f913c4	1	4046	536	767864591	kokoro-professional		speeko kokoro 1	mp3
2	all-0.mp3	\\x90e3c78e5daea460fda402b918075a7cec195b199850f9f535bff8ee81b9b8fd	2	4046	536	1235773963	kokoro-professional		speeko kokoro 1	mp3
2	all-1.mp3	\\x48561ccf3634e42ccc695a3cef0dc8ac211714eb7a479ebce753b0cd11fdd3cb	2	4046	536	1353931594	kokoro-professional		speeko kokoro 1	mp3
2	all-2.mp3	\\xcf54c60c5af3fac1925518ce2bd9493f51c5c6037c0e889503dd8abf715e32a2	2	4046	536	2073954441	kokoro-professional		speeko kokoro 1	mp3
2	all-3.mp3	\\x04a6023b09596dd0e507862e8a35423ec1be6061cde6d139b0a7e45ceaba8507	2	4046	536	1652898248	kokoro-professional		speeko kokoro 1	mp3
2	all-4.mp3	\\xc62d68e8c133975c25ceb46848ba3e03331acff66aa48774a7bb531091f913c4	2	4046	536	767864591	kokoro-professional		speeko kokoro 1	mp3
2	lime-00.mp3	\\x5e2658254a1c1eee1d1432285707b0a5000fe06081a15f03a6a768db9e1823a4	2	4046	536	3792782045	kokoro-professional		speeko kokoro 1	mp3
2	lime-01.mp3	\\x8afbea42d0f1674a843cf7e1c608de40e928fc344daf4ddece285db9a8b25912	2	4046	536	2036508681	kokoro-professional		speeko kokoro 1	mp3
2	lime-02.mp3	\\x4d288cc4783cea16358eb1bbecc7ba511d139246d446fe2b8a5d00007bc45eab	2	4046	536	260542772	kokoro-professional		speeko kokoro 1	mp3
2	lime-03.mp3	\\x1b57d003f576497e1012c135b66dd4a496a321d212793ef4799331d297b45300	2	4046	536	2499050464	kokoro-professional		speeko kokoro 1	mp3
2	lime-04.mp3	\\x2230900320b98a9ced088a194a94fbf45ac8e5bae5d76597cedba57868968235	2	4046	536	3796755278	kokoro-professional		speeko kokoro 1	mp3
2	lime-05.mp3	\\x93379721d25fa842240e50abcbb3c7dedda11f70edfb69043922119d695b6cc6	2	4046	536	2034108826	kokoro-professional		speeko kokoro 1	mp3
2	lime-06.mp3	\\x7783368bf6b22d6dc25be5c45d204419ac2739f7042d4cc336855e1f7e3d42de	2	4046	536	266023079	kokoro-professional		speeko kokoro 1	mp3
2	lime-07.mp3	\\x79987770ceb62aa62e73353e3f4a2218f53a46ff8ee393e976ee1949b34c01c6	2	4046	536	2494093939	kokoro-professional		speeko kokoro 1	mp3
5	pear-00.mp3	\\x1b15356180c2e3d7da980ec930049bb08f9a2dba474a36306d8329a06c45b7f2	5	4046	536	2428338545	kokoro-professional		speeko kokoro 1	mp3
5	pear-01.mp3	\\xd51c0bcd66d874bf225f55e5cf5862536e9fef3a9ebeaaa1b11912cc046f9d4d	5	4046	536	198077349	kokoro-professional		speeko kokoro 1	mp3
5	pear-02.mp3	\\x5ba042df92695815ce26aaa957ceab1ef77947dc314f9ba366f7102e8b966b28	5	4046	536	2099991192	kokoro-professional		speeko kokoro 1	mp3
5	pear-03.mp3	\\xbffe2e07a2f109c00b3b428d520dcb7cd3d3fdf52249e26c0391b84c0b535311	5	4046	536	3864574028	kokoro-professional		speeko kokoro 1	mp3
5	pear-04.mp3	\\xabb91e286afa2bebd8843fe7f11cf5b170258c91ecee382927e661fb49c6a421	5	4046	536	2430673122	kokoro-professional		speeko kokoro 1	mp3
5	pear-05.mp3	\\xdf5246894e3fa67cbb53a5f85568b03a5ea80b379e92d3ebda94f5ce8cb52bd3	5	4046	536	194169398	kokoro-professional		speeko kokoro 1	mp3
5	pear-06.mp3	\\xd4df8fe2c9a371ad8efec8cd141ce6b6248db80b9e6b77e88108be30d76c19ab	5	4046	536	2105013003	kokoro-professional		speeko kokoro 1	mp3
5	pear-07.mp3	\\x8d62344c50052433fcc53270cf8d38a1428592788c6b9571ac96bb961350e045	5	4046	536	3859028447	kokoro-professional		speeko kokoro 1	mp3
5	pear-08.mp3	\\x76233d68ed9a1f27dbfef6dc9e1a7c483895e500648b1de215df1351011c629c	5	4046	536	2416230999	kokoro-professional		speeko kokoro 1	mp3
5	pear-09.mp3	\\x9b5fc878da3ad3ef892f22d329c358e3728839b62dda5686cb7749e35283bffa	5	4046	536	192358531	kokoro-professional		speeko kokoro 1	mp3
\.


--
-- Data for Name: destination; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.destination (id, url, mark, created_at) FROM stdin;
1	/tmp/speeko-upgrade-fixture/delivered	a5d064efdb5641b98c72cd0f5fcd700b	2026-11-30 17:36:28.501696+00
2	/tmp/speeko-upgrade-fixture/nightly	0301fc3ff4c74988853c104c942f520c	2026-11-30 17:36:32.648055+00
3	/tmp/speeko-upgrade-fixture/spooled	2d41726a84cd409087b76f491d4872e0	2026-11-30 17:36:33.48687+00
4	/tmp/speeko-upgrade-fixture/paused	806d3d1cc4174edf8ef671407fb10890	2026-11-30 17:36:34.029381+00
5	/tmp/speeko-upgrade-fixture/running	e7c1f3f078ca4774bf183fbf05563ce9	2026-11-30 17:36:44.381551+00
\.


--
-- Data for Name: evicted; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.evicted (key, fence, format, store) FROM stdin;
\.


--
-- Data for Name: hook; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.hook (id, job_id, event, reason, born_at, tries, due_at, delivered_at, error) FROM stdin;
\.


--
-- Data for Name: item; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.item (job_id, row_no, row_id, path, voice, language, chars, keys, kept, skipped, error, source, source_sum, change) FROM stdin;
1	1	plum-00	plum-00.mp3	\N	\N	39	{"\\\\xe14d66fe038b676247e877d8ae81ae7bb7e3e3f345d44a9863d4ab1816cfff68"}	f	f	\N	\N	260397024	added
1	2	plum-01	plum-01.mp3	\N	\N	39	{"\\\\xb764a69ea76a66484e3b60fb86800e5fa2f9a0216ec75050a8cb1c259d2f62d9"}	f	f	\N	\N	2499198260	added
1	3	plum-02	plum-02.mp3	\N	\N	39	{"\\\\x15558389cd9f169d71fe29a5bf53462fb2e8808dd3d0ce8cc283f6b267b8c1db"}	f	f	\N	\N	3792929801	added
1	4	plum-03	plum-03.mp3	\N	\N	39	{"\\\\x98b89bd3af75d3ddd6687392cfb9536e4bd1077f357bc02f69f2cefbfb4c465d"}	f	f	\N	\N	2036362973	added
1	5	plum-04	plum-04.mp3	\N	\N	39	{"\\\\x01d82cda2fa32e3c0cd1f133d279f469041b76e95a091ddf676fa73bb11a7e9d"}	f	f	\N	\N	265942643	added
1	6	plum-05	plum-05.mp3	\N	\N	39	{"\\\\xd29b99b0a1b225fad126d64e506b7f2b4e53d7d8812f3675f10fe6e357e44db1"}	f	f	\N	\N	2494176423	added
1	7	plum-06	plum-06.mp3	\N	\N	39	{"\\\\x33d154330977216a6f2d971cda517d01733aa2053e1b2fd1d4ede8b78635c9d0"}	f	f	\N	\N	3796837786	added
1	8	plum-07	plum-07.mp3	\N	\N	39	{"\\\\xb6a86ab2731c6016a2c6d1773d76953062cb8756233f14a0a6a020f8dab92a30"}	f	f	\N	\N	2034028366	added
1	9	plum-08	plum-08.mp3	\N	\N	39	{"\\\\x41d4d3634a6baeabdad7f39f7d8fffbe9a996ce8bca709bac1c16cc4b6837e57"}	f	f	\N	\N	255595718	added
1	10	plum-09	plum-09.mp3	\N	\N	39	{"\\\\xbb8f3c7f458dd29c1097139d77ba9c07fd4a302c88f4e14c94db805eaa399105"}	f	f	\N	\N	2488270354	added
1	11	plum-10	plum-10.mp3	\N	\N	40	{"\\\\x5b2e18489057dab82cbd1bfbb35ef15c397c1a855f1e2a44c705d2548b8c8b12"}	f	f	\N	\N	2346690250	added
1	12	plum-11	plum-11.mp3	\N	\N	40	{"\\\\x255e9445dcc668cd6c42cc93ee056d5e454bbd5614b1b5618d78a05adfdf44a8"}	f	f	\N	\N	279727134	added
1	13	plum-12	plum-12.mp3	\N	\N	40	{"\\\\x7734316d0679ae8d2605dafcca6eb2a72cae6dfeaf74aa1bb54af53f15510f42"}	f	f	\N	\N	1716090147	added
1	14	plum-13	plum-13.mp3	\N	\N	40	{"\\\\x959368a7b1afe18fca63c72d480f1c5403147addea73c83b0035b99c751a28f9"}	f	f	\N	\N	4248477687	added
1	15	plum-14	plum-14.mp3	\N	\N	40	{"\\\\x19b7939cf4c46790644b67e821f6be9e5c359c49157d5e2a1e54fea5e8ed9536"}	f	f	\N	\N	2340620121	added
1	16	plum-15	plum-15.mp3	\N	\N	40	{"\\\\x8e6fc12143bae008845d4c8038c6c1b0db0cccac3c5f3270fd01522719aac578"}	f	f	\N	\N	284224909	added
1	17	plum-16	plum-16.mp3	\N	\N	40	{"\\\\xb189e14ed18888d12975b042096500461b94803c46fe912293c0e676e7e03684"}	f	f	\N	\N	1712706736	added
1	18	plum-17	plum-17.mp3	\N	\N	40	{"\\\\x59bee42dd51987c751f917ee797629fb3f80b69d41a120a4115ffd5c53e36d2d"}	f	f	\N	\N	4251336292	added
1	19	plum-18	plum-18.mp3	\N	\N	40	{"\\\\x04583095ddb738d6cd52ce589e60e82778a9ed5fbc4b807a9b7db9370bcb5524"}	f	f	\N	\N	2338776556	added
1	20	plum-19	plum-19.mp3	\N	\N	40	{"\\\\x06507b9ff9aaf3ae6fcba4ef98830b08cdc5303b273d2c7154f2085163e0fdb0"}	f	f	\N	\N	269815608	added
1	21	plum-20	plum-20.mp3	\N	\N	40	{"\\\\xd77ae2ee9b440956258872eac8f995bf34e98246c09c5710c872009fd751942c"}	f	f	\N	\N	3552645090	added
1	22	plum-21	plum-21.mp3	\N	\N	40	{"\\\\xe5f63df8517a87d728e3ee283b9fb0c78ba4a274797f1fe4da9733647a14dc6e"}	f	f	\N	\N	1219683638	added
1	23	plum-22	plum-22.mp3	\N	\N	40	{"\\\\x6a9905e15a3b30a30a26f16bda15cda43c74fb5fbc6f4430be5ff30e5d9e920a"}	f	f	\N	\N	1045945355	added
1	24	plum-23	plum-23.mp3	\N	\N	40	{"\\\\x78213fef33c9405a3a14ca19904bd1971fe8ff575ccdd2e1b0b8e1b7e277d884"}	f	f	\N	\N	2770613983	added
1	25	plum-24	plum-24.mp3	\N	\N	40	{"\\\\xff086c6b510a640a4765697de6bb91d608b8f7e4f2e2eee44920462911fad770"}	f	f	\N	\N	3550326385	added
1	26	long	long.mp3	\N	\N	666	{"\\\\x7c561e8971a73a0c89b439e9dcb15a82ddad5881a26f255a06bb71ee8ae864f5","\\\\xef8303ce1ef6bba34ab368c3ad39dd903160d7096990c7b9e185ce38ec89f4d5","\\\\x7c3a82fa212a366ec5f8530673701b56fd6d12ed6972de562de18392ec022827","\\\\x6a07608982f244e03468b58685056548baede84dc80659e4b059ee0502327f1b","\\\\xfc548c897241e4d5c1fcef444bf88dc8f5160d3821f973f54cea8a72c462f217","\\\\x0ed4088c559c9dee8793ffab42a279cf3b771e3954ca4986cb2d7fe04914d983","\\\\x9f60447d5937ea4c7187ac1bb0c8fc1dc4b8705fc1cbce3424fa985fbfe87379","\\\\x5a1ed3ae770e8130031a6167ae1a1780f0d0dab8c9d79f26364751623a43bf77","\\\\x2d24ab9dd8db3521e654cc050996d3faf014202eb2649907830569678239391f"}	f	f	\N	\N	2425186349	added
1	27	twice	twice.mp3	\N	\N	39	{"\\\\xb764a69ea76a66484e3b60fb86800e5fa2f9a0216ec75050a8cb1c259d2f62d9"}	f	f	\N	\N	2499198260	added
1	28	all-0	all-0.mp3	\N	\N	38	{"\\\\x90e3c78e5daea460fda402b918075a7cec195b199850f9f535bff8ee81b9b8fd"}	f	f	\N	\N	1235773963	added
1	29	all-1	all-1.mp3	\N	\N	38	{"\\\\x48561ccf3634e42ccc695a3cef0dc8ac211714eb7a479ebce753b0cd11fdd3cb"}	f	f	\N	\N	1353931594	added
1	30	all-2	all-2.mp3	\N	\N	38	{"\\\\xcf54c60c5af3fac1925518ce2bd9493f51c5c6037c0e889503dd8abf715e32a2"}	f	f	\N	\N	2073954441	added
1	31	all-3	all-3.mp3	\N	\N	38	{"\\\\x04a6023b09596dd0e507862e8a35423ec1be6061cde6d139b0a7e45ceaba8507"}	f	f	\N	\N	1652898248	added
1	32	all-4	all-4.mp3	\N	\N	38	{"\\\\xc62d68e8c133975c25ceb46848ba3e03331acff66aa48774a7bb531091f913c4"}	f	f	\N	\N	767864591	added
2	1	lime-00	lime-00.mp3	\N	\N	39	{"\\\\x5e2658254a1c1eee1d1432285707b0a5000fe06081a15f03a6a768db9e1823a4"}	f	f	\N	\N	3792782045	added
2	2	lime-01	lime-01.mp3	\N	\N	39	{"\\\\x8afbea42d0f1674a843cf7e1c608de40e928fc344daf4ddece285db9a8b25912"}	f	f	\N	\N	2036508681	added
2	3	lime-02	lime-02.mp3	\N	\N	39	{"\\\\x4d288cc4783cea16358eb1bbecc7ba511d139246d446fe2b8a5d00007bc45eab"}	f	f	\N	\N	260542772	added
2	4	lime-03	lime-03.mp3	\N	\N	39	{"\\\\x1b57d003f576497e1012c135b66dd4a496a321d212793ef4799331d297b45300"}	f	f	\N	\N	2499050464	added
2	5	lime-04	lime-04.mp3	\N	\N	39	{"\\\\x2230900320b98a9ced088a194a94fbf45ac8e5bae5d76597cedba57868968235"}	f	f	\N	\N	3796755278	added
2	6	lime-05	lime-05.mp3	\N	\N	39	{"\\\\x93379721d25fa842240e50abcbb3c7dedda11f70edfb69043922119d695b6cc6"}	f	f	\N	\N	2034108826	added
2	7	lime-06	lime-06.mp3	\N	\N	39	{"\\\\x7783368bf6b22d6dc25be5c45d204419ac2739f7042d4cc336855e1f7e3d42de"}	f	f	\N	\N	266023079	added
2	8	lime-07	lime-07.mp3	\N	\N	39	{"\\\\x79987770ceb62aa62e73353e3f4a2218f53a46ff8ee393e976ee1949b34c01c6"}	f	f	\N	\N	2494093939	added
2	9	all-0	all-0.mp3	\N	\N	38	{"\\\\x90e3c78e5daea460fda402b918075a7cec195b199850f9f535bff8ee81b9b8fd"}	f	f	\N	\N	1235773963	added
2	10	all-1	all-1.mp3	\N	\N	38	{"\\\\x48561ccf3634e42ccc695a3cef0dc8ac211714eb7a479ebce753b0cd11fdd3cb"}	f	f	\N	\N	1353931594	added
2	11	all-2	all-2.mp3	\N	\N	38	{"\\\\xcf54c60c5af3fac1925518ce2bd9493f51c5c6037c0e889503dd8abf715e32a2"}	f	f	\N	\N	2073954441	added
2	12	all-3	all-3.mp3	\N	\N	38	{"\\\\x04a6023b09596dd0e507862e8a35423ec1be6061cde6d139b0a7e45ceaba8507"}	f	f	\N	\N	1652898248	added
2	13	all-4	all-4.mp3	\N	\N	38	{"\\\\xc62d68e8c133975c25ceb46848ba3e03331acff66aa48774a7bb531091f913c4"}	f	f	\N	\N	767864591	added
3	1	date-00	date-00.mp3	\N	\N	39	{"\\\\xe4f4e3654e21e0191c85ec0c0ee6892db62384efe0808b8159d583e904d93369"}	f	f	\N	\N	1424719537	added
3	2	date-01	date-01.mp3	\N	\N	39	{"\\\\x88eeed24b62587216294b013340d1e9efce8230924ac94704184d883e3667016"}	f	f	\N	\N	3482883173	added
3	3	date-02	date-02.mp3	\N	\N	39	{"\\\\x63fc9cf45d934d6ba252fb28b485f6e6a61f2be0e33f58f40f13b6c3f6940efa"}	f	f	\N	\N	3112021336	added
3	4	date-03	date-03.mp3	\N	\N	39	{"\\\\xa6e2df75a0b7bbfcdb15f5159cf0a9ccce1453df0603aa7c2a2af73431e7b912"}	f	f	\N	\N	571361164	added
3	5	date-04	date-04.mp3	\N	\N	39	{"\\\\x526d2ff06bb6a8abf80f782799b17e9f44dc6da3b0c267ccdf8aabdd3b72a555"}	f	f	\N	\N	1421336354	added
3	6	date-05	date-05.mp3	\N	\N	39	{"\\\\x9b45ca0181213ca0ad384a8f71dd98945568bd2bbdb25b44099ccf8d3e4d054c"}	f	f	\N	\N	3485742582	added
3	7	date-06	date-06.mp3	\N	\N	39	{"\\\\x6ccd1e7978edd887395469e5ad0b6c13e0565b638ec20989be5815f2b35f1c07"}	f	f	\N	\N	3105950923	added
3	8	date-07	date-07.mp3	\N	\N	39	{"\\\\xc6b6f6d774748cf5d00ffe1df978a1188341ba4552a32b6ec45cd6bc58ba82ef"}	f	f	\N	\N	575858207	added
3	9	date-08	date-08.mp3	\N	\N	39	{"\\\\x6ffdff5059b7a6fb713a81e782fb227dc3c22b135f7eb58f63d695790cc06044"}	f	f	\N	\N	1414675863	added
3	10	date-09	date-09.mp3	\N	\N	39	{"\\\\x0ab9e97e61298122a7a4eec149d66a6374315c4f2a05f8153d0dddaffba93b37"}	f	f	\N	\N	3475101507	added
3	11	date-10	date-10.mp3	\N	\N	40	{"\\\\x464eedc96b10416ee9c763d539b1a027d3328bf4ee0841a7c91c2466cd512723"}	f	f	\N	\N	2548607361	added
3	12	date-11	date-11.mp3	\N	\N	40	{"\\\\xbedc3090a5ac79a4fde31020141eb9a9f6123f2fce3c96e26ce095e2993b3e43"}	f	f	\N	\N	211501909	added
4	1	fig-00	fig-00.mp3	\N	\N	38	{"\\\\x10342446d9adc2da37499fcfd9597c7d434172c2c1184f7ab2d8158adcbd831f"}	f	f	\N	\N	3862066304	added
4	2	fig-01	fig-01.mp3	\N	\N	38	{"\\\\xf023a0c6b9b1ed52a36266b88db33775abc7ac2683d1e019da6994a576867087"}	f	f	\N	\N	2101452372	added
4	3	fig-02	fig-02.mp3	\N	\N	38	{"\\\\x8ad5e275883f2dff6b76c5b8ffa898b43b869077f37924001911672ce8107389"}	f	f	\N	\N	195340137	added
4	4	fig-03	fig-03.mp3	\N	\N	38	{"\\\\xe9926df426217116c35aace6156f112c31c277430de038a92a022c718a22d905"}	f	f	\N	\N	2430029245	added
4	5	fig-04	fig-04.mp3	\N	\N	38	{"\\\\xe4061c5175992734c571b98c7324dbfbb3cd82265b9456d17c4951ea91ab5fc8"}	f	f	\N	\N	3866023187	added
4	6	fig-05	fig-05.mp3	\N	\N	38	{"\\\\xdcab72633fb7964873c504a24d98cc004b54363d12598c08449fdfe08a705189"}	f	f	\N	\N	2099068871	added
4	7	fig-06	fig-06.mp3	\N	\N	38	{"\\\\x52742b77d041750f20efcb38c6b4db7a10b9532b488967359586d56fab32e5c5"}	f	f	\N	\N	200804090	added
4	8	fig-07	fig-07.mp3	\N	\N	38	{"\\\\x09217a49e0caefed4516956e44b40ec9486e13e729f91bbe128ffbb8a8390f61"}	f	f	\N	\N	2425089070	added
4	9	fig-08	fig-08.mp3	\N	\N	38	{"\\\\x468053465598d2ccb222980927a34cb8e55ec9313d8de06875295307752806d8"}	f	f	\N	\N	3867883430	added
4	10	fig-09	fig-09.mp3	\N	\N	38	{"\\\\xfc8e29bde2949a68e0143229835fa318223592ba0e64f0a15485ec06cf8ff922"}	f	f	\N	\N	2113461618	added
4	11	fig-10	fig-10.mp3	\N	\N	39	{"\\\\x12a683e17b31fdf450b86c6479a633a0c692c0e67d4d2e0e2e274a9a44b8f55c"}	f	f	\N	\N	3330568369	added
4	12	fig-11	fig-11.mp3	\N	\N	39	{"\\\\x2314505c4b718cd47465a06e0f9a65a7cb47ddf0bf24dba7107e8b3060ce7592"}	f	f	\N	\N	1576508005	added
4	13	fig-12	fig-12.mp3	\N	\N	39	{"\\\\x66c78a0b08b0c325d73aa9fc1d61d654550b99766f715d8c2950bab4fd4a2fc3"}	f	f	\N	\N	722641752	added
4	14	fig-13	fig-13.mp3	\N	\N	39	{"\\\\xc4836ad7cb326140bdbd2319a64e4074659d0d1fea3d1dcf1d07f4b9c52d0b9c"}	f	f	\N	\N	2959165836	added
4	15	fig-14	fig-14.mp3	\N	\N	39	{"\\\\xe4d90ef1c11c3af5cb6c402243c6e9f3940b48e92d8479263481243859971a30"}	f	f	\N	\N	3336098082	added
4	16	fig-15	fig-15.mp3	\N	\N	39	{"\\\\x31376268f99488fdfeec55c41e4120f9c1f2594f7b7ee6a2c641d1632f78361c"}	f	f	\N	\N	1571503094	added
4	17	fig-16	fig-16.mp3	\N	\N	39	{"\\\\xa582c21f9f4f79d3285e2fea976b7396de3d79bf63129a60488c3532f6ffa863"}	f	f	\N	\N	726532811	added
4	18	fig-17	fig-17.mp3	\N	\N	39	{"\\\\x3a5ab495da446c222f7bb6208e0d893ca2277d41d66d611e1ae7dd2296835434"}	f	f	\N	\N	2956847135	added
4	19	fig-18	fig-18.mp3	\N	\N	39	{"\\\\x419b1f155aa0facb64182e6d903823952730b22e6a13923a8cc0568136514431"}	f	f	\N	\N	3325899671	added
4	20	fig-19	fig-19.mp3	\N	\N	39	{"\\\\x1cac52eb6a5e0a1a368a95d1a50bd73884417c2b29983b9680bf8e3ab2fcadfe"}	f	f	\N	\N	1565448515	added
4	21	fig-20	fig-20.mp3	\N	\N	39	{"\\\\x8fbb9dfe4250fd9e8841c99fd0d97cbb37d72eaa2ada8a3408d9bd997b01777e"}	f	f	\N	\N	2660948377	added
4	22	fig-21	fig-21.mp3	\N	\N	39	{"\\\\x1b30e10d2663a84a16af9f009b09bfff0d2fd36c57fe682e7c0da8ed9dab1a61"}	f	f	\N	\N	99169101	added
4	23	fig-22	fig-22.mp3	\N	\N	39	{"\\\\xc9d5a949f07182147e512605a85bfd2227b4cc22f4236ae16ff33edf895ea675"}	f	f	\N	\N	1930168944	added
4	24	fig-23	fig-23.mp3	\N	\N	39	{"\\\\x732e70b2accb6362d3f144a4a2749ae03cf6dd1bc0a03ff3d9370ec03f90e77c"}	f	f	\N	\N	3900694692	added
4	25	fig-24	fig-24.mp3	\N	\N	39	{"\\\\xcccfbe79f8a1a61b107e6abdc936631e602ab7b74460d742f3aeaf2bbe3bc58b"}	f	f	\N	\N	2663806986	added
4	26	fig-25	fig-25.mp3	\N	\N	39	{"\\\\xc62b02ecce96d4c401181b473c64d7cc2681f324a9dc7ed16332d9921ca1561e"}	f	f	\N	\N	95785694	added
4	27	fig-26	fig-26.mp3	\N	\N	39	{"\\\\x6c84fa9ff87eeb1c3bfa8679405b2e7d28e392c741e2572a843e11a83d5e5062"}	f	f	\N	\N	1934666723	added
4	28	fig-27	fig-27.mp3	\N	\N	39	{"\\\\xc985177f7de883677cb7623eb4af0c1db55942fd940e7b46ec779725700b6ae4"}	f	f	\N	\N	3894624567	added
4	29	fig-28	fig-28.mp3	\N	\N	39	{"\\\\x1a070ee5a52462ced10b7e6e08b9907a1fa90b90a80c1ec0397ee53f73928acc"}	f	f	\N	\N	2653133503	added
4	30	fig-29	fig-29.mp3	\N	\N	39	{"\\\\x5c48900e9e968582e1a5597c18114246ff8eb113bd340812c03df77b09a06312"}	f	f	\N	\N	89157739	added
4	31	all-0	all-0.mp3	\N	\N	38	{"\\\\x90e3c78e5daea460fda402b918075a7cec195b199850f9f535bff8ee81b9b8fd"}	f	f	\N	\N	1235773963	added
4	32	all-1	all-1.mp3	\N	\N	38	{"\\\\x48561ccf3634e42ccc695a3cef0dc8ac211714eb7a479ebce753b0cd11fdd3cb"}	f	f	\N	\N	1353931594	added
4	33	all-2	all-2.mp3	\N	\N	38	{"\\\\xcf54c60c5af3fac1925518ce2bd9493f51c5c6037c0e889503dd8abf715e32a2"}	f	f	\N	\N	2073954441	added
4	34	all-3	all-3.mp3	\N	\N	38	{"\\\\x04a6023b09596dd0e507862e8a35423ec1be6061cde6d139b0a7e45ceaba8507"}	f	f	\N	\N	1652898248	added
4	35	all-4	all-4.mp3	\N	\N	38	{"\\\\xc62d68e8c133975c25ceb46848ba3e03331acff66aa48774a7bb531091f913c4"}	f	f	\N	\N	767864591	added
5	1	pear-00	pear-00.mp3	\N	\N	39	{"\\\\x1b15356180c2e3d7da980ec930049bb08f9a2dba474a36306d8329a06c45b7f2"}	f	f	\N	\N	2428338545	added
5	2	pear-01	pear-01.mp3	\N	\N	39	{"\\\\xd51c0bcd66d874bf225f55e5cf5862536e9fef3a9ebeaaa1b11912cc046f9d4d"}	f	f	\N	\N	198077349	added
5	3	pear-02	pear-02.mp3	\N	\N	39	{"\\\\x5ba042df92695815ce26aaa957ceab1ef77947dc314f9ba366f7102e8b966b28"}	f	f	\N	\N	2099991192	added
5	4	pear-03	pear-03.mp3	\N	\N	39	{"\\\\xbffe2e07a2f109c00b3b428d520dcb7cd3d3fdf52249e26c0391b84c0b535311"}	f	f	\N	\N	3864574028	added
5	5	pear-04	pear-04.mp3	\N	\N	39	{"\\\\xabb91e286afa2bebd8843fe7f11cf5b170258c91ecee382927e661fb49c6a421"}	f	f	\N	\N	2430673122	added
5	6	pear-05	pear-05.mp3	\N	\N	39	{"\\\\xdf5246894e3fa67cbb53a5f85568b03a5ea80b379e92d3ebda94f5ce8cb52bd3"}	f	f	\N	\N	194169398	added
5	7	pear-06	pear-06.mp3	\N	\N	39	{"\\\\xd4df8fe2c9a371ad8efec8cd141ce6b6248db80b9e6b77e88108be30d76c19ab"}	f	f	\N	\N	2105013003	added
5	8	pear-07	pear-07.mp3	\N	\N	39	{"\\\\x8d62344c50052433fcc53270cf8d38a1428592788c6b9571ac96bb961350e045"}	f	f	\N	\N	3859028447	added
5	9	pear-08	pear-08.mp3	\N	\N	39	{"\\\\x76233d68ed9a1f27dbfef6dc9e1a7c483895e500648b1de215df1351011c629c"}	f	f	\N	\N	2416230999	added
5	10	pear-09	pear-09.mp3	\N	\N	39	{"\\\\x9b5fc878da3ad3ef892f22d329c358e3728839b62dda5686cb7749e35283bffa"}	f	f	\N	\N	192358531	added
5	11	pear-10	pear-10.mp3	\N	\N	40	{"\\\\x6207b556276e2c86685b46a7fa9f0f9bca51f277409824e378062a8efac5767f"}	f	f	\N	\N	206061006	added
5	12	pear-11	pear-11.mp3	\N	\N	40	{"\\\\xde705816b195e1f0ba0812772002a72dc2b9fa8cc1b5439459b868266c21fa63"}	f	f	\N	\N	2537281306	added
5	13	pear-12	pear-12.mp3	\N	\N	40	{"\\\\x6f11909c4cea38da4aff55494f7bf3dd5fbc3f40aeed9a6b0bb736aeb7fef8db"}	f	f	\N	\N	3789483559	added
5	14	pear-13	pear-13.mp3	\N	\N	40	{"\\\\x2d7077c77a10859e5affec0518604cc854386e49db9dde8afd53d1e4d131c0a6"}	f	f	\N	\N	2058159347	added
5	15	pear-14	pear-14.mp3	\N	\N	40	{"\\\\xd5ceaf373d1627f19c55ba25684535c19ace72bf2d9edb6c23a368846df5674d"}	f	f	\N	\N	202677341	added
5	16	pear-15	pear-15.mp3	\N	\N	40	{"\\\\x9df646e37228080483184d33460c99f3635e1723788dab56de25c6d8499d6198"}	f	f	\N	\N	2540140169	added
5	17	pear-16	pear-16.mp3	\N	\N	40	{"\\\\x96924f99a32f5104e404dfaaa4d0cf8dfc4e69c3804cf636fb41182f654946d1"}	f	f	\N	\N	3783413684	added
5	18	pear-17	pear-17.mp3	\N	\N	40	{"\\\\x57e9b6cd5bc93e6d958b40884b9f539bba2ba53f064482e3cd0c1d927aef248a"}	f	f	\N	\N	2062656864	added
5	19	pear-18	pear-18.mp3	\N	\N	40	{"\\\\xb8999a80fcf8ad29d3876dab6c50c2ea21e333317d50cd83c452e8d008ef69d0"}	f	f	\N	\N	217153256	added
5	20	pear-19	pear-19.mp3	\N	\N	40	{"\\\\x98feb61133bef6f58a904968045ed46b443dcd27ca4764529cd404ba066331cc"}	f	f	\N	\N	2541917244	added
5	21	pear-20	pear-20.mp3	\N	\N	40	{"\\\\xf10de4993d80d124e131941354ed3e09aa4d020285b3262be26d5f43d5fa45b1"}	f	f	\N	\N	1414960358	added
5	22	pear-21	pear-21.mp3	\N	\N	40	{"\\\\x94413f1b4d7f6d0c681bd56cc2ba81ac715b08c8736e469f0a5dbf805c6b98fe"}	f	f	\N	\N	3475340850	added
5	23	pear-22	pear-22.mp3	\N	\N	40	{"\\\\xd42e5510ba898608e01b4ea5b776a7fe57a2945d29643ac39c179499e059ce38"}	f	f	\N	\N	3116386063	added
5	24	pear-23	pear-23.mp3	\N	\N	40	{"\\\\x31f327ba552916a14c5c4fc715dc8ac447d6716652bcaa88cda7ec1bd94f653d"}	f	f	\N	\N	582200795	added
5	25	pear-24	pear-24.mp3	\N	\N	40	{"\\\\x383f7ae4cddc94cb8bdef84bf52731f5c2872c25c31d35651ee6e8330235f48a"}	f	f	\N	\N	1409955189	added
5	26	pear-25	pear-25.mp3	\N	\N	40	{"\\\\x9e0bfdac309d47157c315a21c4bd97bdd2665a2c5bbaf70949fa9191099ac280"}	f	f	\N	\N	3480870817	added
5	27	pear-26	pear-26.mp3	\N	\N	40	{"\\\\xb58c8808078e1c3f8425600bba8e000501288fbf822604fbeb8939c9354d1761"}	f	f	\N	\N	3114067612	added
5	28	pear-27	pear-27.mp3	\N	\N	40	{"\\\\x3b8c422071dd7327a0dc8c2607b41a0b6fc2653f467e07836163fda9b4abe022"}	f	f	\N	\N	586091592	added
5	29	pear-28	pear-28.mp3	\N	\N	40	{"\\\\xccd137d7737203de5ff59143ff84114196940eb96663fdb817297cb474c32a8f"}	f	f	\N	\N	1425004480	added
5	30	pear-29	pear-29.mp3	\N	\N	40	{"\\\\xba9e47cc0e7c94d1de0edad139fef591208538c139347705f32a0c5a0e85765e"}	f	f	\N	\N	3483122964	added
5	31	pear-30	pear-30.mp3	\N	\N	40	{"\\\\xc0897689164b8a09676dd54c51b10478485584261c39b231a46119b62c588295"}	f	f	\N	\N	3581145537	added
5	32	pear-31	pear-31.mp3	\N	\N	40	{"\\\\x6721fd262732ec894689f2e57b67e477c43910a4022e4535a193ee6585a66228"}	f	f	\N	\N	1308629781	added
5	33	pear-32	pear-32.mp3	\N	\N	40	{"\\\\x2f25f7c3b23308831ae8e1e482532d4ec91883059be1ac7e8d8384b064d0096c"}	f	f	\N	\N	954540584	added
5	34	pear-33	pear-33.mp3	\N	\N	40	{"\\\\x800d70ac34a53999aa0f6695281307367a21a9e5120bb75ae3f2be1d55a7276b"}	f	f	\N	\N	2744568060	added
5	35	pear-34	pear-34.mp3	\N	\N	40	{"\\\\xbaa332730b599c8a648ad9897c39c442589d87595704c6633beae7de30ba6a7e"}	f	f	\N	\N	3576647762	added
5	36	pear-35	pear-35.mp3	\N	\N	40	{"\\\\x05d3a94ee7987c01fa030ac45289c6cfecb33a2ab8363aa509ecb47d2fde663e"}	f	f	\N	\N	1314699910	added
5	37	pear-36	pear-36.mp3	\N	\N	40	{"\\\\x81b97712852030d12fbe588da4e57fe63c4bd9017d4e351356b6ca262db416f0"}	f	f	\N	\N	951681979	added
5	38	pear-37	pear-37.mp3	\N	\N	40	{"\\\\xb8dc14078ae444a776e46cd33dccfb73f7afb1ec7be597cae7efcfdaa84a9c8a"}	f	f	\N	\N	2747951471	added
5	39	pear-38	pear-38.mp3	\N	\N	40	{"\\\\x768a63073430b8ebd8295830f66047d9cdc5ed16fb3907b55994477aad03e4e9"}	f	f	\N	\N	3586831079	added
5	40	pear-39	pear-39.mp3	\N	\N	40	{"\\\\x624688104c4f5695742040ebf9ba2d3e33c6334b94e03e251ecc19ec143d4f00"}	f	f	\N	\N	1320769587	added
5	41	pear-40	pear-40.mp3	\N	\N	40	{"\\\\xc529ec650d6737ad90c9f5751082364d0412d3543a6abc1318cc157a6687a466"}	f	f	\N	\N	3832268470	added
5	42	pear-41	pear-41.mp3	\N	\N	40	{"\\\\xfeab505ac8744c66cb460ea15352473993c98a9bedc68721a746218f675ed6a2"}	f	f	\N	\N	2132290658	added
5	43	pear-42	pear-42.mp3	\N	\N	40	{"\\\\x10ce1d225a258fc357d11f9848ee512722cbcf6c59b7079010cfc53c0928c1a2"}	f	f	\N	\N	167581023	added
5	44	pear-43	pear-43.mp3	\N	\N	40	{"\\\\x19056198f54cc2fd23435f04386c1218f170ed8602fe22bb275763e02d507c81"}	f	f	\N	\N	2458845067	added
5	45	pear-44	pear-44.mp3	\N	\N	40	{"\\\\x88429e999a90b8cd5bd149b84b650005ce1062a06d1e9eb45dfa0de2f336b4c6"}	f	f	\N	\N	3828836133	added
5	46	pear-45	pear-45.mp3	\N	\N	40	{"\\\\x85838422cddff8a723b60bcfb2cfe7ce4cf37bde4e124458e175f43fddfb9969"}	f	f	\N	\N	2135199217	added
5	47	pear-46	pear-46.mp3	\N	\N	40	{"\\\\x3799b78515639a4c821ea1ee5a4fcc0258b4810db2e69e88060a02e1d723d14b"}	f	f	\N	\N	161592524	added
5	48	pear-47	pear-47.mp3	\N	\N	40	{"\\\\x778e8bab86350134c954d0162a0498bec0c41d6ffb236bb577f1ec6ffa0aa8b6"}	f	f	\N	\N	2463260184	added
5	49	pear-48	pear-48.mp3	\N	\N	40	{"\\\\xfc085e176befaf4787c0e533aeb36b7a4924c474d0ca916b2c310aa1782b12e3"}	f	f	\N	\N	3839002000	added
5	50	pear-49	pear-49.mp3	\N	\N	40	{"\\\\x5aaf7c2273c0e80aa62eb8c7d0a9144ade5c222ecea8c38959ce8a21b9ba6e96"}	f	f	\N	\N	2141286212	added
5	51	pear-50	pear-50.mp3	\N	\N	40	{"\\\\x0f56703d600ad81c6ae3f0d7d2d32733728e88f5fa1cca7363fb32edca42dd90"}	f	f	\N	\N	1699652497	added
5	52	pear-51	pear-51.mp3	\N	\N	40	{"\\\\xc486356bb8fa85bc2751dd7af5da59809c370dd22e47863ae39e83d02a397cfe"}	f	f	\N	\N	4265429317	added
5	53	pear-52	pear-52.mp3	\N	\N	40	{"\\\\x7416931b08a5521042c7885f3a8a0ff976dd66469d9c55f975c49399cc5b00bc"}	f	f	\N	\N	2295885944	added
5	54	pear-53	pear-53.mp3	\N	\N	40	{"\\\\xf8e3765e5a846517e01f04e28d6506b19885f6e2331d40fde776fad8f152bf06"}	f	f	\N	\N	330013356	added
5	55	pear-54	pear-54.mp3	\N	\N	40	{"\\\\xc77ef89c23b231896cf4be5c59a5b4b02196b45929db6f0ee2e911654e38e0c9"}	f	f	\N	\N	1695678978	added
5	56	pear-55	pear-55.mp3	\N	\N	40	{"\\\\x878331cf2078e21bdabe678d76302b06ab78ec3fbde5fe9da5af976f5a343352"}	f	f	\N	\N	4267829462	added
5	57	pear-56	pear-56.mp3	\N	\N	40	{"\\\\xd460510e1ff0a33676f7ec47705c7223a6f16af3814bb9fd680be0b050cdd6a8"}	f	f	\N	\N	2290405867	added
5	58	pear-57	pear-57.mp3	\N	\N	40	{"\\\\xc3aa2d31d60a9ab6a3dff079732b641a94e25a6db777b17281665fab63d77614"}	f	f	\N	\N	334969663	added
5	59	pear-58	pear-58.mp3	\N	\N	40	{"\\\\x7ac61b46587eeda55858cb7920dda1a4948680870214a28fa9316c6c4dc84513"}	f	f	\N	\N	1710743735	added
5	60	pear-59	pear-59.mp3	\N	\N	40	{"\\\\x094aa926f5ce2c59ad2ac6bed8a7ae78de5167c77f03fdf9b4df2c169cb3520f"}	f	f	\N	\N	4270066275	added
5	61	all-0	all-0.mp3	\N	\N	38	{"\\\\x90e3c78e5daea460fda402b918075a7cec195b199850f9f535bff8ee81b9b8fd"}	f	f	\N	\N	1235773963	added
5	62	all-1	all-1.mp3	\N	\N	38	{"\\\\x48561ccf3634e42ccc695a3cef0dc8ac211714eb7a479ebce753b0cd11fdd3cb"}	f	f	\N	\N	1353931594	added
5	63	all-2	all-2.mp3	\N	\N	38	{"\\\\xcf54c60c5af3fac1925518ce2bd9493f51c5c6037c0e889503dd8abf715e32a2"}	f	f	\N	\N	2073954441	added
5	64	all-3	all-3.mp3	\N	\N	38	{"\\\\x04a6023b09596dd0e507862e8a35423ec1be6061cde6d139b0a7e45ceaba8507"}	f	f	\N	\N	1652898248	added
5	65	all-4	all-4.mp3	\N	\N	38	{"\\\\xc62d68e8c133975c25ceb46848ba3e03331acff66aa48774a7bb531091f913c4"}	f	f	\N	\N	767864591	added
\.


--
-- Data for Name: job; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.job (id, tenant, state, reason, priority, spec, files, plan, destination_id, budget_micros, reserved_micros, spent_micros, possible_micros, calls, possible_calls, billed_chars, rows, skipped, chunks, chunks_open, delivered, unchanged, failed, refused, submitter_until, created_at, released_at, finished_at, finalized, uncounted_row, pruned_at, emptied, sums, reasons) FROM stdin;
1	shop	done		0	{"name": "{id}.{ext}", "ssml": "auto", "model": "kokoro", "prune": false, "speed": 1.0, "store": "/tmp/speeko-upgrade-fixture/home/audio", "voice": "kokoro-professional", "format": "mp3", "output": "/tmp/speeko-upgrade-fixture/delivered", "repair": false, "deliver": true, "lexicon": [], "routing": null, "sources": [], "webhook": "", "language": "", "loudness": null, "provider": "speeko", "segments": "sentence", "deliver_as": "", "read_numbers": false, "max_concurrency": 4, "calls_per_minute": 0, "chars_per_minute": 0, "price_per_million": ""}	[{"name": "delivered.csv", "first_row": 1}]	{"rows": 32, "calls": 39, "chars": 1885, "notes": ["delivered.csv: text from \\"text\\", id from \\"id\\" (guessed; choose with --text, --id)"], "cached": 0, "to_buy": 39, "changes": {"added": 32}, "refused": 0, "removed": 0, "skipped": 0, "refusals": {}, "in_flight": 0, "duplicates": 1, "cost_micros": 27729, "list_micros": 28315, "billed_chars": 1846, "previous_job": null, "unique_texts": 39, "first_refusals": [], "in_flight_micros": 0, "routing_saved_micros": 0}	1	\N	0	27729	0	39	0	1846	32	0	8	0	32	0	0	0	2026-11-30 17:38:28.694785+00	2026-11-30 17:36:28.513428+00	2026-11-30 17:36:28.70334+00	2026-11-30 17:36:32.010873+00	t	1	\N	f	{}	{}
2	shop	done		0	{"name": "{id}.{ext}", "ssml": "auto", "model": "kokoro", "prune": false, "speed": 1.0, "store": "/tmp/speeko-upgrade-fixture/home/audio", "voice": "kokoro-professional", "format": "mp3", "output": "/tmp/speeko-upgrade-fixture/nightly", "repair": false, "deliver": true, "lexicon": [], "routing": null, "sources": [], "webhook": "", "language": "", "loudness": null, "provider": "speeko", "segments": "auto", "deliver_as": "", "read_numbers": false, "max_concurrency": 4, "calls_per_minute": 0, "chars_per_minute": 0, "price_per_million": "15"}	[{"name": "nightly.csv", "first_row": 1}]	{"rows": 13, "calls": 8, "chars": 502, "notes": ["nightly.csv: text from \\"text\\", id from \\"id\\" (guessed; choose with --text, --id)"], "cached": 5, "to_buy": 8, "changes": {"added": 13}, "refused": 0, "removed": 0, "skipped": 0, "refusals": {}, "in_flight": 0, "duplicates": 0, "cost_micros": 4688, "list_micros": 7543, "billed_chars": 312, "previous_job": null, "unique_texts": 13, "first_refusals": [], "in_flight_micros": 0, "routing_saved_micros": 0}	2	\N	0	4688	0	8	0	312	13	0	4	0	13	0	0	0	2026-11-30 17:38:32.736392+00	2026-11-30 17:36:32.659412+00	2026-11-30 17:36:32.740404+00	2026-11-30 17:36:33.301327+00	t	1	\N	f	{}	{}
3	shop	paused	store: /tmp/speeko-upgrade-fixture/home/second-store: a file or a symbolic link stands where a folder should be	0	{"name": "{id}.{ext}", "ssml": "auto", "model": "kokoro", "prune": false, "speed": 1.0, "store": "/tmp/speeko-upgrade-fixture/home/second-store", "voice": "kokoro-professional", "format": "mp3", "output": "/tmp/speeko-upgrade-fixture/spooled", "repair": false, "deliver": true, "lexicon": [], "routing": null, "sources": [], "webhook": "", "language": "", "loudness": null, "provider": "speeko", "segments": "auto", "deliver_as": "", "read_numbers": false, "max_concurrency": 4, "calls_per_minute": 0, "chars_per_minute": 0, "price_per_million": ""}	[{"name": "spooled.csv", "first_row": 1}]	{"rows": 12, "calls": 12, "chars": 470, "notes": ["spooled.csv: text from \\"text\\", id from \\"id\\" (guessed; choose with --text, --id)"], "cached": 0, "to_buy": 12, "changes": {"added": 12}, "refused": 0, "removed": 0, "skipped": 0, "refusals": {}, "in_flight": 0, "duplicates": 0, "cost_micros": 7062, "list_micros": 7062, "billed_chars": 470, "previous_job": null, "unique_texts": 12, "first_refusals": [], "in_flight_micros": 0, "routing_saved_micros": 0}	3	\N	5274	0	0	0	0	0	12	0	3	3	0	0	0	0	2026-11-30 17:38:33.53749+00	2026-11-30 17:36:33.495588+00	2026-11-30 17:36:33.543012+00	\N	f	1	\N	f	{}	{}
4	shop	paused	by the user	0	{"name": "{id}.{ext}", "ssml": "auto", "model": "kokoro", "prune": false, "speed": 1.0, "store": "/tmp/speeko-upgrade-fixture/home/audio", "voice": "kokoro-professional", "format": "mp3", "output": "/tmp/speeko-upgrade-fixture/paused", "repair": false, "deliver": true, "lexicon": [], "routing": null, "sources": [], "webhook": "", "language": "", "loudness": null, "provider": "speeko", "segments": "auto", "deliver_as": "", "read_numbers": false, "max_concurrency": 4, "calls_per_minute": 0, "chars_per_minute": 0, "price_per_million": ""}	[{"name": "paused.csv", "first_row": 1}]	{"rows": 35, "calls": 30, "chars": 1350, "notes": ["paused.csv: text from \\"text\\", id from \\"id\\" (guessed; choose with --text, --id)"], "cached": 5, "to_buy": 30, "changes": {"added": 35}, "refused": 0, "removed": 0, "skipped": 0, "refusals": {}, "in_flight": 0, "duplicates": 0, "cost_micros": 17430, "list_micros": 20285, "billed_chars": 1160, "previous_job": null, "unique_texts": 35, "first_refusals": [], "in_flight_micros": 0, "routing_saved_micros": 0}	4	\N	0	10984	0	19	0	731	35	0	9	9	0	0	0	0	2026-11-30 17:38:34.116847+00	2026-11-30 17:36:34.046594+00	2026-11-30 17:36:34.126733+00	\N	f	1	\N	f	{}	{}
5	shop	running		0	{"name": "{id}.{ext}", "ssml": "auto", "model": "kokoro", "prune": false, "speed": 1.0, "store": "/tmp/speeko-upgrade-fixture/home/audio", "voice": "kokoro-professional", "format": "mp3", "output": "/tmp/speeko-upgrade-fixture/running", "repair": false, "deliver": true, "lexicon": [], "routing": null, "sources": [], "webhook": "", "language": "", "loudness": null, "provider": "speeko", "segments": "auto", "deliver_as": "", "read_numbers": false, "max_concurrency": 4, "calls_per_minute": 0, "chars_per_minute": 0, "price_per_million": ""}	[{"name": "running.csv", "first_row": 1}]	{"rows": 65, "calls": 60, "chars": 2580, "notes": ["running.csv: text from \\"text\\", id from \\"id\\" (guessed; choose with --text, --id)"], "cached": 5, "to_buy": 60, "changes": {"added": 65}, "refused": 0, "removed": 0, "skipped": 0, "refusals": {}, "in_flight": 0, "duplicates": 0, "cost_micros": 35910, "list_micros": 38765, "billed_chars": 2390, "previous_job": null, "unique_texts": 65, "first_refusals": [], "in_flight_micros": 0, "routing_saved_micros": 0}	5	\N	0	17279	0	29	0	1150	65	0	13	11	10	0	0	0	2026-11-30 17:38:44.525012+00	2026-11-30 17:36:44.401346+00	2026-11-30 17:36:44.532577+00	\N	f	1	\N	f	{}	{}
\.


--
-- Data for Name: job_cost; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.job_cost (job_id, day, provider, source, requests, chars, micros, saved_micros) FROM stdin;
\.


--
-- Data for Name: job_words; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.job_words (job_id, words) FROM stdin;
1	1 /tmp/speeko-upgrade-fixture/delivered delivered.csv
2	2 /tmp/speeko-upgrade-fixture/nightly nightly.csv
3	3 /tmp/speeko-upgrade-fixture/spooled spooled.csv
4	4 /tmp/speeko-upgrade-fixture/paused paused.csv
5	5 /tmp/speeko-upgrade-fixture/running running.csv
\.


--
-- Data for Name: need; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.need (key, job_id, chunk_no) FROM stdin;
\\xe4f4e3654e21e0191c85ec0c0ee6892db62384efe0808b8159d583e904d93369	3	1
\\x88eeed24b62587216294b013340d1e9efce8230924ac94704184d883e3667016	3	1
\\x63fc9cf45d934d6ba252fb28b485f6e6a61f2be0e33f58f40f13b6c3f6940efa	3	1
\\xa6e2df75a0b7bbfcdb15f5159cf0a9ccce1453df0603aa7c2a2af73431e7b912	3	1
\\x526d2ff06bb6a8abf80f782799b17e9f44dc6da3b0c267ccdf8aabdd3b72a555	3	2
\\x9b45ca0181213ca0ad384a8f71dd98945568bd2bbdb25b44099ccf8d3e4d054c	3	2
\\x6ccd1e7978edd887395469e5ad0b6c13e0565b638ec20989be5815f2b35f1c07	3	2
\\xc6b6f6d774748cf5d00ffe1df978a1188341ba4552a32b6ec45cd6bc58ba82ef	3	2
\\x6ffdff5059b7a6fb713a81e782fb227dc3c22b135f7eb58f63d695790cc06044	3	3
\\x0ab9e97e61298122a7a4eec149d66a6374315c4f2a05f8153d0dddaffba93b37	3	3
\\x464eedc96b10416ee9c763d539b1a027d3328bf4ee0841a7c91c2466cd512723	3	3
\\xbedc3090a5ac79a4fde31020141eb9a9f6123f2fce3c96e26ce095e2993b3e43	3	3
\\x1cac52eb6a5e0a1a368a95d1a50bd73884417c2b29983b9680bf8e3ab2fcadfe	4	5
\\x8fbb9dfe4250fd9e8841c99fd0d97cbb37d72eaa2ada8a3408d9bd997b01777e	4	6
\\x1b30e10d2663a84a16af9f009b09bfff0d2fd36c57fe682e7c0da8ed9dab1a61	4	6
\\xc9d5a949f07182147e512605a85bfd2227b4cc22f4236ae16ff33edf895ea675	4	6
\\x732e70b2accb6362d3f144a4a2749ae03cf6dd1bc0a03ff3d9370ec03f90e77c	4	6
\\x05d3a94ee7987c01fa030ac45289c6cfecb33a2ab8363aa509ecb47d2fde663e	5	8
\\x81b97712852030d12fbe588da4e57fe63c4bd9017d4e351356b6ca262db416f0	5	8
\\xb8dc14078ae444a776e46cd33dccfb73f7afb1ec7be597cae7efcfdaa84a9c8a	5	8
\\x768a63073430b8ebd8295830f66047d9cdc5ed16fb3907b55994477aad03e4e9	5	8
\\x624688104c4f5695742040ebf9ba2d3e33c6334b94e03e251ecc19ec143d4f00	5	8
\\xd5ceaf373d1627f19c55ba25684535c19ace72bf2d9edb6c23a368846df5674d	5	3
\\x9df646e37228080483184d33460c99f3635e1723788dab56de25c6d8499d6198	5	4
\\x96924f99a32f5104e404dfaaa4d0cf8dfc4e69c3804cf636fb41182f654946d1	5	4
\\x57e9b6cd5bc93e6d958b40884b9f539bba2ba53f064482e3cd0c1d927aef248a	5	4
\\xb8999a80fcf8ad29d3876dab6c50c2ea21e333317d50cd83c452e8d008ef69d0	5	4
\\x98feb61133bef6f58a904968045ed46b443dcd27ca4764529cd404ba066331cc	5	4
\.


--
-- Data for Name: permit; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.permit (account, claimant_id, held, busy, wants, until) FROM stdin;
speeko:bae341c22be4	3	4	0	4	2026-11-30 17:36:43.63774+00
\.


--
-- Data for Name: pulse; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.pulse (account, at, "limit", busy, wants) FROM stdin;
speeko:bae341c22be4	2026-11-30 17:36:25+00	4	0	4
speeko:bae341c22be4	2026-11-30 17:36:30+00	4	3	5
speeko:bae341c22be4	2026-11-30 17:36:35+00	4	0	8
speeko:bae341c22be4	2026-11-30 17:36:40+00	4	0	8
speeko:bae341c22be4	2026-11-30 17:36:45+00	4	0	4
\.


--
-- Data for Name: refusal; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.refusal (provider, status, calls) FROM stdin;
\.


--
-- Data for Name: schedule; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.schedule (id, name, tenant, cron, zone, catch_up, orders, paused, next_due, created_at) FROM stdin;
1	nightly	shop	0 2 * * *	UTC	last	{"spec": {"name": "{id}.{ext}", "ssml": "auto", "model": "kokoro", "prune": false, "speed": 1.0, "store": "/tmp/speeko-upgrade-fixture/home/audio", "voice": "kokoro-professional", "format": "mp3", "output": "/tmp/speeko-upgrade-fixture/nightly", "repair": false, "deliver": true, "lexicon": [], "routing": null, "sources": [], "webhook": "", "language": "", "loudness": null, "provider": "speeko", "segments": "auto", "deliver_as": "", "read_numbers": false, "max_concurrency": 4, "calls_per_minute": 0, "chars_per_minute": 0, "price_per_million": ""}, "orders": {"id": [], "read": {"format": "", "header": "auto", "quoting": "auto", "encoding": "", "delimiter": ""}, "text": [], "strict": false, "sources": ["/tmp/speeko-upgrade-fixture/nightly.csv"], "voice_column": "", "language_column": "", "on_duplicate_id": "error"}, "prices": "15", "partial": false, "priority": 0, "budget_micros": null, "most_deleted_share": "0.1"}	f	2026-11-22 02:00:00+00	2026-11-30 17:36:32.535911+00
\.


--
-- Data for Name: schedule_run; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.schedule_run (id, schedule_id, due, by_hand, state, reason, tries, lease_until, job_id, previous_job_id, ended_at) FROM stdin;
1	1	2026-11-21 02:00:00+00	f	submitted		1	\N	2	\N	2026-11-30 17:36:32.813481+00
\.


--
-- Data for Name: tenant; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.tenant (name, weight, daily_micros, monthly_micros) FROM stdin;
\.


--
-- Data for Name: utterance; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.utterance (key, state, provider, model, voice, language, format, chars, cost_micros, text, fence, tries, bad, claimant_id, bytes, millis, sha256, reason, bought_job, bought_row, hits, last_hit, created_at, settled_at) FROM stdin;
\\xb764a69ea76a66484e3b60fb86800e5fa2f9a0216ec75050a8cb1c259d2f62d9	done	speeko	kokoro	kokoro-professional		mp3	39	586	The plum number 1 comes in a plain box.	1	0	0	\N	4046	536	\\x1ea082fc5a55ba5c808c2bc21c657468c7e3f7e5b3695ef0b82ac3242d19f9ed		1	2	0	\N	2026-11-30 17:36:28.582285+00	2026-11-30 17:36:30.988453+00
\\x15558389cd9f169d71fe29a5bf53462fb2e8808dd3d0ce8cc283f6b267b8c1db	done	speeko	kokoro	kokoro-professional		mp3	39	586	The plum number 2 comes in a plain box.	1	0	0	\N	4046	536	\\xc94803fa0be9addaff74cdb6564909e1d5dacc15f2620e54f4802654a6ec9928		1	3	0	\N	2026-11-30 17:36:28.582117+00	2026-11-30 17:36:30.988467+00
\\x98b89bd3af75d3ddd6687392cfb9536e4bd1077f357bc02f69f2cefbfb4c465d	done	speeko	kokoro	kokoro-professional		mp3	39	586	The plum number 3 comes in a plain box.	1	0	0	\N	4046	536	\\x2b397df7aa5bcf4c50e318b8f14f8f10c6f94913f89bd0521205cb8a5aa8fc70		1	4	0	\N	2026-11-30 17:36:28.582263+00	2026-11-30 17:36:30.988479+00
\\x255e9445dcc668cd6c42cc93ee056d5e454bbd5614b1b5618d78a05adfdf44a8	done	speeko	kokoro	kokoro-professional		mp3	40	601	The plum number 11 comes in a plain box.	1	0	0	\N	4046	536	\\x42751d9646ec1b9eca784a9f593901d1ab9109175d5c012a3c96a37fdb3ac842		1	12	0	\N	2026-11-30 17:36:28.58215+00	2026-11-30 17:36:31.197542+00
\\x7734316d0679ae8d2605dafcca6eb2a72cae6dfeaf74aa1bb54af53f15510f42	done	speeko	kokoro	kokoro-professional		mp3	40	601	The plum number 12 comes in a plain box.	1	0	0	\N	4046	536	\\x96fb7af36cce5ee7c0c4b9e4fa7f1b0d79abab872c120f0530b8750f632b13fd		1	13	0	\N	2026-11-30 17:36:28.582229+00	2026-11-30 17:36:31.197592+00
\\x959368a7b1afe18fca63c72d480f1c5403147addea73c83b0035b99c751a28f9	done	speeko	kokoro	kokoro-professional		mp3	40	601	The plum number 13 comes in a plain box.	1	0	0	\N	4046	536	\\xf482b0f94f9d235269d09dfcfd9a0438960d9e8ae1421a5492fbffb9dc9c0d35		1	14	0	\N	2026-11-30 17:36:28.582259+00	2026-11-30 17:36:31.197606+00
\\x19b7939cf4c46790644b67e821f6be9e5c359c49157d5e2a1e54fea5e8ed9536	done	speeko	kokoro	kokoro-professional		mp3	40	601	The plum number 14 comes in a plain box.	1	0	0	\N	4046	536	\\x4cd351570ab1c41a6fd971bc075a00828de5a0cbd2d9df68304cc9ff1364dfb9		1	15	0	\N	2026-11-30 17:36:28.582147+00	2026-11-30 17:36:31.197618+00
\\x8e6fc12143bae008845d4c8038c6c1b0db0cccac3c5f3270fd01522719aac578	done	speeko	kokoro	kokoro-professional		mp3	40	601	The plum number 15 comes in a plain box.	1	0	0	\N	4046	536	\\x09c581634de0c0e3f7c81599eb8d04cfa201a3890a1defbe6b38fda8d3d448db		1	16	0	\N	2026-11-30 17:36:28.58225+00	2026-11-30 17:36:31.197629+00
\\xb189e14ed18888d12975b042096500461b94803c46fe912293c0e676e7e03684	done	speeko	kokoro	kokoro-professional		mp3	40	601	The plum number 16 comes in a plain box.	1	0	0	\N	4046	536	\\xb7d1b191b9a3c4693098fd71d76fdffdd3ca81f731eb6660ed58714a3ca8bad7		1	17	0	\N	2026-11-30 17:36:28.582269+00	2026-11-30 17:36:31.19764+00
\\x04583095ddb738d6cd52ce589e60e82778a9ed5fbc4b807a9b7db9370bcb5524	done	speeko	kokoro	kokoro-professional		mp3	40	601	The plum number 18 comes in a plain box.	1	0	0	\N	4046	536	\\x433204219251b45b4049ffb8eea416665b1fb2cc69af3b6d64837443ed361447		1	19	0	\N	2026-11-30 17:36:28.582087+00	2026-11-30 17:36:31.254061+00
\\x06507b9ff9aaf3ae6fcba4ef98830b08cdc5303b273d2c7154f2085163e0fdb0	done	speeko	kokoro	kokoro-professional		mp3	40	601	The plum number 19 comes in a plain box.	1	0	0	\N	4046	536	\\x342adf013643296d93d853f26203c9ff5429406060559a88edaf88f18875a2ba		1	20	0	\N	2026-11-30 17:36:28.582099+00	2026-11-30 17:36:31.254136+00
\\xd77ae2ee9b440956258872eac8f995bf34e98246c09c5710c872009fd751942c	done	speeko	kokoro	kokoro-professional		mp3	40	601	The plum number 20 comes in a plain box.	1	0	0	\N	4046	536	\\xc1131c865db939ec4c0af1a4eba2831f34118d2ec40f65e234af05f2901297e6		1	21	0	\N	2026-11-30 17:36:28.582303+00	2026-11-30 17:36:31.254164+00
\\x6a9905e15a3b30a30a26f16bda15cda43c74fb5fbc6f4430be5ff30e5d9e920a	done	speeko	kokoro	kokoro-professional		mp3	40	601	The plum number 22 comes in a plain box.	1	0	0	\N	4046	536	\\xfe5b81d03a30a26637cc56e7a033bcd2c3236c04dfe3760dc1ad029afb5d81f7		1	23	0	\N	2026-11-30 17:36:28.582224+00	2026-11-30 17:36:31.25419+00
\\x78213fef33c9405a3a14ca19904bd1971fe8ff575ccdd2e1b0b8e1b7e277d884	done	speeko	kokoro	kokoro-professional		mp3	40	601	The plum number 23 comes in a plain box.	1	0	0	\N	4046	536	\\x6596f7dd82a0c7ac9efa6621f426bfddae73b788cc1cb25a973a9bb9f37d83e4		1	24	0	\N	2026-11-30 17:36:28.582233+00	2026-11-30 17:36:31.254201+00
\\x7c561e8971a73a0c89b439e9dcb15a82ddad5881a26f255a06bb71ee8ae864f5	done	speeko	kokoro	kokoro-professional		mp3	74	1111	This is sentence number 0 of a long description, which is spoken in parts.	1	0	0	\N	4046	536	\\x5bcbef10aa04aa6cda30905259b6ead6e72456b47879dad7ad3000fcc1b5ce34		1	26	0	\N	2026-11-30 17:36:28.582244+00	2026-11-30 17:36:31.332478+00
\\x7c3a82fa212a366ec5f8530673701b56fd6d12ed6972de562de18392ec022827	done	speeko	kokoro	kokoro-professional		mp3	74	1111	This is sentence number 2 of a long description, which is spoken in parts.	1	0	0	\N	4046	536	\\x90ea5ecbb3ab03ed9f17cb8684952a4a8bf378ae08a4a278a59321ecfa9421d1		1	26	0	\N	2026-11-30 17:36:28.582239+00	2026-11-30 17:36:31.332523+00
\\x6a07608982f244e03468b58685056548baede84dc80659e4b059ee0502327f1b	done	speeko	kokoro	kokoro-professional		mp3	74	1111	This is sentence number 3 of a long description, which is spoken in parts.	1	0	0	\N	4046	536	\\x9375666d7ca946946e8027da351b49451200fa1b7579c0276f3d3c6f359fb633		1	26	0	\N	2026-11-30 17:36:28.582205+00	2026-11-30 17:36:31.33253+00
\\x0ed4088c559c9dee8793ffab42a279cf3b771e3954ca4986cb2d7fe04914d983	done	speeko	kokoro	kokoro-professional		mp3	74	1111	This is sentence number 5 of a long description, which is spoken in parts.	1	0	0	\N	4046	536	\\x69dce5cfc65ba8493442f17d74256ba34d66cf5cff8e892d51488c436d97a353		1	26	0	\N	2026-11-30 17:36:28.582103+00	2026-11-30 17:36:31.332548+00
\\x90e3c78e5daea460fda402b918075a7cec195b199850f9f535bff8ee81b9b8fd	done	speeko	kokoro	kokoro-professional		mp3	38	571	Every catalog has this note, number 0.	1	0	0	\N	4046	536	\\x2a263116e19a0d4cee81c4c1644d4e8df8a42d5755ff3466e9bf65808b055370		1	28	0	\N	2026-11-30 17:36:28.582254+00	2026-11-30 17:36:31.332562+00
\\x48561ccf3634e42ccc695a3cef0dc8ac211714eb7a479ebce753b0cd11fdd3cb	done	speeko	kokoro	kokoro-professional		mp3	38	571	Every catalog has this note, number 1.	1	0	0	\N	4046	536	\\x7e84dd055fcab6554ad9bd83ea0fe9e233cec623884e34c08440d34645735b5b		1	29	0	\N	2026-11-30 17:36:28.582178+00	2026-11-30 17:36:31.332568+00
\\xcf54c60c5af3fac1925518ce2bd9493f51c5c6037c0e889503dd8abf715e32a2	done	speeko	kokoro	kokoro-professional		mp3	38	571	Every catalog has this note, number 2.	1	0	0	\N	4046	536	\\x06d2408c3b50ec444c0916586d81ccd06a5602998adb82280eda6d6b2eb029bd		1	30	0	\N	2026-11-30 17:36:28.582296+00	2026-11-30 17:36:31.462317+00
\\x04a6023b09596dd0e507862e8a35423ec1be6061cde6d139b0a7e45ceaba8507	done	speeko	kokoro	kokoro-professional		mp3	38	571	Every catalog has this note, number 3.	1	0	0	\N	4046	536	\\xa5ed318f5d9baec320c1cc30db4ec44a0728c314d708fe3f849400e8cc838e5f		1	31	0	\N	2026-11-30 17:36:28.582095+00	2026-11-30 17:36:31.462349+00
\\xc62d68e8c133975c25ceb46848ba3e03331acff66aa48774a7bb531091f913c4	done	speeko	kokoro	kokoro-professional		mp3	38	571	Every catalog has this note, number 4.	1	0	0	\N	4046	536	\\x235cd154ee4bc244ae819030fc53466cb5df2e592929d4d66b765de5862b98ce		1	32	0	\N	2026-11-30 17:36:28.582292+00	2026-11-30 17:36:31.462358+00
\\xe14d66fe038b676247e877d8ae81ae7bb7e3e3f345d44a9863d4ab1816cfff68	done	speeko	kokoro	kokoro-professional		mp3	39	586	The plum number 0 comes in a plain box.	1	0	0	\N	4046	536	\\xd1a31aff537c1942dcba4f282cc8240c5d4ff5f80edf9effe20cf9dc813a41ad		1	1	0	\N	2026-11-30 17:36:28.582313+00	2026-11-30 17:36:30.988408+00
\\x01d82cda2fa32e3c0cd1f133d279f469041b76e95a091ddf676fa73bb11a7e9d	done	speeko	kokoro	kokoro-professional		mp3	39	586	The plum number 4 comes in a plain box.	1	0	0	\N	4046	536	\\x55f5e540142e1aa48a29d6c2ffff99ab81023da0af45d8944603fb09fe73dfbf		1	5	0	\N	2026-11-30 17:36:28.581982+00	2026-11-30 17:36:30.988489+00
\\xd29b99b0a1b225fad126d64e506b7f2b4e53d7d8812f3675f10fe6e357e44db1	done	speeko	kokoro	kokoro-professional		mp3	39	586	The plum number 5 comes in a plain box.	1	0	0	\N	4046	536	\\x0424ae872c3102e36f2a74e3cd8308a4a96ffe0143d08a598d970cb398a2436b		1	6	0	\N	2026-11-30 17:36:28.582299+00	2026-11-30 17:36:30.988502+00
\\x33d154330977216a6f2d971cda517d01733aa2053e1b2fd1d4ede8b78635c9d0	done	speeko	kokoro	kokoro-professional		mp3	39	586	The plum number 6 comes in a plain box.	1	0	0	\N	4046	536	\\xce0669a5d90e2cc258119fd32801182fc87893ed78c7af1f521d009b2826e1bd		1	7	0	\N	2026-11-30 17:36:28.582158+00	2026-11-30 17:36:30.988515+00
\\xb6a86ab2731c6016a2c6d1773d76953062cb8756233f14a0a6a020f8dab92a30	done	speeko	kokoro	kokoro-professional		mp3	39	586	The plum number 7 comes in a plain box.	1	0	0	\N	4046	536	\\xf4b523258b918775ea1bee7744613eb6301f8d6c149b1c29af0352a1c09b5371		1	8	0	\N	2026-11-30 17:36:28.582273+00	2026-11-30 17:36:30.988526+00
\\x41d4d3634a6baeabdad7f39f7d8fffbe9a996ce8bca709bac1c16cc4b6837e57	done	speeko	kokoro	kokoro-professional		mp3	39	586	The plum number 8 comes in a plain box.	1	0	0	\N	4046	536	\\xfd275046a961299f1728a8b52c476da3503fe2e4e916718c8d15143a4bfac09b		1	9	0	\N	2026-11-30 17:36:28.582161+00	2026-11-30 17:36:30.988537+00
\\xbb8f3c7f458dd29c1097139d77ba9c07fd4a302c88f4e14c94db805eaa399105	done	speeko	kokoro	kokoro-professional		mp3	39	586	The plum number 9 comes in a plain box.	1	0	0	\N	4046	536	\\x807d82dda0ebc39be1ab62e0ad62aee86711fda4f9546a8cb2b8303494a8fe9e		1	10	0	\N	2026-11-30 17:36:28.582288+00	2026-11-30 17:36:30.988548+00
\\x5b2e18489057dab82cbd1bfbb35ef15c397c1a855f1e2a44c705d2548b8c8b12	done	speeko	kokoro	kokoro-professional		mp3	40	601	The plum number 10 comes in a plain box.	1	0	0	\N	4046	536	\\xb2e47e53d6fb746f00792e74cf81413a7181d5bece58bfba2820f5a7092ec3de		1	11	0	\N	2026-11-30 17:36:28.5822+00	2026-11-30 17:36:30.988559+00
\\x59bee42dd51987c751f917ee797629fb3f80b69d41a120a4115ffd5c53e36d2d	done	speeko	kokoro	kokoro-professional		mp3	40	601	The plum number 17 comes in a plain box.	1	0	0	\N	4046	536	\\x3a41d2e3e7c5398e26b3a5ce068ce8887eafff46d02a12a131adeb2d937289e7		1	18	0	\N	2026-11-30 17:36:28.58219+00	2026-11-30 17:36:31.197652+00
\\xe5f63df8517a87d728e3ee283b9fb0c78ba4a274797f1fe4da9733647a14dc6e	done	speeko	kokoro	kokoro-professional		mp3	40	601	The plum number 21 comes in a plain box.	1	0	0	\N	4046	536	\\xba0e08b495ce806467653e26ccc52aaf3a670d913a0cbeab347fa68741a2ba65		1	22	0	\N	2026-11-30 17:36:28.582534+00	2026-11-30 17:36:31.254178+00
\\xff086c6b510a640a4765697de6bb91d608b8f7e4f2e2eee44920462911fad770	done	speeko	kokoro	kokoro-professional		mp3	40	601	The plum number 24 comes in a plain box.	1	0	0	\N	4046	536	\\x97a9d4d44e647b4ce29923617731a08d349314fbeb75918b294ecdc6304c454c		1	25	0	\N	2026-11-30 17:36:28.582544+00	2026-11-30 17:36:31.254212+00
\\xef8303ce1ef6bba34ab368c3ad39dd903160d7096990c7b9e185ce38ec89f4d5	done	speeko	kokoro	kokoro-professional		mp3	74	1111	This is sentence number 1 of a long description, which is spoken in parts.	1	0	0	\N	4046	536	\\x7cc8d83e4c49a571176914856897367c0036ce4aa738ba11c1973b09e14f59fa		1	26	0	\N	2026-11-30 17:36:28.582537+00	2026-11-30 17:36:31.332513+00
\\xfc548c897241e4d5c1fcef444bf88dc8f5160d3821f973f54cea8a72c462f217	done	speeko	kokoro	kokoro-professional		mp3	74	1111	This is sentence number 4 of a long description, which is spoken in parts.	1	0	0	\N	4046	536	\\xdfb0a2d65c92f0cbfa479ed07958a02980a6286d13fdab93d388bdbb62e68ea6		1	26	0	\N	2026-11-30 17:36:28.58254+00	2026-11-30 17:36:31.332537+00
\\x9f60447d5937ea4c7187ac1bb0c8fc1dc4b8705fc1cbce3424fa985fbfe87379	done	speeko	kokoro	kokoro-professional		mp3	74	1111	This is sentence number 6 of a long description, which is spoken in parts.	1	0	0	\N	4046	536	\\x27b83d5ca1eb32b8d6a98dfb719828d1c3740ecf003f0a8389daf1a0d6bf5960		1	26	0	\N	2026-11-30 17:36:28.582266+00	2026-11-30 17:36:31.332555+00
\\x5a1ed3ae770e8130031a6167ae1a1780f0d0dab8c9d79f26364751623a43bf77	done	speeko	kokoro	kokoro-professional		mp3	74	1111	This is sentence number 7 of a long description, which is spoken in parts.	1	0	0	\N	4046	536	\\x85b589c0808b10f0d695e6cdf84f42c51071db4c4c9076f46537527cd1895d23		1	26	0	\N	2026-11-30 17:36:28.582195+00	2026-11-30 17:36:31.332578+00
\\x2d24ab9dd8db3521e654cc050996d3faf014202eb2649907830569678239391f	done	speeko	kokoro	kokoro-professional		mp3	74	1111	This is sentence number 8 of a long description, which is spoken in parts.	1	0	0	\N	4046	536	\\xc3bd3ed2fa21b6c0c753396b498fc826c5ae6ac231fdb3e38dd78e6d832a50fd		1	26	0	\N	2026-11-30 17:36:28.582154+00	2026-11-30 17:36:31.332585+00
\\x5e2658254a1c1eee1d1432285707b0a5000fe06081a15f03a6a768db9e1823a4	done	speeko	kokoro	kokoro-professional		mp3	39	586	The lime number 0 comes in a plain box.	1	0	0	\N	4046	536	\\xbfe7c65271c6237d379b23f0d1340daec9fd8eb4c9f74fa2ac4edf0906af643b		2	1	0	\N	2026-11-30 17:36:32.716743+00	2026-11-30 17:36:33.211971+00
\\x8afbea42d0f1674a843cf7e1c608de40e928fc344daf4ddece285db9a8b25912	done	speeko	kokoro	kokoro-professional		mp3	39	586	The lime number 1 comes in a plain box.	1	0	0	\N	4046	536	\\x93a8c6257433b871676ed97dcda1c1cb53283fa3efdae2683a10b0d97e9aa912		2	2	0	\N	2026-11-30 17:36:32.716764+00	2026-11-30 17:36:33.212005+00
\\x4d288cc4783cea16358eb1bbecc7ba511d139246d446fe2b8a5d00007bc45eab	done	speeko	kokoro	kokoro-professional		mp3	39	586	The lime number 2 comes in a plain box.	1	0	0	\N	4046	536	\\x168aeb9af1a8939e84733b62967354c40cf44f3658c9712954845f198fa553dc		2	3	0	\N	2026-11-30 17:36:32.716735+00	2026-11-30 17:36:33.212015+00
\\x1b57d003f576497e1012c135b66dd4a496a321d212793ef4799331d297b45300	done	speeko	kokoro	kokoro-professional		mp3	39	586	The lime number 3 comes in a plain box.	1	0	0	\N	4046	536	\\x249917a9a6a0e0b34a3b14c62f33081b764317a420236ddc40816678cb653f41		2	4	0	\N	2026-11-30 17:36:32.716613+00	2026-11-30 17:36:33.212022+00
\\x2230900320b98a9ced088a194a94fbf45ac8e5bae5d76597cedba57868968235	done	speeko	kokoro	kokoro-professional		mp3	39	586	The lime number 4 comes in a plain box.	1	0	0	\N	4046	536	\\xe72c4de43829794bcd3966f5a6da614ad6fa28eb35600268a073acf090b12275		2	5	0	\N	2026-11-30 17:36:32.716724+00	2026-11-30 17:36:33.212029+00
\\x93379721d25fa842240e50abcbb3c7dedda11f70edfb69043922119d695b6cc6	done	speeko	kokoro	kokoro-professional		mp3	39	586	The lime number 5 comes in a plain box.	1	0	0	\N	4046	536	\\xfcdeca7d3e3069e361efc63f6acb9cd2ba922576c36799fa3433e533374b1cbc		2	6	0	\N	2026-11-30 17:36:32.71677+00	2026-11-30 17:36:33.212035+00
\\x05d3a94ee7987c01fa030ac45289c6cfecb33a2ab8363aa509ecb47d2fde663e	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 35 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.48941+00	\N
\\x094aa926f5ce2c59ad2ac6bed8a7ae78de5167c77f03fdf9b4df2c169cb3520f	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 59 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.48948+00	\N
\\x0f56703d600ad81c6ae3f0d7d2d32733728e88f5fa1cca7363fb32edca42dd90	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 50 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489491+00	\N
\\x10ce1d225a258fc357d11f9848ee512722cbcf6c59b7079010cfc53c0928c1a2	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 42 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489499+00	\N
\\x19056198f54cc2fd23435f04386c1218f170ed8602fe22bb275763e02d507c81	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 43 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489506+00	\N
\\x7783368bf6b22d6dc25be5c45d204419ac2739f7042d4cc336855e1f7e3d42de	done	speeko	kokoro	kokoro-professional		mp3	39	586	The lime number 6 comes in a plain box.	1	0	0	\N	4046	536	\\x9d55154f8c88c4b68be2d71005b9369bb29d5cb255a26e57a7f8592a39a5f65e		2	7	0	\N	2026-11-30 17:36:32.71675+00	2026-11-30 17:36:33.212041+00
\\x79987770ceb62aa62e73353e3f4a2218f53a46ff8ee393e976ee1949b34c01c6	done	speeko	kokoro	kokoro-professional		mp3	39	586	The lime number 7 comes in a plain box.	1	0	0	\N	4046	536	\\x1ec5eec29cfade59f9827b1c59fc70dcd45a4e4565caa329b3755015c42a1d13		2	8	0	\N	2026-11-30 17:36:32.716757+00	2026-11-30 17:36:33.212135+00
\\x0ab9e97e61298122a7a4eec149d66a6374315c4f2a05f8153d0dddaffba93b37	missing	speeko	kokoro	kokoro-professional		mp3	39	586	The date number 9 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:33.521577+00	\N
\\x464eedc96b10416ee9c763d539b1a027d3328bf4ee0841a7c91c2466cd512723	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The date number 10 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:33.521651+00	\N
\\xbedc3090a5ac79a4fde31020141eb9a9f6123f2fce3c96e26ce095e2993b3e43	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The date number 11 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:33.521727+00	\N
\\xe4f4e3654e21e0191c85ec0c0ee6892db62384efe0808b8159d583e904d93369	claimed	speeko	kokoro	kokoro-professional		mp3	39	586	The date number 0 comes in a plain box.	1	0	0	3	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:33.521738+00	\N
\\x88eeed24b62587216294b013340d1e9efce8230924ac94704184d883e3667016	claimed	speeko	kokoro	kokoro-professional		mp3	39	586	The date number 1 comes in a plain box.	1	0	0	3	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:33.521688+00	\N
\\x63fc9cf45d934d6ba252fb28b485f6e6a61f2be0e33f58f40f13b6c3f6940efa	claimed	speeko	kokoro	kokoro-professional		mp3	39	586	The date number 2 comes in a plain box.	1	0	0	3	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:33.521675+00	\N
\\xa6e2df75a0b7bbfcdb15f5159cf0a9ccce1453df0603aa7c2a2af73431e7b912	claimed	speeko	kokoro	kokoro-professional		mp3	39	586	The date number 3 comes in a plain box.	1	0	0	3	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:33.521723+00	\N
\\x526d2ff06bb6a8abf80f782799b17e9f44dc6da3b0c267ccdf8aabdd3b72a555	claimed	speeko	kokoro	kokoro-professional		mp3	39	586	The date number 4 comes in a plain box.	1	0	0	3	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:33.52166+00	\N
\\x9b45ca0181213ca0ad384a8f71dd98945568bd2bbdb25b44099ccf8d3e4d054c	claimed	speeko	kokoro	kokoro-professional		mp3	39	586	The date number 5 comes in a plain box.	1	0	0	3	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:33.521709+00	\N
\\x6ccd1e7978edd887395469e5ad0b6c13e0565b638ec20989be5815f2b35f1c07	claimed	speeko	kokoro	kokoro-professional		mp3	39	586	The date number 6 comes in a plain box.	1	0	0	3	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:33.52168+00	\N
\\xc6b6f6d774748cf5d00ffe1df978a1188341ba4552a32b6ec45cd6bc58ba82ef	claimed	speeko	kokoro	kokoro-professional		mp3	39	586	The date number 7 comes in a plain box.	1	0	0	3	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:33.521732+00	\N
\\x6ffdff5059b7a6fb713a81e782fb227dc3c22b135f7eb58f63d695790cc06044	claimed	speeko	kokoro	kokoro-professional		mp3	39	586	The date number 8 comes in a plain box.	1	0	0	3	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:33.521684+00	\N
\\x1a070ee5a52462ced10b7e6e08b9907a1fa90b90a80c1ec0397ee53f73928acc	missing	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 28 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:34.080611+00	\N
\\x1b30e10d2663a84a16af9f009b09bfff0d2fd36c57fe682e7c0da8ed9dab1a61	missing	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 21 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:34.080615+00	\N
\\x1cac52eb6a5e0a1a368a95d1a50bd73884417c2b29983b9680bf8e3ab2fcadfe	missing	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 19 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:34.08063+00	\N
\\x10342446d9adc2da37499fcfd9597c7d434172c2c1184f7ab2d8158adcbd831f	done	speeko	kokoro	kokoro-professional		mp3	38	571	The fig number 0 comes in a plain box.	1	0	0	\N	4046	536	\\x50be2b99a2c6aaa5955222b4d40573fa2d444c0e329f3fbb609713d5772452f4		4	1	0	\N	2026-11-30 17:36:34.080599+00	2026-11-30 17:36:43.950502+00
\\x52742b77d041750f20efcb38c6b4db7a10b9532b488967359586d56fab32e5c5	done	speeko	kokoro	kokoro-professional		mp3	38	571	The fig number 6 comes in a plain box.	1	0	0	\N	4046	536	\\x04d88b8f8556c161cdd5e1832ac9392e6a7936b8bfd57128abe3375df391fa79		4	7	0	\N	2026-11-30 17:36:34.080691+00	2026-11-30 17:36:44.042815+00
\\x09217a49e0caefed4516956e44b40ec9486e13e729f91bbe128ffbb8a8390f61	done	speeko	kokoro	kokoro-professional		mp3	38	571	The fig number 7 comes in a plain box.	1	0	0	\N	4046	536	\\x2f061fab231157a5d863b12c9146757f3f47cf039bebc0a7580c13e181be31f6		4	8	0	\N	2026-11-30 17:36:34.080545+00	2026-11-30 17:36:44.042826+00
\\x468053465598d2ccb222980927a34cb8e55ec9313d8de06875295307752806d8	done	speeko	kokoro	kokoro-professional		mp3	38	571	The fig number 8 comes in a plain box.	1	0	0	\N	4046	536	\\x2832f0a6f99e94a86f277c79dbbcf8a516646baf538aa5b80336973963510b8e		4	9	0	\N	2026-11-30 17:36:34.080651+00	2026-11-30 17:36:44.042837+00
\\x12a683e17b31fdf450b86c6479a633a0c692c0e67d4d2e0e2e274a9a44b8f55c	done	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 10 comes in a plain box.	1	0	0	\N	4046	536	\\x0dc0f6a9611d304bdc9d82e36f2c3fae9fbf6d3fe3e66670634860158cdb0461		4	11	0	\N	2026-11-30 17:36:34.080606+00	2026-11-30 17:36:44.042868+00
\\x2314505c4b718cd47465a06e0f9a65a7cb47ddf0bf24dba7107e8b3060ce7592	done	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 11 comes in a plain box.	1	0	0	\N	4046	536	\\x2186cc8f4be812cea4560d1db4f509ff30dac61a7f601a78a4b51b9f88483c52		4	12	0	\N	2026-11-30 17:36:34.080634+00	2026-11-30 17:36:44.208979+00
\\x31376268f99488fdfeec55c41e4120f9c1f2594f7b7ee6a2c641d1632f78361c	done	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 15 comes in a plain box.	1	0	0	\N	4046	536	\\x0ad5e4962d26b341c5ff3d413827f3779d42ce89d605899818b34364fabb3f23		4	16	0	\N	2026-11-30 17:36:34.080638+00	2026-11-30 17:36:44.209092+00
\\x3a5ab495da446c222f7bb6208e0d893ca2277d41d66d611e1ae7dd2296835434	done	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 17 comes in a plain box.	1	0	0	\N	4046	536	\\xe0d1e5094df26592abcf31415a39a563b0471ca5a8d55c2a2ae8787853e6ac7c		4	18	0	\N	2026-11-30 17:36:34.080643+00	2026-11-30 17:36:44.209113+00
\\x419b1f155aa0facb64182e6d903823952730b22e6a13923a8cc0568136514431	done	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 18 comes in a plain box.	1	0	0	\N	4046	536	\\x56dfff764722a3ed3afdc53c5c5a3eb08788abbe0fd1562d45d8edbd50498e3b		4	19	0	\N	2026-11-30 17:36:34.080647+00	2026-11-30 17:36:44.209124+00
\\x5c48900e9e968582e1a5597c18114246ff8eb113bd340812c03df77b09a06312	missing	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 29 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:34.080696+00	\N
\\x6c84fa9ff87eeb1c3bfa8679405b2e7d28e392c741e2572a843e11a83d5e5062	missing	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 26 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:34.08075+00	\N
\\x732e70b2accb6362d3f144a4a2749ae03cf6dd1bc0a03ff3d9370ec03f90e77c	missing	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 23 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:34.080754+00	\N
\\x8fbb9dfe4250fd9e8841c99fd0d97cbb37d72eaa2ada8a3408d9bd997b01777e	missing	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 20 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:34.080762+00	\N
\\xc62b02ecce96d4c401181b473c64d7cc2681f324a9dc7ed16332d9921ca1561e	missing	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 25 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:34.080772+00	\N
\\xc985177f7de883677cb7623eb4af0c1db55942fd940e7b46ec779725700b6ae4	missing	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 27 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:34.080776+00	\N
\\xc9d5a949f07182147e512605a85bfd2227b4cc22f4236ae16ff33edf895ea675	missing	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 22 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:34.080779+00	\N
\\xcccfbe79f8a1a61b107e6abdc936631e602ab7b74460d742f3aeaf2bbe3bc58b	missing	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 24 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:34.080782+00	\N
\\xf023a0c6b9b1ed52a36266b88db33775abc7ac2683d1e019da6994a576867087	done	speeko	kokoro	kokoro-professional		mp3	38	571	The fig number 1 comes in a plain box.	1	0	0	\N	4046	536	\\x74a65e7e0a3e7a5eb4069e8300ba4d72c2fc8869f32293981a9ab15bb2b3f88f		4	2	0	\N	2026-11-30 17:36:34.080797+00	2026-11-30 17:36:43.950585+00
\\x8ad5e275883f2dff6b76c5b8ffa898b43b869077f37924001911672ce8107389	done	speeko	kokoro	kokoro-professional		mp3	38	571	The fig number 2 comes in a plain box.	1	0	0	\N	4046	536	\\x76985d0a38d2476dba2a62c134607a6f641764e0f20d34e9f8e7c4a65ea97947		4	3	0	\N	2026-11-30 17:36:34.080758+00	2026-11-30 17:36:43.950599+00
\\xe9926df426217116c35aace6156f112c31c277430de038a92a022c718a22d905	done	speeko	kokoro	kokoro-professional		mp3	38	571	The fig number 3 comes in a plain box.	1	0	0	\N	4046	536	\\x8d0e060d485fa52b50cb2868722cc0c925dac8c48c2078f3c06a8de68bdf3fa6		4	4	0	\N	2026-11-30 17:36:34.080794+00	2026-11-30 17:36:43.95061+00
\\xe4061c5175992734c571b98c7324dbfbb3cd82265b9456d17c4951ea91ab5fc8	done	speeko	kokoro	kokoro-professional		mp3	38	571	The fig number 4 comes in a plain box.	1	0	0	\N	4046	536	\\xcf50e982b8b33c54a73931a75f4bee1809cdffb4ac8ae5937cf68879a7cea9fb		4	5	0	\N	2026-11-30 17:36:34.080788+00	2026-11-30 17:36:44.042752+00
\\xdcab72633fb7964873c504a24d98cc004b54363d12598c08449fdfe08a705189	done	speeko	kokoro	kokoro-professional		mp3	38	571	The fig number 5 comes in a plain box.	1	0	0	\N	4046	536	\\x3458b1f582156819c67504f2ce13bc0320576263603d204b15f4d0929a62ecdf		4	6	0	\N	2026-11-30 17:36:34.080785+00	2026-11-30 17:36:44.0428+00
\\xfc8e29bde2949a68e0143229835fa318223592ba0e64f0a15485ec06cf8ff922	done	speeko	kokoro	kokoro-professional		mp3	38	571	The fig number 9 comes in a plain box.	1	0	0	\N	4046	536	\\x56f0643bd222ed02028cafa12430ee9bc16b3ae9254f9453bebb1cd204ca1909		4	10	0	\N	2026-11-30 17:36:34.080801+00	2026-11-30 17:36:44.042848+00
\\x66c78a0b08b0c325d73aa9fc1d61d654550b99766f715d8c2950bab4fd4a2fc3	done	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 12 comes in a plain box.	1	0	0	\N	4046	536	\\x430fb165518438a641ecd41847debc757378704ecc4dcab6435c9ba05f0aa4ce		4	13	0	\N	2026-11-30 17:36:34.080746+00	2026-11-30 17:36:44.209051+00
\\xc4836ad7cb326140bdbd2319a64e4074659d0d1fea3d1dcf1d07f4b9c52d0b9c	done	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 13 comes in a plain box.	1	0	0	\N	4046	536	\\x7095d6b418c4525b8ddcdeabe91cd3518e7ab3ca78fdf79b9ea8fd4d2cacda3b		4	14	0	\N	2026-11-30 17:36:34.080769+00	2026-11-30 17:36:44.209071+00
\\xe4d90ef1c11c3af5cb6c402243c6e9f3940b48e92d8479263481243859971a30	done	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 14 comes in a plain box.	1	0	0	\N	4046	536	\\xe5171e7d8946a061e64598fd9656c80a3432e606c58a493f6a0d381ec18fea1c		4	15	0	\N	2026-11-30 17:36:34.080791+00	2026-11-30 17:36:44.209082+00
\\xa582c21f9f4f79d3285e2fea976b7396de3d79bf63129a60488c3532f6ffa863	done	speeko	kokoro	kokoro-professional		mp3	39	586	The fig number 16 comes in a plain box.	1	0	0	\N	4046	536	\\xcc54ed182ff94b236a7e265112bede470b9e80cceb1a126fcb343977c6c5a6b2		4	17	0	\N	2026-11-30 17:36:34.080766+00	2026-11-30 17:36:44.209103+00
\\xabb91e286afa2bebd8843fe7f11cf5b170258c91ecee382927e661fb49c6a421	done	speeko	kokoro	kokoro-professional		mp3	39	586	The pear number 4 comes in a plain box.	1	0	0	\N	4046	536	\\xaedf08e6ecb6a55dca2155a8aa76332722518c0243ab3f69fc618e413832807b		5	5	0	\N	2026-11-30 17:36:44.489815+00	2026-11-30 17:36:45.094903+00
\\x8d62344c50052433fcc53270cf8d38a1428592788c6b9571ac96bb961350e045	done	speeko	kokoro	kokoro-professional		mp3	39	586	The pear number 7 comes in a plain box.	1	0	0	\N	4046	536	\\x1a1163a390c74c008b64edc64da04e0029b7228ab79765dff6d74c3e5da765c5		5	8	0	\N	2026-11-30 17:36:44.489773+00	2026-11-30 17:36:45.094978+00
\\x76233d68ed9a1f27dbfef6dc9e1a7c483895e500648b1de215df1351011c629c	done	speeko	kokoro	kokoro-professional		mp3	39	586	The pear number 8 comes in a plain box.	1	0	0	\N	4046	536	\\xf5ebdcda9df476d9c265447ca17438b4b794c67cceb99af0e547134b7c847d61		5	9	0	\N	2026-11-30 17:36:44.489668+00	2026-11-30 17:36:45.094988+00
\\x9b5fc878da3ad3ef892f22d329c358e3728839b62dda5686cb7749e35283bffa	done	speeko	kokoro	kokoro-professional		mp3	39	586	The pear number 9 comes in a plain box.	1	0	0	\N	4046	536	\\xcd02fea27b3d1e3b3d1485a072e4acf60bcfa4534e9667fb0c082881ffad408b		5	10	0	\N	2026-11-30 17:36:44.489797+00	2026-11-30 17:36:45.094998+00
\\x9e0bfdac309d47157c315a21c4bd97bdd2665a2c5bbaf70949fa9191099ac280	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 25 comes in a plain box.	1	0	0	\N	4046	536	\\xf4db62740b8a5b9332bfb54f9ff5c5b0299f450252d0f642321cd6fa71693add		5	26	0	\N	2026-11-30 17:36:44.489809+00	2026-11-30 17:36:45.995017+00
\\xb58c8808078e1c3f8425600bba8e000501288fbf822604fbeb8939c9354d1761	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 26 comes in a plain box.	1	0	0	\N	4046	536	\\xe6cd2c3571b1ff37335cf7b6e57c004f92cbe753d1e5df1d729233f4baf0a91f		5	27	0	\N	2026-11-30 17:36:44.48982+00	2026-11-30 17:36:45.995069+00
\\x3b8c422071dd7327a0dc8c2607b41a0b6fc2653f467e07836163fda9b4abe022	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 27 comes in a plain box.	1	0	0	\N	4046	536	\\x7068fdaa0c31ddfc1ded37bfb59d17058f2a26aede582e88097270f0bb52c863		5	28	0	\N	2026-11-30 17:36:44.489611+00	2026-11-30 17:36:45.99508+00
\\x3799b78515639a4c821ea1ee5a4fcc0258b4810db2e69e88060a02e1d723d14b	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 46 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489598+00	\N
\\x57e9b6cd5bc93e6d958b40884b9f539bba2ba53f064482e3cd0c1d927aef248a	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 17 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489617+00	\N
\\x5aaf7c2273c0e80aa62eb8c7d0a9144ade5c222ecea8c38959ce8a21b9ba6e96	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 49 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489623+00	\N
\\x624688104c4f5695742040ebf9ba2d3e33c6334b94e03e251ecc19ec143d4f00	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 39 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489643+00	\N
\\x7416931b08a5521042c7885f3a8a0ff976dd66469d9c55f975c49399cc5b00bc	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 52 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489662+00	\N
\\x768a63073430b8ebd8295830f66047d9cdc5ed16fb3907b55994477aad03e4e9	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 38 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489725+00	\N
\\x778e8bab86350134c954d0162a0498bec0c41d6ffb236bb577f1ec6ffa0aa8b6	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 47 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489732+00	\N
\\x7ac61b46587eeda55858cb7920dda1a4948680870214a28fa9316c6c4dc84513	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 58 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489738+00	\N
\\x81b97712852030d12fbe588da4e57fe63c4bd9017d4e351356b6ca262db416f0	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 36 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.48975+00	\N
\\x85838422cddff8a723b60bcfb2cfe7ce4cf37bde4e124458e175f43fddfb9969	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 45 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489756+00	\N
\\x878331cf2078e21bdabe678d76302b06ab78ec3fbde5fe9da5af976f5a343352	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 55 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489761+00	\N
\\x88429e999a90b8cd5bd149b84b650005ce1062a06d1e9eb45dfa0de2f336b4c6	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 44 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489767+00	\N
\\x96924f99a32f5104e404dfaaa4d0cf8dfc4e69c3804cf636fb41182f654946d1	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 16 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489785+00	\N
\\x98feb61133bef6f58a904968045ed46b443dcd27ca4764529cd404ba066331cc	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 19 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489791+00	\N
\\x9df646e37228080483184d33460c99f3635e1723788dab56de25c6d8499d6198	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 15 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489803+00	\N
\\xb8999a80fcf8ad29d3876dab6c50c2ea21e333317d50cd83c452e8d008ef69d0	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 18 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489827+00	\N
\\xb8dc14078ae444a776e46cd33dccfb73f7afb1ec7be597cae7efcfdaa84a9c8a	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 37 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489832+00	\N
\\x1b15356180c2e3d7da980ec930049bb08f9a2dba474a36306d8329a06c45b7f2	done	speeko	kokoro	kokoro-professional		mp3	39	586	The pear number 0 comes in a plain box.	1	0	0	\N	4046	536	\\x6dc8c1d2cef7e29df9c4b7ce1889ec488c311d207926e8d0fc1db0eb967c3c50		5	1	0	\N	2026-11-30 17:36:44.489513+00	2026-11-30 17:36:45.09478+00
\\x5ba042df92695815ce26aaa957ceab1ef77947dc314f9ba366f7102e8b966b28	done	speeko	kokoro	kokoro-professional		mp3	39	586	The pear number 2 comes in a plain box.	1	0	0	\N	4046	536	\\x91300ae42f1d4b054b7e85578bb2cfe0d02e3c8ba9b500d1229b23deef82922c		5	3	0	\N	2026-11-30 17:36:44.48963+00	2026-11-30 17:36:45.094883+00
\\x6207b556276e2c86685b46a7fa9f0f9bca51f277409824e378062a8efac5767f	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 10 comes in a plain box.	1	0	0	\N	4046	536	\\x3918d46850c6d60abcc1db4ab790ff3dfd206d6cb658dfa0a8840645a1e1bc9f		5	11	0	\N	2026-11-30 17:36:44.489636+00	2026-11-30 17:36:45.310086+00
\\x6f11909c4cea38da4aff55494f7bf3dd5fbc3f40aeed9a6b0bb736aeb7fef8db	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 12 comes in a plain box.	1	0	0	\N	4046	536	\\x43b263f837670f04aba6cee8e5db99ba369fffaf087630ca9dc4029a6a69eab7		5	13	0	\N	2026-11-30 17:36:44.489655+00	2026-11-30 17:36:45.310233+00
\\x2d7077c77a10859e5affec0518604cc854386e49db9dde8afd53d1e4d131c0a6	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 13 comes in a plain box.	1	0	0	\N	4046	536	\\xea5ea084c0fc236f749c6261738c3919a14747ae979529e8f5893062e328da53		5	14	0	\N	2026-11-30 17:36:44.489578+00	2026-11-30 17:36:45.310245+00
\\x94413f1b4d7f6d0c681bd56cc2ba81ac715b08c8736e469f0a5dbf805c6b98fe	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 21 comes in a plain box.	1	0	0	\N	4046	536	\\xaaf3c37344b43be8f97ad166281c774bf0e4f7f5a9ee448d9632e2e8d327ea46		5	22	0	\N	2026-11-30 17:36:44.489779+00	2026-11-30 17:36:45.994916+00
\\x31f327ba552916a14c5c4fc715dc8ac447d6716652bcaa88cda7ec1bd94f653d	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 23 comes in a plain box.	1	0	0	\N	4046	536	\\x0bc08d43f5c6a96fb44e98244e9dd7f162c1b8175364cf69a27d0e5c14e57fc2		5	24	0	\N	2026-11-30 17:36:44.489591+00	2026-11-30 17:36:45.994999+00
\\x383f7ae4cddc94cb8bdef84bf52731f5c2872c25c31d35651ee6e8330235f48a	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 24 comes in a plain box.	1	0	0	\N	4046	536	\\xc597b85bea2b0e560b96130a1e90c603778f78ed449c9e5bddf7f6fcedfb111f		5	25	0	\N	2026-11-30 17:36:44.489604+00	2026-11-30 17:36:45.995008+00
\\x6721fd262732ec894689f2e57b67e477c43910a4022e4535a193ee6585a66228	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 31 comes in a plain box.	1	0	0	\N	4046	536	\\x89428355d3315866b0a26f7839e6b049914c0e072f637faccde9b92858a1d17c		5	32	0	\N	2026-11-30 17:36:44.489649+00	2026-11-30 17:36:46.075113+00
\\x2f25f7c3b23308831ae8e1e482532d4ec91883059be1ac7e8d8384b064d0096c	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 32 comes in a plain box.	1	0	0	\N	4046	536	\\xaaaa6abdfbc0577de5a2dbe57a12e7a1ee429d688709639b57ad95fc8a0d0e5a		5	33	0	\N	2026-11-30 17:36:44.489585+00	2026-11-30 17:36:46.075126+00
\\x800d70ac34a53999aa0f6695281307367a21a9e5120bb75ae3f2be1d55a7276b	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 33 comes in a plain box.	1	0	0	\N	4046	536	\\xb5c32fc74a21ee8ecc6b3c664afb1267f3511c9d77be3fb351ba6fe3bd72969d		5	34	0	\N	2026-11-30 17:36:44.489744+00	2026-11-30 17:36:46.075136+00
\\xc3aa2d31d60a9ab6a3dff079732b641a94e25a6db777b17281665fab63d77614	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 57 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489881+00	\N
\\xc486356bb8fa85bc2751dd7af5da59809c370dd22e47863ae39e83d02a397cfe	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 51 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489887+00	\N
\\xc529ec650d6737ad90c9f5751082364d0412d3543a6abc1318cc157a6687a466	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 40 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489893+00	\N
\\xc77ef89c23b231896cf4be5c59a5b4b02196b45929db6f0ee2e911654e38e0c9	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 54 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489899+00	\N
\\xd460510e1ff0a33676f7ec47705c7223a6f16af3814bb9fd680be0b050cdd6a8	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 56 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489916+00	\N
\\xd5ceaf373d1627f19c55ba25684535c19ace72bf2d9edb6c23a368846df5674d	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 14 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489933+00	\N
\\xf8e3765e5a846517e01f04e28d6506b19885f6e2331d40fde776fad8f152bf06	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 53 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489955+00	\N
\\xfc085e176befaf4787c0e533aeb36b7a4924c474d0ca916b2c310aa1782b12e3	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 48 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.48996+00	\N
\\xfeab505ac8744c66cb460ea15352473993c98a9bedc68721a746218f675ed6a2	missing	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 41 comes in a plain box.	0	0	0	\N	\N	\N	\N		\N	\N	0	\N	2026-11-30 17:36:44.489966+00	\N
\\xd51c0bcd66d874bf225f55e5cf5862536e9fef3a9ebeaaa1b11912cc046f9d4d	done	speeko	kokoro	kokoro-professional		mp3	39	586	The pear number 1 comes in a plain box.	1	0	0	\N	4046	536	\\xe67b2be679a35bc029ba2bde16a2187d310842e10bab5adf0e6b6c962d6b4759		5	2	0	\N	2026-11-30 17:36:44.489927+00	2026-11-30 17:36:45.09487+00
\\xbffe2e07a2f109c00b3b428d520dcb7cd3d3fdf52249e26c0391b84c0b535311	done	speeko	kokoro	kokoro-professional		mp3	39	586	The pear number 3 comes in a plain box.	1	0	0	\N	4046	536	\\xb7bfa90279e6617f8ea217a7bdfb2f00c2fef2ad30fd7ceba8400123ee506adc		5	4	0	\N	2026-11-30 17:36:44.489869+00	2026-11-30 17:36:45.094894+00
\\xdf5246894e3fa67cbb53a5f85568b03a5ea80b379e92d3ebda94f5ce8cb52bd3	done	speeko	kokoro	kokoro-professional		mp3	39	586	The pear number 5 comes in a plain box.	1	0	0	\N	4046	536	\\x10902ec810bea039d3afa2caa33257fb1439bc8b34846fa58ac422fe20657530		5	6	0	\N	2026-11-30 17:36:44.489944+00	2026-11-30 17:36:45.094917+00
\\xd4df8fe2c9a371ad8efec8cd141ce6b6248db80b9e6b77e88108be30d76c19ab	done	speeko	kokoro	kokoro-professional		mp3	39	586	The pear number 6 comes in a plain box.	1	0	0	\N	4046	536	\\x5a7e58b83deb471653c7265ecd5e8943ca1186126f301ed2bfe5301b12315076		5	7	0	\N	2026-11-30 17:36:44.489921+00	2026-11-30 17:36:45.094926+00
\\xde705816b195e1f0ba0812772002a72dc2b9fa8cc1b5439459b868266c21fa63	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 11 comes in a plain box.	1	0	0	\N	4046	536	\\x7f35b0c10659d2a2b2966595ef4134f8d23ce37056a2cb79b1e2686a331491d4		5	12	0	\N	2026-11-30 17:36:44.489938+00	2026-11-30 17:36:45.310139+00
\\xf10de4993d80d124e131941354ed3e09aa4d020285b3262be26d5f43d5fa45b1	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 20 comes in a plain box.	1	0	0	\N	4046	536	\\x29de493b322c570d7917589e66fea681dfc5d0f2906c1c90a062731b8fa5888e		5	21	0	\N	2026-11-30 17:36:44.48995+00	2026-11-30 17:36:45.994868+00
\\xd42e5510ba898608e01b4ea5b776a7fe57a2945d29643ac39c179499e059ce38	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 22 comes in a plain box.	1	0	0	\N	4046	536	\\xb66ba083fb9a37e6a01a5143a867191e0ac1b488fa7643638ffd4ec2930dc6f3		5	23	0	\N	2026-11-30 17:36:44.48991+00	2026-11-30 17:36:45.994987+00
\\xccd137d7737203de5ff59143ff84114196940eb96663fdb817297cb474c32a8f	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 28 comes in a plain box.	1	0	0	\N	4046	536	\\x450e15a845fc4604e3a9c8d9b5a4a081eeaa8c4ee5d98f626a4429bb1de8c733		5	29	0	\N	2026-11-30 17:36:44.489905+00	2026-11-30 17:36:45.99509+00
\\xc0897689164b8a09676dd54c51b10478485584261c39b231a46119b62c588295	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 30 comes in a plain box.	1	0	0	\N	4046	536	\\x9589f83946d0afb56b419dfe3b2b9e1319eb8b8a410fc27208d7ec0cab030f82		5	31	0	\N	2026-11-30 17:36:44.489875+00	2026-11-30 17:36:46.074991+00
\\xbaa332730b599c8a648ad9897c39c442589d87595704c6633beae7de30ba6a7e	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 34 comes in a plain box.	1	0	0	\N	4046	536	\\x2b194dc10a71122cfcaf39601a2bcb1b4b45641b7e26e67dfb6209466954794d		5	35	0	\N	2026-11-30 17:36:44.489845+00	2026-11-30 17:36:46.075147+00
\\xba9e47cc0e7c94d1de0edad139fef591208538c139347705f32a0c5a0e85765e	done	speeko	kokoro	kokoro-professional		mp3	40	601	The pear number 29 comes in a plain box.	1	0	0	\N	4046	536	\\x235eab7b659de0279ed2fb2e186766ece1b06290aff676eb2f8477712d7febda		5	30	0	\N	2026-11-30 17:36:44.489838+00	2026-11-30 17:36:45.995138+00
\.


--
-- Data for Name: voice_pace; Type: TABLE DATA; Schema: speeko; Owner: -
--

COPY speeko.voice_pace (provider, model, voice, language, calls, chars, millis, latency_millis) FROM stdin;
speeko	kokoro	kokoro-professional		9	666	4824	427
\.


--
-- Name: attempt_id_seq; Type: SEQUENCE SET; Schema: speeko; Owner: -
--

SELECT pg_catalog.setval('speeko.attempt_id_seq', 104, true);


--
-- Name: claimant_id_seq; Type: SEQUENCE SET; Schema: speeko; Owner: -
--

SELECT pg_catalog.setval('speeko.claimant_id_seq', 6, true);


--
-- Name: destination_id_seq; Type: SEQUENCE SET; Schema: speeko; Owner: -
--

SELECT pg_catalog.setval('speeko.destination_id_seq', 5, true);


--
-- Name: job_id_seq; Type: SEQUENCE SET; Schema: speeko; Owner: -
--

SELECT pg_catalog.setval('speeko.job_id_seq', 5, true);


--
-- Name: schedule_id_seq; Type: SEQUENCE SET; Schema: speeko; Owner: -
--

SELECT pg_catalog.setval('speeko.schedule_id_seq', 1, true);


--
-- Name: schedule_run_id_seq; Type: SEQUENCE SET; Schema: speeko; Owner: -
--

SELECT pg_catalog.setval('speeko.schedule_run_id_seq', 1, true);


--
-- Name: account account_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (name);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: attempt attempt_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.attempt
    ADD CONSTRAINT attempt_pkey PRIMARY KEY (id, at);


--
-- Name: attempt_2026_11 attempt_2026_11_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.attempt_2026_11
    ADD CONSTRAINT attempt_2026_11_pkey PRIMARY KEY (id, at);


--
-- Name: attempt_2026_12 attempt_2026_12_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.attempt_2026_12
    ADD CONSTRAINT attempt_2026_12_pkey PRIMARY KEY (id, at);


--
-- Name: attempt_2027_01 attempt_2027_01_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.attempt_2027_01
    ADD CONSTRAINT attempt_2027_01_pkey PRIMARY KEY (id, at);


--
-- Name: attempt_other attempt_other_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.attempt_other
    ADD CONSTRAINT attempt_other_pkey PRIMARY KEY (id, at);


--
-- Name: chore chore_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.chore
    ADD CONSTRAINT chore_pkey PRIMARY KEY (name);


--
-- Name: chunk chunk_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.chunk
    ADD CONSTRAINT chunk_pkey PRIMARY KEY (job_id, no);


--
-- Name: claimant claimant_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.claimant
    ADD CONSTRAINT claimant_pkey PRIMARY KEY (id);


--
-- Name: cost_daily cost_daily_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.cost_daily
    ADD CONSTRAINT cost_daily_pkey PRIMARY KEY (tenant, day, provider, voice, source);


--
-- Name: delivered delivered_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.delivered
    ADD CONSTRAINT delivered_pkey PRIMARY KEY (destination_id, path);


--
-- Name: destination destination_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.destination
    ADD CONSTRAINT destination_pkey PRIMARY KEY (id);


--
-- Name: destination destination_url_mark_key; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.destination
    ADD CONSTRAINT destination_url_mark_key UNIQUE (url, mark);


--
-- Name: evicted evicted_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.evicted
    ADD CONSTRAINT evicted_pkey PRIMARY KEY (key);


--
-- Name: hook hook_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.hook
    ADD CONSTRAINT hook_pkey PRIMARY KEY (id);


--
-- Name: item item_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.item
    ADD CONSTRAINT item_pkey PRIMARY KEY (job_id, row_no);


--
-- Name: job_cost job_cost_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.job_cost
    ADD CONSTRAINT job_cost_pkey PRIMARY KEY (job_id, day, provider, source);


--
-- Name: job job_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.job
    ADD CONSTRAINT job_pkey PRIMARY KEY (id);


--
-- Name: job_words job_words_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.job_words
    ADD CONSTRAINT job_words_pkey PRIMARY KEY (job_id);


--
-- Name: need need_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.need
    ADD CONSTRAINT need_pkey PRIMARY KEY (key, job_id, chunk_no);


--
-- Name: permit permit_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.permit
    ADD CONSTRAINT permit_pkey PRIMARY KEY (account, claimant_id);


--
-- Name: pulse pulse_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.pulse
    ADD CONSTRAINT pulse_pkey PRIMARY KEY (account, at);


--
-- Name: refusal refusal_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.refusal
    ADD CONSTRAINT refusal_pkey PRIMARY KEY (provider, status);


--
-- Name: schedule schedule_name_key; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.schedule
    ADD CONSTRAINT schedule_name_key UNIQUE (name);


--
-- Name: schedule schedule_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.schedule
    ADD CONSTRAINT schedule_pkey PRIMARY KEY (id);


--
-- Name: schedule_run schedule_run_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.schedule_run
    ADD CONSTRAINT schedule_run_pkey PRIMARY KEY (id);


--
-- Name: schedule_run schedule_run_schedule_id_due_key; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.schedule_run
    ADD CONSTRAINT schedule_run_schedule_id_due_key UNIQUE (schedule_id, due);


--
-- Name: tenant tenant_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.tenant
    ADD CONSTRAINT tenant_pkey PRIMARY KEY (name);


--
-- Name: utterance utterance_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.utterance
    ADD CONSTRAINT utterance_pkey PRIMARY KEY (key);


--
-- Name: voice_pace voice_pace_pkey; Type: CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.voice_pace
    ADD CONSTRAINT voice_pace_pkey PRIMARY KEY (provider, model, voice, language);


--
-- Name: attempt_open; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX attempt_open ON ONLY speeko.attempt USING btree (claimant_id) WHERE (state = 'sending'::text);


--
-- Name: attempt_2026_11_claimant_id_idx; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX attempt_2026_11_claimant_id_idx ON speeko.attempt_2026_11 USING btree (claimant_id) WHERE (state = 'sending'::text);


--
-- Name: attempt_job; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX attempt_job ON ONLY speeko.attempt USING btree (job_id);


--
-- Name: attempt_2026_11_job_id_idx; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX attempt_2026_11_job_id_idx ON speeko.attempt_2026_11 USING btree (job_id);


--
-- Name: attempt_unknown; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX attempt_unknown ON ONLY speeko.attempt USING btree (key) WHERE (state = 'unknown'::text);


--
-- Name: attempt_2026_11_key_idx; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX attempt_2026_11_key_idx ON speeko.attempt_2026_11 USING btree (key) WHERE (state = 'unknown'::text);


--
-- Name: attempt_2026_12_claimant_id_idx; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX attempt_2026_12_claimant_id_idx ON speeko.attempt_2026_12 USING btree (claimant_id) WHERE (state = 'sending'::text);


--
-- Name: attempt_2026_12_job_id_idx; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX attempt_2026_12_job_id_idx ON speeko.attempt_2026_12 USING btree (job_id);


--
-- Name: attempt_2026_12_key_idx; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX attempt_2026_12_key_idx ON speeko.attempt_2026_12 USING btree (key) WHERE (state = 'unknown'::text);


--
-- Name: attempt_2027_01_claimant_id_idx; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX attempt_2027_01_claimant_id_idx ON speeko.attempt_2027_01 USING btree (claimant_id) WHERE (state = 'sending'::text);


--
-- Name: attempt_2027_01_job_id_idx; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX attempt_2027_01_job_id_idx ON speeko.attempt_2027_01 USING btree (job_id);


--
-- Name: attempt_2027_01_key_idx; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX attempt_2027_01_key_idx ON speeko.attempt_2027_01 USING btree (key) WHERE (state = 'unknown'::text);


--
-- Name: attempt_other_at; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX attempt_other_at ON speeko.attempt_other USING btree (at, id);


--
-- Name: attempt_other_claimant_id_idx; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX attempt_other_claimant_id_idx ON speeko.attempt_other USING btree (claimant_id) WHERE (state = 'sending'::text);


--
-- Name: attempt_other_job_id_idx; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX attempt_other_job_id_idx ON speeko.attempt_other USING btree (job_id);


--
-- Name: attempt_other_key_idx; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX attempt_other_key_idx ON speeko.attempt_other USING btree (key) WHERE (state = 'unknown'::text);


--
-- Name: chunk_open; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX chunk_open ON speeko.chunk USING btree (job_id, state, no) WHERE (state <> 'delivered'::text);


--
-- Name: chunk_queued; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX chunk_queued ON speeko.chunk USING btree (job_id) WHERE ((queued_at IS NOT NULL) AND (state = ANY (ARRAY['planned'::text, 'synthesizing'::text])));


--
-- Name: cost_daily_day; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX cost_daily_day ON speeko.cost_daily USING btree (day);


--
-- Name: hook_due; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX hook_due ON speeko.hook USING btree (due_at) WHERE (due_at IS NOT NULL);


--
-- Name: hook_job; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX hook_job ON speeko.hook USING btree (job_id);


--
-- Name: job_cancelled; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX job_cancelled ON speeko.job USING btree (id) WHERE ((state = 'cancelled'::text) AND (NOT finalized));


--
-- Name: job_destination; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX job_destination ON speeko.job USING btree (destination_id, id);


--
-- Name: job_ended; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX job_ended ON speeko.job USING btree (state, id, tenant) WHERE (state = ANY (ARRAY['done'::text, 'done_with_errors'::text, 'cancelled'::text]));


--
-- Name: job_open; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX job_open ON speeko.job USING btree (priority DESC, id) WHERE (state <> ALL (ARRAY['done'::text, 'done_with_errors'::text, 'cancelled'::text]));


--
-- Name: job_pruning; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX job_pruning ON speeko.job USING btree (id) WHERE ((pruned_at IS NOT NULL) AND (NOT emptied));


--
-- Name: job_reserved; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX job_reserved ON speeko.job USING btree (tenant) WHERE (reserved_micros > 0);


--
-- Name: job_uncounted; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX job_uncounted ON speeko.job USING btree (id) WHERE (uncounted_row IS NOT NULL);


--
-- Name: need_chunk; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX need_chunk ON speeko.need USING btree (job_id, chunk_no);


--
-- Name: schedule_run_job; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX schedule_run_job ON speeko.schedule_run USING btree (job_id) WHERE (job_id IS NOT NULL);


--
-- Name: schedule_run_open; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX schedule_run_open ON speeko.schedule_run USING btree (schedule_id, due) WHERE (state = ANY (ARRAY['waiting'::text, 'planning'::text]));


--
-- Name: utterance_claimed; Type: INDEX; Schema: speeko; Owner: -
--

CREATE INDEX utterance_claimed ON speeko.utterance USING btree (claimant_id) WHERE (state = 'claimed'::text);


--
-- Name: attempt_2026_11_claimant_id_idx; Type: INDEX ATTACH; Schema: speeko; Owner: -
--

ALTER INDEX speeko.attempt_open ATTACH PARTITION speeko.attempt_2026_11_claimant_id_idx;


--
-- Name: attempt_2026_11_job_id_idx; Type: INDEX ATTACH; Schema: speeko; Owner: -
--

ALTER INDEX speeko.attempt_job ATTACH PARTITION speeko.attempt_2026_11_job_id_idx;


--
-- Name: attempt_2026_11_key_idx; Type: INDEX ATTACH; Schema: speeko; Owner: -
--

ALTER INDEX speeko.attempt_unknown ATTACH PARTITION speeko.attempt_2026_11_key_idx;


--
-- Name: attempt_2026_11_pkey; Type: INDEX ATTACH; Schema: speeko; Owner: -
--

ALTER INDEX speeko.attempt_pkey ATTACH PARTITION speeko.attempt_2026_11_pkey;


--
-- Name: attempt_2026_12_claimant_id_idx; Type: INDEX ATTACH; Schema: speeko; Owner: -
--

ALTER INDEX speeko.attempt_open ATTACH PARTITION speeko.attempt_2026_12_claimant_id_idx;


--
-- Name: attempt_2026_12_job_id_idx; Type: INDEX ATTACH; Schema: speeko; Owner: -
--

ALTER INDEX speeko.attempt_job ATTACH PARTITION speeko.attempt_2026_12_job_id_idx;


--
-- Name: attempt_2026_12_key_idx; Type: INDEX ATTACH; Schema: speeko; Owner: -
--

ALTER INDEX speeko.attempt_unknown ATTACH PARTITION speeko.attempt_2026_12_key_idx;


--
-- Name: attempt_2026_12_pkey; Type: INDEX ATTACH; Schema: speeko; Owner: -
--

ALTER INDEX speeko.attempt_pkey ATTACH PARTITION speeko.attempt_2026_12_pkey;


--
-- Name: attempt_2027_01_claimant_id_idx; Type: INDEX ATTACH; Schema: speeko; Owner: -
--

ALTER INDEX speeko.attempt_open ATTACH PARTITION speeko.attempt_2027_01_claimant_id_idx;


--
-- Name: attempt_2027_01_job_id_idx; Type: INDEX ATTACH; Schema: speeko; Owner: -
--

ALTER INDEX speeko.attempt_job ATTACH PARTITION speeko.attempt_2027_01_job_id_idx;


--
-- Name: attempt_2027_01_key_idx; Type: INDEX ATTACH; Schema: speeko; Owner: -
--

ALTER INDEX speeko.attempt_unknown ATTACH PARTITION speeko.attempt_2027_01_key_idx;


--
-- Name: attempt_2027_01_pkey; Type: INDEX ATTACH; Schema: speeko; Owner: -
--

ALTER INDEX speeko.attempt_pkey ATTACH PARTITION speeko.attempt_2027_01_pkey;


--
-- Name: attempt_other_claimant_id_idx; Type: INDEX ATTACH; Schema: speeko; Owner: -
--

ALTER INDEX speeko.attempt_open ATTACH PARTITION speeko.attempt_other_claimant_id_idx;


--
-- Name: attempt_other_job_id_idx; Type: INDEX ATTACH; Schema: speeko; Owner: -
--

ALTER INDEX speeko.attempt_job ATTACH PARTITION speeko.attempt_other_job_id_idx;


--
-- Name: attempt_other_key_idx; Type: INDEX ATTACH; Schema: speeko; Owner: -
--

ALTER INDEX speeko.attempt_unknown ATTACH PARTITION speeko.attempt_other_key_idx;


--
-- Name: attempt_other_pkey; Type: INDEX ATTACH; Schema: speeko; Owner: -
--

ALTER INDEX speeko.attempt_pkey ATTACH PARTITION speeko.attempt_other_pkey;


--
-- Name: chunk chunk_job_id_fkey; Type: FK CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.chunk
    ADD CONSTRAINT chunk_job_id_fkey FOREIGN KEY (job_id) REFERENCES speeko.job(id) ON DELETE CASCADE;


--
-- Name: delivered delivered_destination_id_fkey; Type: FK CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.delivered
    ADD CONSTRAINT delivered_destination_id_fkey FOREIGN KEY (destination_id) REFERENCES speeko.destination(id) ON DELETE CASCADE;


--
-- Name: hook hook_job_id_fkey; Type: FK CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.hook
    ADD CONSTRAINT hook_job_id_fkey FOREIGN KEY (job_id) REFERENCES speeko.job(id) ON DELETE CASCADE;


--
-- Name: job job_destination_id_fkey; Type: FK CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.job
    ADD CONSTRAINT job_destination_id_fkey FOREIGN KEY (destination_id) REFERENCES speeko.destination(id);


--
-- Name: job_words job_words_job_id_fkey; Type: FK CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.job_words
    ADD CONSTRAINT job_words_job_id_fkey FOREIGN KEY (job_id) REFERENCES speeko.job(id) ON DELETE CASCADE;


--
-- Name: permit permit_account_fkey; Type: FK CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.permit
    ADD CONSTRAINT permit_account_fkey FOREIGN KEY (account) REFERENCES speeko.account(name) ON DELETE CASCADE;


--
-- Name: permit permit_claimant_id_fkey; Type: FK CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.permit
    ADD CONSTRAINT permit_claimant_id_fkey FOREIGN KEY (claimant_id) REFERENCES speeko.claimant(id) ON DELETE CASCADE;


--
-- Name: pulse pulse_account_fkey; Type: FK CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.pulse
    ADD CONSTRAINT pulse_account_fkey FOREIGN KEY (account) REFERENCES speeko.account(name) ON DELETE CASCADE;


--
-- Name: schedule_run schedule_run_schedule_id_fkey; Type: FK CONSTRAINT; Schema: speeko; Owner: -
--

ALTER TABLE ONLY speeko.schedule_run
    ADD CONSTRAINT schedule_run_schedule_id_fkey FOREIGN KEY (schedule_id) REFERENCES speeko.schedule(id) ON DELETE CASCADE;


--
-- PostgreSQL database dump complete
--


