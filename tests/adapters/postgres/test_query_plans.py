"""Every statement that runs again and again reads what it was asked for, not the tables behind it.

Each is run (and rolled back) on a million rows under EXPLAIN: as Postgres plans it for known values, and as
it plans it once for all values, which it may do when psycopg has prepared it; with the statistics of a job's
first minute, with none, and with fresh ones, because autovacuum comes when it comes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from speeko_jobs.adapters.postgres.binary_arrays import packed
from speeko_jobs.adapters.postgres.database import statement, statement_names
from speeko_jobs.embedded.servers import ServerUrls
from tests.fixtures import million
from tests.fixtures.database import own_database, plain_url
from tests.fixtures.million import JOB, Statistics, attempted_at, key

# rows that a scan may look at for each key, or whatever a statement is given a list of, and besides
ROWS_EACH, ROWS_BESIDES = 8, 2_000
MORE_ROWS = {
    "board_counts": 13_000,  # all jobs that have ended, in an index
    "board_course": 4_000,  # all chunks of a job
    "board_heard": 10_000,  # all chunks of a job, for each place
    "board_pulses": 40_000,  # two days of an account
    "board_page": 25_000,  # the words of all jobs
    "cache_page": 4_000,  # a page of the cache, without what is not stored
    "cancelled_settle": 6_000,  # all that a job waits for, once
    "hits_add": 20_000,  # a range of rows
    "ledger_clear": 4_000,  # a page of the ledger
    "prune_chunks": 80_000,  # all that a batch of chunks waits for
    "prune_rows": 21_000,  # a range of rows
    "delivered_page": 10_000,  # a page
    "tenant_spent": 2_500,  # a month of a tenant: 31 days of 5 voices and 3 sources
}
COUNTS_THE_DEAD = ("Bitmap Index Scan",)  # its heap scan does not
EXPLAIN = b"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) "
EXEMPT = {
    "server_facts": "system views; asked by `speeko doctor` only",
    "restored_later": "a default, once after a restore",
    "restored_identity": "one row, once after a restore",
    "database_identity": "one row, once a minute",
    "restored_waiting": "a part of all keys, once after a restore",
    "cache_patience": "reads no table",
    "cache_entries": "sorts all that is stored, for a command",
    "cache_total": "counts all that is stored, for a command",
    "cache_voices": "counts all that is stored, for a command",
    "cache_served": "adds up all days, for a command",
    "costs_snapshot": "reads no table",
    "costs_now": "looks at all days and open calls, for a command",
    "costs_parts": "adds up days, for a command",
    "costs_jobs": "adds up the ledger, for a command",
    "costs_kept": "counts all that is stored, for a command",
    "costs_routed": "looks at all jobs, for a command",
    "job_counts": "adds up all chunks of a job, at its end",
    "job_failures": "looks at all rows of chunks where some failed, seldom",
    "board_find": "looks at all rows of a job, when a person looks for one of them",
    "board_unchanged": "looks at all chunks of a job, when a person looks for a row",
    "prices_left": "looks at all rows that a job has still to buy, for a command",
    "prices_take": "looks at all rows that a job has still to buy, for a command",
    "report_paid": "looks at all calls of a job, when a person cancels it",
    "report_pace": "looks at all calls of a job, at its end",
    "report_voices": "looks at all calls of a job, at its end",
    "job_retry": "looks at all chunks of a job, for a command",
    "job_redo": "looks at all rows of chunks where some failed, for a command",
    "bad_spared": "looks at all calls of a job, for a command",
    "window_rows": "looks for some rows' chunks, once a pause",
    "job_retry_keys": "looks at all rows that failed in a job, for a command",
    "job_show": "shows jobs, newest first, for a command",
    "formats_bought": "looks at all jobs that bought, once a plan",
    "delivered_copies": "looks at all that was delivered, for a command or where audio was found damaged",
    "rebuy_of_job": "looks at all rows of a job, for a command",
    "rebuy_of_voice": "looks at all that is stored, for a command",
    "rebuy_outdate": "looks at all rows and all that was delivered, for a command",
    "schedules_clock": "reads no table",
    "schedules_show": "shows schedules, for a command",
    "schedule_runs": "shows the runs of a schedule, newest first, for a command",
    "ledger_drop": "adds up and drops a month of the ledger, once a month",
    "ledger_old": "looks for a month in each job that keeps its rows, once an hour",
    "ledger_patience": "reads no table",
    "prune_due": "looks at all jobs, for a command or once an hour",
    "metrics_patience": "reads no table",
    "metrics_jobs": "counts all jobs, for a scrape",
    "metrics_costs": "adds up all days, for a scrape",
    "metrics_chunks": "counts the chunks of running jobs, for a scrape",
    "metrics_idle": "counts the chunks of running jobs, for a scrape",
    "metrics_bytes": "reads no table",
    "routing_last": "looks for a job that is like this one, newest first, once a job",
}

# run by the night, for a command or once for a job that never ran: autovacuum has been there
LATER = {
    "board_counts",  # before, an index of all that ended is no shorter than what it is of
    *("cache_mark", "cache_page", "hits_without_rows", "job_drop", "job_stop_planning", "ledger_attempts"),
    *("ledger_clear", "prune_begun", "prune_chunks", "prune_rows"),
}


def _every(first: int, step: int, count: int) -> list[int]:
    return list(range(first, first + step * count, step))


DONE = [n for n in range(1, 6_000) if n % 20 and n % 100 != 1 and n % 1000 != 2][:4096]
MISSING, FAILED, CLAIMED = _every(20, 20, 4096), _every(1, 100, 1000), _every(2, 1000, 128)
NEW = _every(million.ROWS + 1, 1, 4096)
CHUNK = {"job": JOB, "no": million.WORKED_ON - 1, "claimant": million.WORKED_ON % 200}
ENGINE = {"claimant": million.CLAIMANTS, "host": "host", "pid": 1, "seconds": 30.0}
DEAD = {"claimants": _every(1, 1, million.DEAD), "max_tries": 3, "died": "died", "grace": 0.0}
WINDOW = {"accounts": ["speeko:1"], "models": ["kokoro"], "voices": ["voice-1"]}
ACCOUNT = {"account": "speeko:1", **ENGINE}
ITEMS = {"job": million.PLANNING, "rows": _every(1, 1, 1000), "paths": [f"{n}-2.mp3" for n in range(1000)]}
NOW = datetime(2026, 6, 1, tzinfo=UTC)
ORDERS = {
    "name": "nightly", "tenant": "shop", "cron": "0 2 * * *", "zone": "UTC", "catch_up": "last",
    "orders": "{}", "next_due": NOW,
}  # fmt: skip
COUNTS = {"delivered": 1000, "unchanged": 0, "failed": 0, "refused": 0}


def _keys(numbers: list[int]) -> list[bytes]:
    return [key(n) for n in numbers]


# fmt: off
CHECKED: dict[str, dict[str, Any]] = {
    # planning: a batch of rows, then the job
    "utterances_not_done": {"keys": _keys(DONE[:2048] + MISSING[:1024] + NEW[:1024])},
    "utterances_known": {"keys": _keys(DONE[:2048] + MISSING[:1024] + NEW[:1024])},
    "utterances_add": {
        "provider": "speeko", "model": "kokoro", "format": "mp3", "keys": _keys(NEW[:2048] + MISSING[:2048]),
        "voices": ["v"] * 4096, "languages": ["en"] * 4096, "texts": ["text"] * 4096,
        "chars": [4] * 4096, "costs": [61] * 4096,
    },
    "delivered_same": {
        "destination": 1 + JOB % 5,
        "paths": [f"{n}.mp3" for n in DONE],
        "contents": _keys(DONE),
        "sources": DONE,
        "form": "mp3; no-cache",
    },
    "delivered_facts": {"destination": 1 + JOB % 5, "paths": [f"{n}.mp3" for n in DONE]},
    "delivered_page": {"destination": 2, "after": "5", "rows": 10_000},
    "delivered_any": {"destination": 5},
    # a command that buys texts again
    "rebuy_texts": {"keys": _keys(DONE)},
    "rebuy_mark": {
        "job": JOB, "reason": "why", "keys": _keys(DONE), "fences": [1] * len(DONE),
        "costs": [61] * len(DONE),
    },
    "rebuy_old": {"keys": _keys(DONE)},
    "rebuy_lock": {"job": JOB},
    "rebuy_restore": {"job": JOB, "keys": _keys(MISSING)},
    "rebuy_over": {"job": JOB},
    "delivered_outdate": {
        "destination": 1 + JOB % 5, "why": "damaged", "paths": [f"{n}.mp3" for n in DONE],
        "contents": _keys(DONE),
    },
    "destination_known": {"url": "file:///audio/3", "mark": "mark"},
    "job_previous": {"job": JOB},
    "items_skip": ITEMS,
    "items_rename": ITEMS,
    "items_named": ITEMS,
    "chunks_make": {
        "job": million.PLANNING, "first": 1, "last": 1000, "size": 1000, "rows": 2_000_000,
        "nos": _every(1, 1, 1000), "whole": [True] * 1000,
        "counts": [Jsonb(COUNTS)] * 1000,
    },
    "destination_find": {"url": "file:///audio/3", "mark": "mark"},
    "job_create": {
        "tenant": "shop", "spec": Jsonb({"provider": "speeko"}), "destination": 1, "budget": None,
        "priority": 0, "place": "/out/",
    },
    "job_still_planning": {"job": million.PLANNING},
    "job_release": {
        "job": million.PLANNING, "rows": 1000, "skipped": 0, "chunks": 1, "open": 1, "unchanged": 0,
        "plan": "{}", "files": "[]", "waste_cap": None,
    },
    "job_drop": {"job": million.PLANNING},
    "job_stop_planning": {"job": million.PLANNING, "reason": "stopped"},
    # a chunk: begin it, know its rows, wait for its keys
    "chunks_let_in": {"window": 128, "job": None},
    "chunk_take": CHUNK | {"no": million.CHUNKS},
    "chunk_waits_alone": CHUNK,
    "chunk_next": {
        "provider": "speeko", "account": "speeko", "claimant": 200, "besides": [million.SECOND],
        "least": None,
    },
    "chunk_spec": CHUNK,
    "chunk_items": {"job": JOB, "first": 300_001, "last": 301_000},
    "chunk_let_go": CHUNK | {"nos": _every(million.DELIVERED + 1, 1, 64)},
    "chunk_ready": CHUNK | {"window": 64},
    "needs_revive": CHUNK | {"keys": _keys(FAILED)},
    "needs_lock": {"job": JOB, "keys": _keys(MISSING[:2048] + DONE[:2048])},
    "needs_add": CHUNK | {"keys": _keys(MISSING)},
    "utterance_texts": {"keys": _keys(MISSING[:1000])},
    # calls: claim, settle, wake
    "claimant_enter": ENGINE,
    "claimant_renew": ENGINE,
    "claimant_leave": ENGINE,
    "tenant_lock": {"job": JOB},
    "tenant_spent": {"tenant": "tenant-1"},
    "claim_lock": {"job": JOB},
    "claim": {
        "account": "speeko:1", "judged_from": 10, "trial_calls": 8,
        "job": JOB, "claimant": million.CLAIMANTS, "cap": 2**62, "retries": 2**31 - 1, "died": "died",
        "probe": False,
        "keys": _keys(MISSING[:128]), "rows": MISSING[:128], "chunks": [million.WORKED_ON] * 128,
    },
    "claims_lost": {"keys": _keys(MISSING[:128])},
    "claim_left": {"job": JOB, "keys": _keys(MISSING[:128]), "died": "died", "account": "speeko:1"},
    "settle_lock_jobs": {"jobs": [JOB, million.SECOND, million.THIRD]},
    "settle_lock_keys": {"keys": _keys(CLAIMED)},
    "settle": {
        "attempts": CLAIMED, "ats": [attempted_at(n) for n in CLAIMED], "keys": _keys(CLAIMED),
        "outcomes": ["stored"] * 128, "bytes": [30_000] * 128, "millis": [4_000] * 128,
        "hashes": _keys(CLAIMED), "statuses": [200] * 128, "reasons": [""] * 128, "latencies": [150] * 128,
        "finals": [False] * 128, "max_tries": 3, "max_bad": 2, "wasted": [False] * 128,
        "converted": [False] * 128,
    },
    # what answers tell of their voices
    "windows_lock": WINDOW,
    "windows_open": {
        "account": "speeko:1", "model": "kokoro", "voice": "voice-1", "after": 0, "before": 2**40,
    },
    "windows_add": WINDOW | {
        "recents": ["ggb"], "answers": [3], "bads": [1], "wasted": [990], "samples": ["[]"], "window": 50,
    },
    "windows_refused": WINDOW | {"refused": ["[]"]},
    "window_trip": {"account": "speeko:1", "model": "kokoro", "voice": "voice-1", "reason": "waste: why"},
    "windows_try": {
        "account": "speeko:1", "job": JOB, "keys": _keys(MISSING[:128]), "seconds": 60.0,
    },
    "windows_resume": {"job": million.PAUSED},
    "windows_samples": {"account": "speeko:1", "keys": _keys(MISSING[:128])},
    "windows_show": {},
    "refusals_spared": {"keys": _keys(FAILED[:64]), "reason": "why"},
    "sounds_shared": {"hashes": _keys(DONE[:128]), "keys": _keys(DONE[:128])},
    "sounds_quarantine": {"hashes": _keys(DONE[:3]), "jobs": [JOB], "most": 10_000, "reason": "why"},
    "settle_wake": {"keys": _keys(CLAIMED)},
    "hand_over": {
        "keys": _keys(MISSING[:128]), "jobs": [JOB] * 64, "nos": _every(million.DELIVERED + 1, 1, 64),
    },
    "pace_add": {
        "provider": "speeko", "models": ["kokoro"], "voices": ["v"], "languages": ["en"], "calls": [64],
        "chars": [4_000], "millis": [4_000], "latencies": [150],
    },
    "pace_show": {"provider": "speeko", "calls": 1},
    # delivery
    "chunk_for_delivery": CHUNK,
    "utterances_settled": {"keys": _keys(DONE)},
    "utterance_sums": {"keys": _keys(DONE)},
    "delivered_put": {
        "destination": 1 + JOB % 5, "job": JOB, "bytes": [30_000] * 1000, "millis": [4_000] * 1000,
        "paths": [f"{n}.mp3" for n in MISSING[:500] + NEW[:500]], "contents": _keys(MISSING[:1000]),
        "sources": MISSING[:1000], "voices": ["v"] * 1000, "languages": ["en"] * 1000, "engine": "speeko",
        "form": "mp3",
    },
    "delivered_since": {
        "destination": 1 + JOB % 5, "job": JOB, "paths": [f"{n}.mp3" for n in MISSING[:1000]],
    },
    "delivered_forget": {
        "destination": 1 + JOB % 5, "job": JOB, "paths": [f"{n}.mp3" for n in MISSING[:1000]],
    },
    "delivered_some": {"destination": 1, "most": 8},
    "destination_reports": {"destination": 1},
    "output_lock": {},
    "output_rival": {"job": JOB},
    "output_waits": {"job": JOB, "rival": None, "reason": ""},
    "output_later": {"job": JOB},
    "output_has_jobs": {"destination": 1},
    "chunk_back": CHUNK,
    "chunk_hold": CHUNK,
    "chunk_delivered": CHUNK | {"counts": "{}", "saved": "[]"} | COUNTS,
    "chunk_quiet": CHUNK | {"files": 3},
    "costs_saved": {
        "tenant": "tenant-1", "provider": "speeko", "voices": ["voice-1", "voice-2"],
        "sources": ["cache"] * 2, "requests": [500] * 2, "chars": [33_000] * 2, "saved": [495_000] * 2,
    },
    "chunks_delivered": {"job": JOB, "after": 0, "limit": 500},
    # permits, once a second an engine
    "account_open": {"account": "speeko:1", "ceiling": 64, "start": 8, "calls": 0, "chars": 0},
    "account_lock": ACCOUNT,
    "account_put": {
        "account": "speeko:1", "limit": 9, "too_high": 0, "hold_seconds": 5.0, "probing": False, "why": "",
        "moved": True, "window_moved": True, "window_in": 0.0, "ended": 1, "throttled": 0, "failed": 0,
        "saturated": True, "failing": False, "pause": 0.0, "calls_left": 0.0, "chars_left": 0.0,
        "retries_left": 9.0, "good": True, "good_run": 1, "trouble": True, "noted": True, "texts": 1,
        "kind": "failing", "trouble_why": "HTTP 500",
    },
    "account_back": {
        "account": "speeko:1", "ended": 1, "throttled": 0, "failed": 0, "saturated": False,
        "calls": 1, "chars": 66, "retries": 1, "good": 0, "answered": 0, "texts": 1, "kind": "failing",
        "why": "HTTP 500",
    },
    "account_block": ACCOUNT | {"why": "it said so"},
    "permits_of_others": ACCOUNT,
    "permit_take": ACCOUNT | {"held": 4, "busy": 4, "wants": 8, "limit": 64, "slot": 5},
    "pulses_forget": {"days": 7, "most": 400},
    "accounts_show": {},
    "permits_show": {},
    # control and progress
    "job_progress": {"job": JOB},
    "job_resume": {
        "job": million.PAUSED, "budget": None, "give_up": None, "buy_again": True, "waste_cap": None,
    },
    "prices_lock": {"job": JOB},
    "prices_book": {"job": JOB, "price": "20", "more": 1_000},
    "job_note_gone": {"job": JOB, "texts": 60, "micros": 50_000},
    "job_budget": {"job": JOB, "budget": 10**9, "waste_cap": None},
    "job_set_state": {"job": JOB, "state": "paused", "reason": "", "expected": ["running", "planning"]},
    "job_end": {"job": million.FINALIZING, "state": "done"},
    "job_stamp_end": {"job": million.FINALIZING},
    "tenant_put": {
        "tenant": "tenant-1", "weight": 2.0, "daily": None, "monthly": None,
        "keep_daily": True, "keep_monthly": True,
    },
    "tenants_show": {},
    # whoever watches, twice a second
    "board_page": {
        "states": ["paused", "done", "done_with_errors"], "before": 2**63 - 1, "tenant": "tenant-7",
        "words": "%catalog-1200_.csv% %file%", "limit": 51,
    },
    "board_running": {"tenant": None, "limit": 100},
    "board_lines": {"jobs": _every(million.FINISHED - 40, 1, 48), "files": 10},
    "board_counts": {"tenant": None},
    "board_chunk_states": {"job": JOB},
    "board_chunks": {"job": JOB, "limit": 20},
    "board_reasons": {"jobs": [JOB], "limit": 100, "cancelled": "cancelled"},
    "job_any_active": {},
    "board_failing": {"job": JOB, "after": 800_000, "limit": 64},
    "board_failed": {"job": JOB, "first": 300_001, "last": 301_000, "failed": 10, "refused": 1},
    "board_unserved": {"job": JOB, "first": 300_001, "last": 301_000, "limit": 1000},
    "board_heard": {"job": JOB, "places": [0.0, 0.2, 0.4, 0.6, 0.8]},
    "board_row": {"job": JOB, "row": 300_003},
    "board_chunk_of": {"job": JOB, "row": 300_003},
    "board_course": {"job": JOB, "stretches": 60},
    "board_pulses": {
        "accounts": ["speeko:1"], "since": datetime.now(UTC) - timedelta(days=2), "until": datetime.now(UTC),
        "each": timedelta(minutes=10),
    },
    "board_accounts": {"job": JOB},
    "board_engines": {},
    "board_now": {"tenant": None, "overdue": 60.0},
    # the registry of workers
    "worker_enter": {
        "host": "host", "pid": 1, "home": "/home", "version": "1", "queues": ["synthesize"], "processes": 1,
        "accounts": "{}", "seconds": 20.0,
    },
    "worker_seen": {"worker": 1, "seconds": 20.0, "is_stopping": False},
    "worker_leave": {"worker": 1},
    "workers_forget": {"seconds": 3600.0},
    "workers_show": {},
    "workers_with_lease": {},
    # the sweeper
    "dead_claimants": DEAD,
    "dead_jobs": DEAD,
    "dead_expired": DEAD,
    "dead_probers": DEAD,
    "dead_bury": DEAD,
    "lost_keys_lock": DEAD,
    "cancelled_settle": {},
    "sweep_chunks_waiting": {},
    "sweep_chunks_half_begun": {},
    "sweep_chunks_queued": {},
    "sweep_chunks_ready": {},
    "sweep_jobs_finalizing": {},
    "sweep_jobs_abandoned": {},
    "says_bury": {},
    # outages: the sweeper and the one worker that probes
    "outages_due": {"default": 1800.0, "fresh": 700.0},
    "outage_schedule": {"account": "speeko:1", "seconds": 300.0},
    "outage_probes": {},
    "outage_take_probe": {"job": million.PAUSED, "account": "speeko:1", "seconds": 300.0},
    "outage_wanted": {"job": JOB},
    "outage_answered": {"account": "speeko:1"},
    "outage_failed": {"account": "speeko:1", "kind": "failing", "why": "HTTP 500"},
    "outages_resume": {},
    "outage_probe_now": {"accounts": ["speeko:1"]},
    "waiting_facts": {"jobs": [JOB, million.SECOND, million.PAUSED], "most": 5_000, "default": 1800.0},
    "outage_resume_one": {"job": million.PAUSED},
    "outages_change": {"account": "speeko:1", "reason": "provider: HTTP 401"},
    "hooks_due": {},
    "hooks_of_job": {"job": JOB},
    "hooks_lost": {"most": 100},
    "hooks_take": {"most": 8, "lease": 60.0, "job": None},
    "hook_tried": {
        "id": "00000000-0000-0000-0000-000000000000", "tries": 1, "delivered": False, "error": "",
        "wait": 1.0,
    },
    # one text
    "say_begin": {"job": million.PLANNING, "plan": "{}", "name": "say: text"},
    "say_alive": {"job": JOB, "seconds": 30.0},
    "say_end": {"job": JOB, "state": "done", "reason": "", "delivered": 1},
    "say_revive": {"keys": _keys(FAILED)},
    "say_lost": {"keys": _keys(DONE[:1000])},
    "explain_held": {"url": "file:///audio/3", "mark": "mark", "path": "700002.mp3"},
    "say_hits": {"keys": _keys(DONE[:1000])},
    # figures, at most every five seconds
    "metrics_refusals": {},
    "metrics_accounts": {},
    "metrics_engines": {},
    "metrics_chores": {},
    "chore_ended": {"name": "sweep", "done": 1},
    # retention, a batch at a time
    "ledger_open": {"ahead": 2},
    "ledger_clear": {"at": attempted_at(100_000), "id": 100_000, "seconds": 0.0, "most": 2000},
    "prune_begin": {"job": million.COUNTED},
    "prune_begun": {},
    "prune_hold": {"job": million.COUNTED},
    "prune_chunks": {"job": JOB, "most": 2000},
    "prune_rows": {
        "job": million.COUNTED, "first": 1, "end": 20_001, "has_failed": True, "most_reasons": 100,
    },
    "prune_end": {"job": million.COUNTED},
    "prune_asked": {"job": JOB},
    # the cache, a page or a batch at a time
    "cache_since": {},
    "cache_mark": {"keys": _keys(DONE), "fences": [1] * 4096, "since": million.PLANNING, "reason": "evicted"},
    "cache_due": {"after": key(40), "most": 2000},
    "cache_within": {"least": _keys(DONE[:1000]), "most": _keys(DONE[:1000])},
    "cache_lose": {"keys": _keys(DONE[:1000]), "fences": [1] * 1000, "costs": [61] * 1000, "reason": "gone"},
    "cache_missing": {"keys": _keys(MISSING[:1000]), "reasons": ["gone"]},
    "cache_found_again": {"keys": _keys(MISSING[:1000]), "reasons": ["gone", ""]},
    "cache_bought_into": {"key": key(DONE[0])},
    "cache_unclaimed": {"keys": _keys(_every(40, 40, 2000))},
    "cache_gone": {"keys": _keys(_every(40, 40, 2000))},
    "cache_page": {"after": key(40), "most": 2000},
    "hits_without_rows": {},
    "hits_next": {},
    "hits_add": {"job": million.COUNTED, "first": 1, "end": 20_001, "at": attempted_at(1)},
    "hits_counted": {"job": million.COUNTED, "end": 20_001},
    # schedules: each tick, each firing
    "schedule_add": ORDERS,
    "schedule_replace": ORDERS,
    "schedule_pause": {"schedule": 1},
    "schedule_resume": {"schedule": 1, "next_due": NOW},
    "schedule_remove": {"schedule": 1},
    "schedules_due": {"now": NOW},
    "schedule_lock_due": {"schedule": 1, "now": NOW},
    "schedule_lock": {"schedule": 1},
    "schedule_next": {"schedule": 1, "next_due": NOW},
    "runs_add": {"schedule": 1, "dues": [NOW], "by_hand": False, "state": "waiting", "reason": ""},
    "schedules_open": {},
    "runs_waiting": {"schedule": 1},
    "runs_lapsed": {"schedule": 1},
    "runs_going": {"schedule": 1, "besides": 0},
    "runs_skip": {"runs": [1, 2], "reason": "why"},
    "run_schedule": {"run": 1},
    "run_take": {"run": 1, "seconds": 120.0},
    "run_has_job": {"run": 1, "tries": 1, "job": 1},
    "run_put_back": {"run": 1, "tries": 1, "reason": ""},
    "run_end": {"run": 1, "tries": 1, "state": "submitted", "job": 1, "reason": ""},
    "ledger_attempts": {"after": 100_000, "rows": 2000, "provider": "speeko", "since": None, "until": None},
}
# fmt: on


@pytest.fixture
def connection(servers: ServerUrls, migrated_template: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the full database, autocommit."""
    with (
        own_database(servers, "million", migrated_template) as url,
        psycopg.connect(plain_url(url), autocommit=True, prepare_threshold=2**31) as opened,
    ):
        million.fill(opened)
        yield opened


def explained(connection: psycopg.Connection[Any], name: str, *, generic: bool) -> dict[str, Any]:
    """What EXPLAIN says of a statement that was run and rolled back, planned for its values or for any."""
    sql, values = statement(name), CHECKED[name]
    with connection.transaction(force_rollback=True):
        if generic:
            # psycopg prepares it first: the server then tells the text and the types that it is prepared with
            connection.execute(b"EXPLAIN (COSTS OFF) " + sql, packed(values), prepare=True)
            found = connection.execute(
                "SELECT substr(statement, strpos(statement, ') ') + 2), parameter_types::text[] "
                "FROM pg_prepared_statements WHERE NOT from_sql ORDER BY prepare_time DESC LIMIT 1"
            ).fetchone()
            assert found is not None
            text, types = found
            connection.execute(f"PREPARE generic{_listed(types)} AS {text}".encode())
            connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            names = list(dict.fromkeys(re.findall(rb"%\((\w+)\)", sql)))
            client = psycopg.ClientCursor(connection)
            given = _listed([f"%({n.decode()})s" for n in names])
            client.execute(EXPLAIN + f"EXECUTE generic{given}".encode(), values)
            plan = client.fetchone()
            connection.execute("DEALLOCATE generic")
        else:
            plan = connection.execute(EXPLAIN + sql, packed(values)).fetchone()
    assert plan is not None
    return plan[0][0]  # type: ignore[no-any-return]


def _listed(parts: list[str]) -> str:
    return f" ({', '.join(parts)})" if parts else ""


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def faults(name: str, plan: dict[str, Any], whole: dict[str, str]) -> list[str]:
    """What is wrong with a statement's plan. `whole`: indexes of all rows of a large table → its name."""
    found = []
    longest = max((len(value) for value in CHECKED[name].values() if isinstance(value, list)), default=0)
    most = max(ROWS_EACH * longest + ROWS_BESIDES, MORE_ROWS.get(name, 0))
    for node in _nodes(plan["Plan"]):
        kind, table, index = node["Node Type"], node.get("Relation Name"), node.get("Index Name")
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        looked_at = (node["Actual Rows"] + removed) * node["Actual Loops"]
        if kind == "Seq Scan" and table in million.LARGE:
            found.append(f"Seq Scan on {table}")
        elif index in whole and "Index Cond" not in node and looked_at > 1:  # the first of all is no harm
            found.append(f"{kind} of all of {index}")
        elif kind.endswith("Scan") and kind not in COUNTS_THE_DEAD and looked_at > most:
            of = table or index or node["Alias"]
            found.append(f"{kind} looks at {looked_at:,.0f} rows of {of}")
    return found


def test_every_statement_is_checked_or_there_is_a_reason() -> None:
    assert not CHECKED.keys() & EXEMPT.keys()
    assert sorted(statement_names()) == sorted(CHECKED.keys() | EXEMPT.keys())


def test_no_statement_reads_a_large_table_whole(connection: psycopg.Connection[Any]) -> None:
    indexes = connection.execute(
        "SELECT indexrelid::regclass::text, indrelid::regclass::text FROM pg_index WHERE indpred IS NULL"
    ).fetchall()
    bare = [(index.removeprefix("speeko."), table.removeprefix("speeko.")) for index, table in indexes]
    whole = {index: table for index, table in bare if table in million.LARGE}
    bad = {}
    for statistics in Statistics:
        million.set_statistics(connection, statistics)
        for name in CHECKED:
            if name in LATER and statistics is not Statistics.FRESH:
                continue
            for values in ("known", "any"):
                found = faults(name, explained(connection, name, generic=values == "any"), whole)
                if found:
                    bad[f"{name}, {values} values, statistics: {statistics}"] = found
    assert bad == {}
