"""What our processes take while a bench runs: CPU by kind, peak memory of workers, messages in the broker."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType

import psutil

from speeko_jobs.adapters.celery_queue.queue import QUEUES
from speeko_workers.supervisor import Supervisor, nodes
from tests.fixtures.spine import Spine

EVERY_SECONDS = 0.2
WAITING, TAKEN = [f"speeko:{queue}" for queue in QUEUES], "speeko:unacked"  # kombu's names, with our prefix


@contextlib.contextmanager
def at_work(spine: Spine) -> Iterator[Crew]:
    """The workers of one machine, as `speeko worker` runs them, ready, until the end of the block."""
    with Supervisor(spine.settings, nodes(spine.settings)) as supervisor:
        supervisor.wait_ready()
        yield Crew(spine, supervisor)


class Crew:
    """The processes of a spine with workers: its servers, its provider, and each node with its children."""

    def __init__(self, spine: Spine, supervisor: Supervisor) -> None:
        self.spine = spine
        self._nodes = {name: psutil.Process(pid) for name, pid in supervisor.pids().items()}
        self._provider = psutil.Process(spine.provider.process.pid)
        self._servers = {"Postgres": _postmaster(spine), "Redis": _redis(spine)}

    def cpu_seconds(self) -> dict[str, float]:
        """CPU so far by kind of process, what has ended included. All are ours but "the provider"."""
        out = {name: _own(process) + _below(process) for name, process in self._servers.items()}
        for name, process in self._nodes.items():
            out[f"{name}: parent"], out[f"{name}: children"] = _own(process), _below(process)
        return out | {"the provider": _own(self._provider)}

    def peaks_bytes(self) -> dict[str, int]:
        """The high-water mark (VmHWM) of each node's largest child that lives now."""
        out = {}
        for name, process in self._nodes.items():
            with contextlib.suppress(psutil.NoSuchProcess):
                out[f"{name}: child"] = max(map(_peak_bytes, process.children()), default=0)
        return out

    def messages(self) -> int:
        """Messages in the broker: those that wait, and those that workers hold."""
        with self.spine.redis.client as client, client.pipeline(transaction=False) as pipe:
            for queue in WAITING:
                pipe.llen(queue)
            pipe.hlen(TAKEN)
            return sum(pipe.execute())


class Watch:
    """Looks at a crew a few times a second: the most messages, and peaks of children that end meanwhile."""

    def __init__(self, crew: Crew) -> None:
        self.most_messages = 0
        self.peaks_bytes: dict[str, int] = {}
        self._crew = crew
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        self._look()

    def _run(self) -> None:
        while not self._done.wait(EVERY_SECONDS):
            self._look()

    def _look(self) -> None:
        self.most_messages = max(self.most_messages, self._crew.messages())
        for name, peak in self._crew.peaks_bytes().items():
            self.peaks_bytes[name] = max(peak, self.peaks_bytes.get(name, 0))


def more(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """What was used in between, by kind."""
    return {name: value - before[name] for name, value in after.items()}


def ours(cpu_seconds: Mapping[str, float]) -> float:
    """The sum over our own processes."""
    return sum(cpu_seconds.values()) - cpu_seconds["the provider"]


def _own(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _below(process: psutil.Process) -> float:
    """Of all descendants, those that have ended too: their parents were told."""
    times = process.cpu_times()
    total = times.children_user + times.children_system
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += sum(child.cpu_times()[:4])
    return float(total)


def _peak_bytes(process: psutil.Process) -> int:
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024
    return 0


def _postmaster(spine: Spine) -> psutil.Process:
    """The parent of our own connection's process."""
    with spine.database.transaction() as t:
        ((pid,),) = t._connection.execute("SELECT pg_backend_pid()").fetchall()
        found = psutil.Process(pid).parent()
    assert found is not None
    return found


def _redis(spine: Spine) -> psutil.Process:
    with spine.redis.client as client:
        return psutil.Process(client.info("server")["process_id"])
