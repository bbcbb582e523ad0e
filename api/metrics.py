"""What this server measures of itself, for Prometheus; docs/metrics.md is its table.

With several processes each keeps its numbers in a file, and who is asked adds them up: that is
prometheus_client's own way, switched on by PROMETHEUS_MULTIPROC_DIR (commands/metrics_folder.py).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import Engine, event

PREFIX = "pipeline_monitor"
SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
LONG = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
# Statements of the connections that nobody named: submitting a job.
UNNAMED = "other"

disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The numbers of one server; an observer (queries/observed.py) of its caches and reads."""

    def __init__(self) -> None:
        own = self._registry = CollectorRegistry()
        self._refreshes = Histogram(
            f"{PREFIX}_refresh_seconds",
            "Time to read a pipeline's snapshot.",
            ["pipeline"],
            registry=own,
            buckets=LONG,
        )
        self._statements = Histogram(
            f"{PREFIX}_statement_seconds",
            "Time of a database statement, by the query it belongs to.",
            ["query"],
            registry=own,
            buckets=SHORT,
        )
        self._callbacks = Histogram(
            f"{PREFIX}_callback_seconds",
            "Time to answer a page, by the callback that does.",
            ["callback"],
            registry=own,
            buckets=SHORT,
        )
        self._lookups = Counter(
            f"{PREFIX}_cache_lookups",
            "Cache lookups: a hit found the value, a miss computed it.",
            ["cache", "result"],
            registry=own,
        )
        self._failed_reads = Counter(
            f"{PREFIX}_failed_reads",
            "Reads of the database that failed, or were refused because too many were running.",
            ["query", "reason"],
            registry=own,
        )
        self._read_at = Gauge(
            f"{PREFIX}_snapshot_timestamp_seconds",
            "When a pipeline's snapshot was read, as Unix time; the oldest of all processes.",
            ["pipeline"],
            registry=own,
            multiprocess_mode="livemin",
        )

    def looked_up(self, cache: str, hit: bool) -> None:
        """Counts a cache lookup."""
        self._lookups.labels(cache, "hit" if hit else "miss").inc()

    def refreshed(self, pipeline: str, seconds: float) -> None:
        """Notes that a pipeline's snapshot was read."""
        self._refreshes.labels(pipeline).observe(seconds)
        self._read_at.labels(pipeline).set(time.time())

    def read_failed(self, query: str, refused: bool) -> None:
        """Counts a read that failed or was refused."""
        self._failed_reads.labels(query, "refused" if refused else "failed").inc()

    def called(self, callback: str, seconds: float) -> None:
        """Notes that a callback answered."""
        self._callbacks.labels(callback).observe(seconds)

    def timed(self, engine: Engine) -> Engine:
        """The engine, its statements measured under the name in the execution option `query`."""

        def begin(*arguments: Any) -> None:
            arguments[4].began_at = time.perf_counter()

        def end(*arguments: Any) -> None:
            context = arguments[4]
            query = context.execution_options.get("query", UNNAMED)
            self._statements.labels(query).observe(time.perf_counter() - context.began_at)

        event.listen(engine, "before_cursor_execute", begin)
        event.listen(engine, "after_cursor_execute", end)
        return engine

    def collected(self) -> list[Metric]:
        """What was measured, by all processes of the server together."""
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            return list(MultiProcessCollector(None).collect())  # type: ignore[no-untyped-call]
        return list(self._registry.collect())


def ages(measured: Iterable[Metric]) -> Metric:
    """The age of each pipeline's snapshot, from the metrics."""
    now = time.time()
    age = Metric(f"{PREFIX}_snapshot_age_seconds", "Age of a pipeline's snapshot.", "gauge")
    for metric in measured:
        if metric.name == f"{PREFIX}_snapshot_timestamp_seconds":
            for sample in metric.samples:
                age.add_sample(age.name, sample.labels, max(0.0, now - sample.value))
    return age
