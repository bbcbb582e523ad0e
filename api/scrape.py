"""`GET /metrics`: what was measured, and the jobs and the runner's queue at this moment."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, request
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from sqlalchemy import Engine

from api.metrics import PREFIX, Metrics, ages
from jobs.job_rows import EXECUTOR
from queries.cache import QueryCache
from queries.frames import read_transaction
from queries.queue import Queue, queue

# These are told when there is none of them, too.
STATUSES = (
    "queued",
    "processing",
    "completed",
    "failed",
    "completed_with_errors",
    "cancelled",
)
# Scrapers that poll more often share a result, and a slow count is cancelled.
CACHE_SECONDS = 5.0
MOST_SECONDS = 2.0


def scrapes(metrics: Metrics, engine: Engine) -> Blueprint:
    """The blueprint of the metrics. Where the database is away, the last counts stand."""
    blueprint = Blueprint("metrics", __name__)
    asking = engine.execution_options(query="metrics")

    def count(_: None) -> Queue:
        with read_transaction(asking, MOST_SECONDS) as connection:
            return queue(connection, EXECUTOR)

    queues = QueryCache(count, CACHE_SECONDS, "queue", metrics)

    @blueprint.get("/metrics")
    def metrics_text() -> Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(Exposition(metrics, queues)), content_type=content_type)

    return blueprint


class Exposition:
    """All metrics of one moment."""

    def __init__(self, metrics: Metrics, queues: QueryCache[None, Queue]) -> None:
        self._metrics = metrics
        self._queues = queues

    def collect(self) -> Iterator[Metric]:
        """The metrics, as prometheus_client writes them."""
        result = self._queues.latest(None)
        measured = self._metrics.collected()
        yield from measured
        yield ages(measured)
        yield _gauge("database_up", "Whether the database answered last.", float(not result.error))
        if result.value is not None:
            yield from _queued(result.value)


def _queued(counted: Queue) -> Iterator[Metric]:
    jobs = GaugeMetricFamily(f"{PREFIX}_jobs", "Jobs by status, of any type.", labels=["status"])
    for status, count in {**dict.fromkeys(STATUSES, 0), **counted.jobs}.items():
        jobs.add_metric([status], count)
    yield jobs
    yield _gauge("runner_queued_jobs", "Jobs that wait for a runner.", counted.waiting)
    what = "Tasks of the runners' jobs that wait in the current stage, counted to 100,000."
    yield _gauge("runner_pending_tasks", what, counted.tasks)


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", documentation, value)
