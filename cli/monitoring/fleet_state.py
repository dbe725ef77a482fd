"""One watcher's memory: how fast jobs go, and who has gone. Pure: the time is passed in.

A look at Postgres tells how things stand; what it takes two looks to know is here. Several threads may feed
one board, with the time in seconds of one clock.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from speeko_cli.output.throughput import LONG_SECONDS, WINDOW_SECONDS, Throughput, ThroughputGauge, overall
from speeko_jobs.core.model.states import JobState

if TYPE_CHECKING:
    from speeko_jobs.flow.reporting.fleet_queries import EngineStatus
    from speeko_jobs.flow.reporting.monitoring_queries import JobLine

FORGET_SECONDS = 600.0  # who has gone for longer is forgotten
UNSEEN_SECONDS = 60.0  # a gauge that heard nothing for longer begins anew
MAX_JOBS, MAX_GONE = 2_000, 200
STEP_SECONDS = 0.2  # looks that follow one another sooner tell nothing new
SILENT_SECONDS = 5.0  # engines renew their lease about once a second
MISSED_PINGS = 2  # one may be lost
STILL = Throughput(0.0, 0.0, None)


@dataclass(frozen=True, slots=True)
class ObservedJob:
    """A job as it stands, and how fast it goes: `STILL` unless it runs."""

    line: JobLine
    pace: Throughput


@dataclass(frozen=True, slots=True)
class LiveEngine:
    """An engine whose lease stands. `silent_seconds`: for how long it has not renewed it, as far as was
    seen; one or two are usual."""

    engine: EngineStatus
    silent_seconds: float


@dataclass(frozen=True, slots=True)
class DepartedEngine:
    """An engine as it was seen last. It died when its lease ran out; else it left in order, and its process
    has nothing to do."""

    engine: EngineStatus
    died: bool
    at_seconds: float


@dataclass(frozen=True, slots=True)
class FleetEngines:
    """Those that live, and those that have gone, newest first."""

    living: list[LiveEngine]
    gone: list[DepartedEngine]


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """A Celery node, and when it answered last. `answers` is False after two pings in a row without."""

    name: str
    answers: bool
    at_seconds: float


@dataclass(slots=True)
class _Going:
    """A job that runs. `has_mean`: its mean since its release tells something of now."""

    gauge: ThroughputGauge
    has_mean: bool
    since: float
    at: float
    pace: Throughput = STILL


@dataclass(slots=True)
class _Known:
    """An engine at the last look, and the longest lease that it was ever seen with."""

    engine: EngineStatus
    at: float
    longest_seconds: float


@dataclass(slots=True)
class _Pinged:
    at: float
    missed: int = 0


class FleetState:
    """Remembers what it is shown, for ten minutes at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._going: dict[int, _Going] = {}  # the one seen longest ago comes first
        self._known: dict[int, _Known] = {}
        self._gone: dict[int, DepartedEngine] = {}
        self._nodes: dict[str, _Pinged] = {}

    def take_jobs(self, now_seconds: float, lines: Sequence[JobLine]) -> list[ObservedJob]:
        """The lines in their order, each with its pace over the last seconds; at first, while these are too
        few, with its mean since the job's release. Lines of several looks may come in any mix."""
        with self._lock:
            seen = [ObservedJob(line, self._pace(now_seconds, line)) for line in lines]
            for job, going in list(self._going.items()):
                if now_seconds - going.at <= UNSEEN_SECONDS and len(self._going) <= MAX_JOBS:
                    break
                del self._going[job]
        return seen

    def _pace(self, now: float, line: JobLine) -> Throughput:
        going = self._going.pop(line.id, None)
        if line.state is JobState.PAUSED:  # its mean will say nothing once it goes on
            self._going[line.id] = _Going(ThroughputGauge(), False, now, now - 2 * STEP_SECONDS)
        if line.state is not JobState.RUNNING:
            return STILL
        if going is None or abs(now - going.at) > UNSEEN_SECONDS:
            going = _Going(ThroughputGauge(), True, now, now - 2 * STEP_SECONDS)
        if now - going.at >= STEP_SECONDS:
            going.at, going.pace = now, _pace(going, now, line)
        self._going[line.id] = going
        return going.pace

    def take_engines(self, now_seconds: float, engines: Sequence[EngineStatus]) -> FleetEngines:
        """Take the lease holders of this look (table `claimant`); note who has left since, and who lives."""
        with self._lock:
            before, now = self._known, now_seconds
            self._known = {e.id: _known(before.get(e.id), now, e) for e in engines}
            living = [_alive(self._known[e.id]) for e in engines if e.lease_seconds >= 0]
            for one in engines:
                if one.lease_seconds < 0 and one.id not in self._gone:
                    self._gone[one.id] = DepartedEngine(one, True, now + one.lease_seconds)
            for known in before.values():
                gone = _gone(known, now)
                if known.engine.id not in self._known and gone is not None:
                    self._gone.setdefault(known.engine.id, gone)
            self._gone = {gone.engine.id: gone for gone in self._still_gone(now, living)}
            return FleetEngines(living, list(self._gone.values()))

    def _still_gone(self, now: float, living: Sequence[LiveEngine]) -> Iterator[DepartedEngine]:
        """Newest first. A process whose next engine lives has not left."""
        alive = {one.engine.id for one in living}
        busy = {(one.engine.host, one.engine.pid) for one in living}
        newest = sorted(self._gone.values(), key=attrgetter("at_seconds"), reverse=True)
        for gone in newest[:MAX_GONE]:
            engine = gone.engine
            is_unburied = engine.id in self._known
            if engine.id in alive or not (is_unburied or now - gone.at_seconds <= FORGET_SECONDS):
                continue
            if gone.died or (engine.host, engine.pid) not in busy:
                yield gone
                busy.add((engine.host, engine.pid))

    def take_nodes(self, now_seconds: float, names: Sequence[str] | None) -> list[NodeStatus]:
        """The names of the nodes that answered a ping, None when the broker did not: every node of the last
        ten minutes, by name."""
        with self._lock:
            if names is not None:
                for pinged in self._nodes.values():
                    pinged.missed += 1
                self._nodes.update({name: _Pinged(now_seconds) for name in names})
            self._nodes = {
                name: pinged
                for name, pinged in sorted(self._nodes.items())
                if now_seconds - pinged.at <= FORGET_SECONDS
            }
            return [NodeStatus(name, one.missed < MISSED_PINGS, one.at) for name, one in self._nodes.items()]


def _pace(going: _Going, now: float, line: JobLine) -> Throughput:
    """The gauge's word where it has one, the mean's until then."""
    pace, watched = going.gauge.take(now, line), now - going.since
    if not going.has_mean or watched >= LONG_SECONDS:
        return pace
    mean = overall(line, line.seconds)
    rates = mean if watched < WINDOW_SECONDS else pace
    return Throughput(
        rates.rows, rates.calls, mean.eta_seconds if pace.eta_seconds is None else pace.eta_seconds
    )


def _known(before: _Known | None, now: float, engine: EngineStatus) -> _Known:
    return _Known(engine, now, max(engine.lease_seconds, before.longest_seconds if before else 0.0))


def _alive(known: _Known) -> LiveEngine:
    return LiveEngine(known.engine, known.longest_seconds - known.engine.lease_seconds)


def _gone(known: _Known, now: float) -> DepartedEngine | None:
    """How an engine went that is not in the table any more: before its lease ran out it can only have left.
    None: its lease may have run out, and nobody looked."""
    engine, passed = known.engine, now - known.at
    if passed < engine.lease_seconds:
        return DepartedEngine(engine, False, now)
    if known.longest_seconds - engine.lease_seconds > SILENT_SECONDS:
        return DepartedEngine(engine, True, known.at + engine.lease_seconds)
    return None
