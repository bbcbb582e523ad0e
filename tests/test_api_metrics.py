"""What the server measures of itself, as Prometheus reads it."""

from __future__ import annotations

import re
import time
from dataclasses import fields

import pytest
from dash import Dash
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, text

from api.metrics import PREFIX, Metrics, ages
from api.scrape import STATUSES
from api.timed_callbacks import time_callbacks
from jobs.job_rows import EXECUTOR
from jobs.runner_queue import queue_job
from layouts.links import PIPELINE
from pipelines.registry import Registry
from queries.cached_queries import CachedQueries
from queries.frames import read_transaction
from queries.queue import queue
from settings import SOURCE
from tests.catalog import JOB_TYPES
from tests.door import Door
from tests.factories import add_files, add_job, add_task
from tests.serving import Api
from tests.tab import Tab

CONTENT = "text/plain; version=0.0.4; charset=utf-8"
DOCUMENT = (SOURCE / "docs" / "metrics.md").read_text(encoding="utf-8")


@pytest.fixture
def api(engine: Engine, registry: Registry) -> Api:
    """The API over a few files and jobs."""
    with engine.begin() as connection:
        add_files(connection, 3, metadata={"region": "rwa"})
        add_job(connection, "job-1")
        add_job(connection, "job-2", status="failed")
    return Api(engine, registry)


def scraped(api: Api) -> dict[str, Metric]:
    """The metrics of the exposition, by name without the prefix."""
    answer = api.get("/metrics")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, CONTENT)
    families = text_string_to_metric_families(answer.text)
    return {family.name.removeprefix(f"{PREFIX}_"): family for family in families}


def value(metric: Metric, suffix: str = "", **labels: str) -> float:
    """The sample of a metric with these labels, 0 when there is none."""
    name = metric.name + suffix
    found = [s.value for s in metric.samples if s.name == name and s.labels == labels]
    return found[0] if found else 0.0


def test_a_snapshot_is_measured(api: Api) -> None:
    began = time.time()
    api.renew()
    api.renew()
    metrics = scraped(api)
    assert value(metrics["refresh_seconds"], "_count", pipeline="fathom") == 2
    assert value(metrics["cache_lookups"], "_total", cache="snapshots", result="miss") == 2
    age = value(metrics["snapshot_age_seconds"], pipeline="fathom")
    assert 0 <= age <= time.time() - began
    api.json("/api/etl/stats", etl_type="fathom")
    metrics = scraped(api)
    assert value(metrics["cache_lookups"], "_total", cache="snapshots", result="hit") == 1


def test_statements_of_nobody_in_particular_are_measured_as_others(
    api: Api, engine: Engine
) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert value(scraped(api)["statement_seconds"], "_count", query="other") >= 1


def test_statements_are_measured_by_what_asks(api: Api) -> None:
    api.json("/api/jobs")
    metrics = scraped(api)["statement_seconds"]
    assert value(metrics, "_count", query="api") >= 2
    assert value(metrics, "_sum", query="api") > 0


def test_jobs_are_counted_by_status_and_what_is_absent_is_none(api: Api) -> None:
    jobs = scraped(api)["jobs"]
    found = {status: value(jobs, status=status) for status in STATUSES}
    assert found == dict.fromkeys(STATUSES, 0) | {"processing": 1, "failed": 1}
    assert len(jobs.samples) == len(STATUSES)


def test_scrapers_share_a_count(api: Api) -> None:
    for _ in range(5):
        scraped(api)
    lookups = scraped(api)["cache_lookups"]
    assert value(lookups, "_total", cache="queue", result="miss") == 1
    assert value(lookups, "_total", cache="queue", result="hit") == 5


def test_the_queue_is_that_of_the_runner(engine: Engine) -> None:
    with engine.begin() as connection:
        add_job(connection, "theirs", status="queued")
        running = queue_job(connection, JOB_TYPES["process_fathom_stack"], {"region_code": "a"})
        queue_job(connection, JOB_TYPES["process_fathom_stack"], {"region_code": "b"})
        connection.execute(
            text("UPDATE app.jobs SET status = 'processing', stage = 2 WHERE job_id = :job"),
            {"job": running.job_id},
        )
        for number, status in enumerate(["pending", "queued", "processing", "completed"]):
            add_task(connection, running.job_id, str(number), status)
        add_task(connection, "theirs", "9", "pending")
    with read_transaction(engine, 10) as connection:
        metrics = queue(connection, EXECUTOR)
    assert (metrics.waiting, metrics.tasks) == (1, 2)
    assert metrics.jobs == {"queued": 2, "processing": 1}


def test_a_database_that_is_away_leaves_what_is_known(api: Api, door: Door) -> None:
    api.renew()
    door.close()
    api.renew()
    api.refused("/api/jobs", 503)
    metrics = scraped(api)
    assert value(metrics["database_up"]) == 0
    assert "jobs" not in metrics
    read_failed = metrics["failed_reads"]
    for name in ("snapshots", "api", "queue"):
        assert value(read_failed, "_total", query=name, reason="failed") == 1
    assert value(metrics["refresh_seconds"], "_count", pipeline="fathom") == 1


def test_what_is_refused_is_counted(api: Api) -> None:
    while api.reader.streams.acquire(blocking=False):
        pass
    api.refused("/api/jobs/job-1/tasks.csv", 503)
    read_failed = scraped(api)["failed_reads"]
    assert value(read_failed, "_total", query="api", reason="refused") == 1


def test_the_age_grows_from_the_oldest_reading() -> None:
    taken = Metric(f"{PREFIX}_snapshot_timestamp_seconds", "", "gauge")
    taken.add_sample(taken.name, {"pipeline": "fathom"}, time.time() - 100)
    (age,) = ages([taken]).samples
    assert age.labels == {"pipeline": "fathom"}
    assert 100 <= age.value < 3600


@pytest.fixture
def timed(dashboard: Dash) -> tuple[Metrics, Tab]:
    """A tab of a dashboard whose callbacks are measured."""
    metrics = Metrics()
    time_callbacks(dashboard.server, dashboard.callback_map, metrics)
    return metrics, Tab(dashboard)


def calls(metrics: Metrics) -> dict[str, float]:
    """How often each callback was measured."""
    return {
        sample.labels["callback"]: sample.value
        for metric in metrics.collected()
        for sample in metric.samples
        if sample.name == f"{PREFIX}_callback_seconds_count"
    }


def test_callbacks_are_measured_by_name(timed: tuple[Metrics, Tab]) -> None:
    metrics, tab = timed
    tab.open(PIPELINE, "?type=fathom")
    tab.tick()
    tab.tick()
    assert calls(metrics) == {"navigate.open_page": 1, "refresh.refresh_page": 2}


@pytest.mark.parametrize("body", [b"{}", b"[]", b"x", b'{"output": "x"}', b'{"output": []}'])
def test_what_a_stranger_asks_for_is_one_name(
    timed: tuple[Metrics, Tab], dashboard: Dash, body: bytes
) -> None:
    metrics, _ = timed
    client = dashboard.server.test_client()
    client.post("/_dash-update-component", data=body, content_type="application/json")
    assert calls(metrics) == {"unknown": 1}


def test_the_documented_metrics_are_those_that_there_are(api: Api) -> None:
    documented = re.findall(rf"^\| `{PREFIX}_(\w+)`", DOCUMENT, re.M)
    assert len(documented) == len(set(documented))
    assert {name.removesuffix("_total") for name in documented} == set(scraped(api))


def test_everything_that_asks_is_documented() -> None:
    asking = {field.name for field in fields(CachedQueries)} | {
        "snapshots",
        "api",
        "keeper",
        "metrics",
    }
    assert {name for name in asking if f"`{name}`" not in DOCUMENT} == set()
