"""Two pipelines may process the same files: both count them, and each has its own jobs."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from database.rollups.install import install, remove
from pipelines.models import Pipeline
from pipelines.registry import Registry, load_registry
from queries.snapshot import Snapshot
from tests.factories import CIV, RWA, add_files, add_job, add_task, read_now
from tests.serving import Api

BUILT_IN = load_registry()["fathom"]
FAST = Pipeline.model_validate(
    {
        **BUILT_IN.model_dump(by_alias=True),
        "id": "fathom_fast",
        "name": "FATHOM, the fast way",
        "job_types": ["stack_fast"],
        "phases": [
            {
                **BUILT_IN.phases[0].model_dump(by_alias=True),
                "job_type": "stack_fast",
                "task_type": "stack_fast_one",
            }
        ],
        "groupings": [BUILT_IN.groupings[0].model_dump(by_alias=True)],
        "submit_actions": [],
    }
)
BOTH = Registry({"fathom": BUILT_IN, "fathom_fast": FAST})


@pytest.fixture
def rows(engine: Engine) -> Engine:
    """Files of two regions, and a job of each pipeline with a task that failed or works."""
    with engine.begin() as connection:
        add_files(connection, 8, metadata=RWA, group="g1", phase1="20 minutes")
        add_files(connection, 8, metadata=RWA, group="g2")
        add_files(connection, 8, metadata=CIV, group="g3")
        add_task(connection, add_job(connection, "slow"), "g2", "failed", seconds=9)
        fast = add_job(connection, "fast", job_type="stack_fast")
        add_task(connection, fast, "g3", "processing", task_type="stack_fast_one")
    return engine


def states(snapshot: Snapshot) -> dict[str, int]:
    first = snapshot.work[snapshot.work["phase"] == "phase1"]
    return {name: int(first[name].sum()) for name in ("processing", "failed")}


@pytest.mark.parametrize("rollups", [False, True])
def test_both_count_the_same_files_and_each_its_own_work(rows: Engine, rollups: bool) -> None:
    (install(rows, BOTH, lambda _: None) if rollups else remove(rows))
    slow, fast = read_now(rows, BUILT_IN), read_now(rows, FAST)
    assert [int(one.files["total"].sum()) for one in (slow, fast)] == [24, 24]
    assert states(slow) == {"processing": 0, "failed": 8}
    assert states(fast) == {"processing": 8, "failed": 0}
    assert [list(one.jobs["job_id"]) for one in (slow, fast)] == [["slow"], ["fast"]]


@pytest.fixture
def api(rows: Engine) -> Api:
    api = Api(rows, BOTH)
    for name in BOTH:
        api.snapshots.renew(name)
    return api


@pytest.mark.parametrize(
    ("asked", "answers"),
    [
        ({"etl_type": "fathom"}, "fathom"),
        ({"pipeline": "fathom_fast"}, "fathom_fast"),
        ({"etl_type": "fathom", "pipeline": "fathom_fast"}, "fathom_fast"),
    ],
)
def test_the_api_says_which_of_them_answers(api: Api, asked: dict[str, Any], answers: str) -> None:
    stats = api.json("/api/etl/stats", **asked)
    assert (stats["pipeline"]["id"], stats["etl_type"]) == (answers, "fathom")
    groups = api.json("/api/etl/groups", **asked, phase="phase1", state="pending")
    assert groups["pipeline"] == answers


def test_a_pipeline_with_another_etl_type_is_told(api: Api) -> None:
    problem = api.refused("/api/etl/stats", 404, etl_type="other", pipeline="fathom_fast")
    assert "etl_type 'other' and id 'fathom_fast'" in problem["detail"]
    assert problem["detail"].endswith("one of: fathom, fathom (pipeline fathom_fast)")
