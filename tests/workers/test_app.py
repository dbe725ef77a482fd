"""What beat has done, by the settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

SHOW = "import json, speeko_workers.app as w; print(json.dumps(w.app.conf.beat_schedule))"


def schedule(**environ: str) -> dict[str, dict[str, object]]:
    plain = {k: v for k, v in os.environ.items() if not k.startswith("SPEEKO_")}
    urls = {
        "SPEEKO_REDIS_URL": "redis://127.0.0.1:1/0",
        "SPEEKO_DATABASE_URL": "postgresql://u@127.0.0.1:1/x",
    }
    done = subprocess.run(
        [sys.executable, "-c", SHOW], env=plain | urls | environ, capture_output=True, text=True, check=True
    )
    found: dict[str, dict[str, object]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(("days", "prunes"), [("0", False), ("30", True)])
def test_old_jobs_are_pruned_where_the_settings_ask_for_it(days: str, prunes: bool) -> None:
    found = schedule(SPEEKO_KEEP_JOBS_DAYS=days)
    assert ("prune" in found) is prunes
    assert {"sweep", "evict"} <= found.keys()
    assert all(entry["options"]["queue"] == "control" for entry in found.values())  # type: ignore[index]


def celery(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run Celery's own command on our app, as people do who know Celery."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith("SPEEKO_")}
    command = [sys.executable, "-m", "celery", "-A", "speeko_workers.app", *words]
    return subprocess.run(command, env=plain | environ, capture_output=True, text=True, check=False)


def test_without_queues_a_worker_takes_them_all() -> None:
    show = "import json, speeko_workers.app as w; print(json.dumps(sorted(w.app.amqp.queues.consume_from)))"
    environ = {**os.environ, "SPEEKO_REDIS_URL": "redis://127.0.0.1:1/0"}
    done = subprocess.run(
        [sys.executable, "-c", show], env=environ, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == ["control", "deliver", "synthesize"]


@pytest.mark.parametrize("words", [("inspect", "ping"), ("status",), ("worker",)])
@pytest.mark.parametrize(
    ("environ", "told"),
    [
        (
            {},
            "speeko: no broker: set SPEEKO_REDIS_URL and SPEEKO_DATABASE_URL, or",
        ),
        ({"SPEEKO_REDIS_URL": "sqs://host"}, "speeko: broker_url: no broker is known at sqs://"),
        ({"SPEEKO_WORKERS": "many"}, "speeko: SPEEKO_WORKERS: workers takes a whole number, not 'many'"),
    ],
)
def test_celery_without_settings_ends_with_one_line(
    words: tuple[str, ...], environ: dict[str, str], told: str
) -> None:
    done = celery(*words, **environ)
    assert done.returncode == 1
    assert done.stderr.startswith(told)
    assert len(done.stderr.splitlines()) == 1
