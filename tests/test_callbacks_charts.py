"""What the charts of a page are drawn from."""

from __future__ import annotations

import pytest
from dash import Dash
from sqlalchemy import Engine

from access.audit import Audit
from callbacks.addresses import Address, read_address
from callbacks.charts import figures_of, valid_zone
from callbacks.services import Services
from jobs.actions import Actions
from jobs.submission import NoDestination
from layouts import ids
from layouts.links import JOB_PAGE, PIPELINE
from pipelines.registry import Registry
from queries.cached_queries import open_cached_queries
from queries.snapshots import Snapshots
from tests.factories import CIV, RWA, add_files, add_job, add_task
from tests.tab import Tab

PEAK = {"peak_memory_mb": 120}


@pytest.fixture
def services(engine: Engine, registry: Registry, snapshots: Snapshots) -> Services:
    """The services over completions of two regions, and two jobs that begin alike."""
    with engine.begin() as connection:
        add_files(connection, 3, metadata=RWA, phase1="20 minutes")
        add_files(connection, 4, metadata=CIV, phase1="20 minutes", phase2="10 minutes")
        for name in ("alike-123-1", "alike-123-2"):
            add_task(
                connection, add_job(connection, name), "g1", "completed", seconds=3, metadata=PEAK
            )
    queries = open_cached_queries(engine, registry, 10, 0)
    return Services(registry, snapshots, queries, Actions(registry, NoDestination(), Audit(engine)))


def charted(services: Services, search: str) -> list[int]:
    """The files of each phase's bars in the chart of a pipeline's page."""
    figures = figures_of(services, read_address(PIPELINE, search), "UTC")
    assert figures is not None
    (figure,) = figures.values()
    return [sum(trace["y"]) for trace in figure["data"]]


def test_completions_are_those_of_the_pages_filters(
    services: Services, snapshots: Snapshots
) -> None:
    snapshots.renew("fathom")
    assert charted(services, "?type=fathom") == [7, 4]
    assert charted(services, "?type=fathom&region=RWA") == [3, 0]
    assert charted(services, "?type=fathom&region=civ&region=rwa") == [7, 4]


def test_a_jobs_charts_have_its_finished_tasks(services: Services) -> None:
    address = Address(JOB_PAGE, {"job_id": ["alike-123-1"]})
    figures = figures_of(services, address, "UTC")
    assert figures is not None
    found = {name: [trace["y"] for trace in one["data"]] for name, one in figures.items()}
    assert found == {"duration": [[3]], "memory": [[120]]}


def test_opened_charts_are_drawn_and_those_of_no_job_are_not(
    services: Services, dashboard: Dash
) -> None:
    tab = Tab(dashboard)
    tab.open(JOB_PAGE, "?job_id=alike-123-1")
    charts = tab.open_charts()[ids.CHARTS]["children"]
    figures = [chart["props"]["children"]["props"]["figure"] for chart in charts]
    assert [figure["data"][0]["y"] for figure in figures] == [[3], [120]]
    tab.open(JOB_PAGE, "?job_id=nothing")
    assert tab.open_charts() == {}


@pytest.mark.parametrize(
    ("path", "search"),
    [
        (JOB_PAGE, "?job_id=alike-123"),
        (JOB_PAGE, "?job_id=nothing"),
        (PIPELINE, "?type=nothing"),
        (PIPELINE, "?type=raster_v2"),
    ],
    ids=["several jobs", "no job", "no pipeline", "never read"],
)
def test_without_data_nothing_is_drawn(services: Services, path: str, search: str) -> None:
    assert figures_of(services, read_address(path, search), "UTC") is None


@pytest.mark.parametrize(
    ("zone", "known"),
    [("Asia/Kathmandu", "Asia/Kathmandu"), (None, "UTC"), ("", "UTC"), ("Mars/Base", "UTC"),
     ("/etc/passwd", "UTC")],
)  # fmt: skip
def test_a_zone_that_is_not_known_is_utc(zone: str | None, known: str) -> None:
    assert valid_zone(zone) == known
