"""With SPEEKO_LOG_FORMAT=json all that workers log is JSON, and every line of a task names its job."""

from __future__ import annotations

import json

from speeko_jobs.core.model.states import JobState
from tests.e2e.conftest import MakeSpine
from tests.fixtures.metered import API_KEY
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, texts, write_catalog
from tests.wait import wait_until

CANARY = "canary3c90"
PAST_THE_LOG = ("ready ", "worker: Warm shutdown")  # ours on stdout, and Celery's in its signal handler


def test_workers_log_json(make_spine: MakeSpine) -> None:
    spine = make_spine(provider={"latency_ms": 5}, log_format="json")
    spine.provider.script([{"match": "number 3 ", "status": 400, "body": f"{CANARY} {API_KEY}"}])
    good = spine.submit(write_catalog(spine.folder / "a.csv", [f"{CANARY} {text}" for text in texts(30)]))
    spine.start_workers(SYNTHESIZING, DELIVERING)
    assert spine.wait(good, sweeping=True)["failed"] == 1
    bad = spine.submit(write_catalog(spine.folder / "b.csv", texts(2, CANARY)), output="bad")
    spine.sql(f"UPDATE speeko.job SET spec = spec - 'voice' WHERE id = {bad}")
    spine.context.queue.deliver([(bad, 1)])
    spine.context.queue.finalize(bad)

    def lines() -> list[str]:
        found = [line for line in spine.logs().splitlines() if line]
        return [line for line in found if not line.startswith(PAST_THE_LOG)]

    of_bad = f'"job": {bad}'
    wait_until(lambda: any('"error"' in line and of_bad in line for line in lines()), "a task that fails")
    for node in spine.nodes:
        node.container.kill("SIGTERM")
    told = [json.loads(line) for line in lines()]
    assert not any(CANARY in line or API_KEY in line for line in lines())
    of_tasks = [line for line in told if "task" in line]
    children = {line["pid"] for line in of_tasks} - {node.container.process.pid for node in spine.nodes}
    assert children
    for name in ("synthesize", "deliver", "finalize"):
        found = [line for line in of_tasks if line["task"] == name and line["job"] == good]
        assert found, name
        assert name == "finalize" or {line["chunk"] for line in found} >= {1}
    assert all(line["job"] in (good, bad) for line in of_tasks if line["task"] not in ("sweep", "evict"))
    assert [line for line in told if line.get("error") and line["job"] == bad]
    assert spine.job(good).state is JobState.DONE_WITH_ERRORS
