"""A value of a grouping that is the empty text is a value; what is missing is another thing."""

from __future__ import annotations

from dash import Dash
from sqlalchemy import Engine

from layouts.links import PIPELINE
from pipelines.registry import Registry
from queries.snapshots import Snapshots
from tests.factories import RWA, add_files
from tests.serving import Api
from tests.tab import Tab

EMPTY, MISSING = {**RWA, "region": ""}, {**RWA, "region": None}


def add_all(engine: Engine) -> None:
    with engine.begin() as connection:
        for number, metadata in ((5, RWA), (3, EMPTY), (2, MISSING)):
            add_files(connection, number, metadata=metadata, group=f"g{number}")


def test_the_empty_value_can_be_asked_for_everywhere(engine: Engine, registry: Registry) -> None:
    add_all(engine)
    api = Api(engine, registry)
    api.renew()
    totals = {
        region: api.json("/api/etl/stats", etl_type="fathom", region=region)["summary"]
        for region in ("", "not set", "rwa")
    }
    assert {name: one["total_files"] for name, one in totals.items()} == {
        "": 3,
        "not set": 2,
        "rwa": 5,
    }
    asked = {"etl_type": "fathom", "phase": "phase1", "state": "pending"}
    groups = api.json("/api/etl/groups", **asked, region="")
    assert [group["group"] for group in groups["groups"]] == ["g3"]
    assert "g3" in (file := api.get("/api/etl/groups.csv", **asked, region="").text)
    assert "g5" not in file
    assert api.json("/api/etl/stats", etl_type="fathom")["summary"]["total_files"] == 10


def test_a_page_can_be_narrowed_to_the_empty_value(
    dashboard: Dash, snapshots: Snapshots, engine: Engine
) -> None:
    add_all(engine)
    snapshots.renew("fathom")
    for region, total in (("", "3"), ("not set", "2")):
        tab = Tab(dashboard)
        tab.open(PIPELINE, f"?type=fathom&region={region}")
        assert tab.text("total") == total
    tab = Tab(dashboard)
    tab.open(PIPELINE, "?type=fathom&auto=60")
    assert tab.text("total") == "13"
