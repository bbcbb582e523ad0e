"""Groupings whose names are those of other parameters."""

from __future__ import annotations

from sqlalchemy import Engine

from api.narrowing import filter_names
from pipelines.models import Pipeline
from pipelines.registry import Registry
from tests.factories import add_files
from tests.serving import Api

FIELDS = ("state", "page", "region", "by.x", "x")


def awkward(fathom: Pipeline) -> Pipeline:
    """A pipeline with groupings that are called like parameters of the lists."""
    groupings = [{"field": field, "label": field} for field in FIELDS]
    described = fathom.model_dump(by_alias=True, exclude={"submit_actions"})
    return Pipeline.model_validate({**described, "groupings": groupings})


def test_every_grouping_has_a_name_of_its_own(fathom: Pipeline) -> None:
    names = filter_names(awkward(fathom))
    assert set(names.values()) == set(FIELDS)
    assert (names["by.state"], names["region"], names["by.region"]) == ("state", "region", "region")
    assert (names["by.x"], names["x"], names["by.by.x"]) == ("x", "x", "by.x")
    assert "state" not in names


def test_a_grouping_called_like_a_parameter_is_a_filter(engine: Engine, fathom: Pipeline) -> None:
    with engine.begin() as connection:
        add_files(connection, 3, metadata={"state": "ohio", "page": "1"}, group="a")
        add_files(connection, 2, metadata={"state": "iowa"}, group="b")
    api = Api(engine, Registry({"fathom": awkward(fathom)}))
    api.renew()
    asked = {"etl_type": "fathom", "phase": "phase1", "state": "pending", "by.state": "Ohio"}
    (group,) = api.json("/api/etl/groups", **asked, page=1)["groups"]
    assert (group["group"], group["values"]["state"]) == ("a", "ohio")
    assert (
        api.json("/api/etl/stats", etl_type="fathom", **{"by.page": "1"})["summary"]["total_files"]
        == 3
    )
    header = api.get("/api/etl/groups.csv", **{**asked, "by.state": "iowa"}).text.splitlines()[0]
    assert header.startswith("group,files,bytes,state,page,region,by.x,x,task_id")
