"""Neither the API key nor a catalog's text gets into logs, messages or what Redis holds."""

from __future__ import annotations

from typing import Any

import psutil
import redis

from tests.e2e.conftest import MakeSpine
from tests.fixtures.metered import API_KEY
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, texts, write_catalog

CANARY = "canary8d21"


def everything(client: redis.Redis) -> bytes:
    """All keys and values, of whatever type."""
    found: list[Any] = []
    for key in client.scan_iter():
        found.append(key)
        kind = client.type(key)
        if kind == b"string":
            found.append(client.get(key))
        elif kind == b"list":
            found += client.lrange(key, 0, -1)
        elif kind == b"hash":
            found += [part for pair in client.hgetall(key).items() for part in pair]
        elif kind == b"zset":
            found += client.zrange(key, 0, -1)
        elif kind == b"set":
            found += client.smembers(key)
        else:
            raise AssertionError(kind)
    return b"\n".join(found)


def test_canaries_are_found_nowhere(make_spine: MakeSpine) -> None:
    spine = make_spine(provider={"latency_ms": 200})
    said = [f"{CANARY} {text}" for text in texts(60)]
    catalog = write_catalog(spine.folder / "catalog.csv", said)

    def refused(number: int) -> dict[str, Any]:
        return {"error": {"message": f"'{said[number]}' is refused for the key {API_KEY}", "type": "error"}}

    spine.provider.script(
        [
            {"match": "number 3 ", "status": 400, "body": refused(3)},
            {"match": "number 4 ", "status": 500, "body": f"Traceback: {said[4]} {API_KEY}"},
            {"match": "number 5 ", "garbage": "html"},
            {"match": "number 6 ", "reset": "after"},
            {"match": "number 7 ", "status": 401, "body": refused(7)},
        ]
    )
    with spine.redis.client as client:
        job = spine.submit(catalog)
        seen = everything(client)  # the messages that wait
        assert b"synthesize" in seen
        workers = spine.start_workers(SYNTHESIZING, DELIVERING)
        spine.wait_for_calls(5)
        arguments = [
            " ".join(process.cmdline())
            for node in workers
            for process in (lambda p: [p, *p.children()])(psutil.Process(node.container.process.pid))
        ]
        spine.until(lambda: spine.job(job).state == "paused", "the pause for the refused key")
        spine.context.queue.synthesize([(10**9, 1)])
        spine.sql("UPDATE speeko.job SET state = 'running', reason = ''")
        spine.wait(job, sweeping=True)
        seen += everything(client)
    haystack = seen.decode("utf-8", "replace") + spine.logs() + "\n".join(arguments)
    assert "canary" not in haystack
    assert API_KEY not in haystack
    reasons = spine.sql("SELECT string_agg(reason, ' ') FROM speeko.attempt")[0][0]
    assert API_KEY not in reasons
    assert CANARY not in reasons
