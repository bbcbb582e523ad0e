"""A pipeline's numbers over HTTP, and the list of pipelines."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from pipelines.registry import Registry
from queries.phases import phases
from tests.door import Door
from tests.factories import CIV, RWA, add_files
from tests.serving import Api

STATS = "/api/etl/stats"


@pytest.fixture
def api(engine: Engine, registry: Registry) -> Api:
    """The API over files of two regions and of none."""
    with engine.begin() as connection:
        add_files(connection, 5, metadata=RWA, phase1="20 minutes")
        add_files(connection, 3, metadata={**CIV, "year": 2030})
        add_files(connection, 2, metadata=None)
    api = Api(engine, registry)
    api.renew()
    return api


@pytest.mark.parametrize(
    ("filters", "total"),
    [
        ({}, 10),
        ({"region": "rwa"}, 5),
        ({"region": ["RWA", "civ"]}, 8),
        ({"region": ["rwa", "civ"], "year": "2030"}, 3),
        ({"region": "not set"}, 2),
        ({"by.year": "2020"}, 5),
        ({"year": "2020", "by.year": "2030"}, 8),
        ({"region": "nowhere"}, 0),
        ({"region": ""}, 0),
    ],
)
def test_any_grouping_is_a_filter_and_repeated_values_mean_or(
    api: Api, filters: dict[str, Any], total: int
) -> None:
    body = api.json(STATS, etl_type="fathom", **filters)
    assert body["summary"]["total_files"] == total
    assert sum(row["total"] for row in body["by_grouping"]["defense"].values()) == total


def test_the_time_that_is_left_is_that_of_the_page(api: Api) -> None:
    snapshot = api.snapshots.latest("fathom").value
    assert snapshot is not None
    hours = phases(snapshot).set_index("phase").loc["phase1", "eta_hours"]
    answered = api.json(STATS, etl_type="fathom")["phases"]["phase1"]["eta_hours"]
    assert answered == round(hours, 1) > 0


def test_pending_is_what_is_not_completed_and_eligible_what_could_start(api: Api) -> None:
    found = api.json(STATS, etl_type="fathom")["phases"]
    counts = {
        name: [phase[count] for count in ("completed", "pending", "eligible")]
        for name, phase in found.items()
    }
    assert counts == {"phase1": [5, 5, 5], "phase2": [0, 10, 5]}


def test_an_unknown_grouping_is_told(api: Api) -> None:
    message = api.refused(STATS, 400, etl_type="fathom", colour="red")
    assert (message["parameter"], "region, flood_type" in message["expected"]) == ("colour", True)
    assert "'colour' is no grouping of FATHOM Flood Data" in message["detail"]


def test_the_last_numbers_stay_when_the_database_goes(api: Api, door: Door) -> None:
    assert api.json(STATS, etl_type="fathom")["error"] is None
    door.close()
    api.renew()
    body = api.json(STATS, etl_type="fathom")
    assert body["summary"]["total_files"] == 10
    assert "not currently accepting connections" in body["error"]


def test_the_pipelines_are_listed_with_the_totals_of_their_statistics(api: Api) -> None:
    fathom, raster = api.json("/api/etl/pipelines")["pipelines"]
    stats = api.json(STATS, etl_type="fathom")
    assert (fathom["id"], fathom["etl_type"], fathom["name"]) == (
        "fathom",
        "fathom",
        stats["pipeline"]["name"],
    )
    assert (fathom["summary"], fathom["timestamp"]) == (stats["summary"], stats["timestamp"])
    assert [phase["id"] for phase in fathom["phases"]] == ["phase1", "phase2"]
    assert (raster["summary"], raster["timestamp"], raster["groupings"]) == (None, None, [])
    assert "process_raster_v2" in raster["job_types"]


def test_a_pipeline_that_can_not_be_read_says_why(api: Api, door: Door) -> None:
    door.close()
    api.renew()
    fathom, _ = api.json("/api/etl/pipelines")["pipelines"]
    assert fathom["summary"]["total_files"] == 10
    assert "not currently accepting connections" in fathom["error"]
