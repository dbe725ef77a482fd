"""The programs that benches run beside themselves: the planner in a fresh process, and the baselines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from speeko_workers.supervisor import environment
from tests.fixtures.spine import Spine

FOLDER = Path(__file__).parent


def planned(spine: Spine, verb: str, catalog: Path, output: str = "out") -> dict[str, Any]:
    """What a_planner.py tells of a catalog: estimate, submit or run."""
    arguments = [verb, str(catalog), str(spine.folder / output)]
    return dict(_told("a_planner.py", arguments, environment(spine.settings)))


def seeds_way(spine: Spine, catalog: Path, rows: int) -> dict[str, float]:
    """Rows a second of a_seed_way.py, on the spine's own servers. Redis is empty before and after."""
    with spine.redis.client as client:
        client.flushdb()
    with tempfile.TemporaryDirectory(dir=spine.folder) as folder:
        arguments = [str(catalog), str(rows), f"{folder}/out"]
        return dict(_told("a_seed_way.py", arguments, environment(spine.settings)))


def bare_calls(spine: Spine, calls: int, in_flight: int) -> tuple[float, list[float]]:
    """When a_bare_loop.py began, and when each of its calls ended."""
    arguments = [spine.provider.url, str(calls), str(in_flight)]
    environ = {**os.environ, "BARE_LOOP_KEY": spine.provider.api_key}
    begun, *ends = _told("a_bare_loop.py", arguments, environ)
    return begun, ends


def steady(ends: Sequence[float]) -> float:
    """Ends a second between the first and the last tenth of them."""
    at = sorted(ends)
    first, last = len(at) // 10, len(at) * 9 // 10
    return (last - first) / (at[last] - at[first])


def _told(script: str, arguments: list[str], environ: dict[str, str]) -> Any:
    command = [sys.executable, str(FOLDER / script), *arguments]
    return json.loads(subprocess.run(command, env=environ, stdout=subprocess.PIPE, check=True).stdout)
