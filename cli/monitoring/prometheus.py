"""The figures as a Prometheus collector that many may scrape: sources are asked seldom, and not waited for.

Every source (Postgres, Redis, the broker) is read by one thread of its own. A scrape takes what was read in
the last seconds; a source that does not answer in time is down, and its figures are left out, not old ones.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from speeko_jobs import __version__
from speeko_jobs.errors import SpeekoError
from speeko_jobs.flow.reporting.metrics import Family

FRESH_SECONDS = 5.0
WAIT_SECONDS = 4.0  # Prometheus gives up a scrape after 10 s
UP = {
    "postgres": ("speeko_up", "Whether Postgres answers in time."),
    "redis": ("speeko_redis_up", "Whether Redis answers in time."),
    "broker": ("speeko_broker_up", "Whether the broker answers in time."),
}
log = logging.getLogger(__name__)


class _Reader:
    """Reads one source whenever somebody asks and the last reading is not fresh, one at a time."""

    def __init__(self, name: str, read: Callable[[], list[Family]]) -> None:
        self.name, self._read = name, read
        self._changed = threading.Condition()
        self._is_due = False
        self._families: list[Family] | None = None
        self._read_at = float("-inf")
        self._seconds = 0.0
        self._failed = ""
        threading.Thread(target=self._go, name=f"read-{name}", daemon=True).start()

    def ask(self) -> None:
        """Have the source read, unless its figures are fresh or it is being read."""
        with self._changed:
            if not self._is_due and time.monotonic() - self._read_at > FRESH_SECONDS:
                self._is_due = True
                self._changed.notify_all()

    def answer(self, until: float) -> tuple[list[Family] | None, float]:
        """Fresh figures, None where there are none by the time `until`; and how long the reading took."""
        with self._changed:
            while self._is_due and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            return (None if self._is_due else self._families), self._seconds

    def _go(self) -> None:
        while True:
            with self._changed:
                while not self._is_due:
                    self._changed.wait()
            began = time.monotonic()
            families = self._attempt()
            with self._changed:
                self._families, self._is_due = families, False
                self._read_at = time.monotonic()
                self._seconds = self._read_at - began
                self._changed.notify_all()

    def _attempt(self) -> list[Family] | None:
        try:
            families = self._read()
        except Exception as error:
            # a scrape must not fail, whatever happens: errors of ours are a line, others name their kind only
            failed = str(error) if isinstance(error, SpeekoError) else type(error).__name__
            if failed != self._failed:
                log.warning("no figures of %s: %s", self.name, failed)
            self._failed = failed
            return None
        self._failed = ""
        return families


class Exporter(Collector):
    """Give it to a registry. `readings`: the sources of `UP`, each with what reads it."""

    def __init__(self, readings: Mapping[str, Callable[[], list[Family]]]) -> None:
        self._readers = [_Reader(name, read) for name, read in readings.items()]

    def describe(self) -> Iterable[Metric]:
        """Nothing: a registry then does not collect once just to learn the names."""
        return ()

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("speeko_build", "The version of the exporter.", {"version": __version__})
        for reader in self._readers:
            reader.ask()
        until = time.monotonic() + WAIT_SECONDS
        took = GaugeMetricFamily(
            "speeko_scrape_seconds", "How long it took to read a source.", labels=["source"]
        )
        for reader in self._readers:
            families, seconds = reader.answer(until)
            name, help = UP[reader.name]
            yield GaugeMetricFamily(name, help, 0 if families is None else 1)
            for family in families or ():
                yield _metric(family)
            took.add_metric([reader.name], seconds)
        yield took


def _metric(family: Family) -> Metric:
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    made = kind(family.name, family.help, labels=family.labels)
    for labels, value in family.samples.items():
        made.add_metric(labels, value)
    return made
