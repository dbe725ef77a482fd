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
