"""A small job type for the tests of the runner: each task notes that it ran in a file."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, text

from jobs.stages import Job, JobType, Parameters, Result, Stage, TaskError
from jobs.storage import Storage
from pipelines.models import Pipeline
from pipelines.registry import Registry


def count_up(_connection: Connection, job: Job) -> Iterator[Parameters]:
    """As many tasks as the job's parameter `tasks` says."""
    for number in range(job.parameters["tasks"]):
        yield {"group": {"output_name": f"group-{number}"}, "number": number, **job.parameters}


def note(parameters: Parameters, storage: Storage) -> Result:
    """Notes the run; waits, fails (until mended) or kills its worker as the parameters say."""
    number = parameters["number"]
    if number >= parameters.get("held_from", number + 1):
        _wait_for(Path(storage.place("released")))
    folder = Path(storage.place("notes"))
    folder.mkdir(parents=True, exist_ok=True)
    time.sleep(parameters.get("seconds", 0))
    (folder / f"{number}-{uuid4().hex}").touch()
    if number in parameters.get("fail", []) and not Path(storage.place("mended")).exists():
        raise TaskError(f"number {number} is broken\0\udce9")
    if number in parameters.get("kill", []):
        os._exit(1)
    return {"number": number}


def _wait_for(file: Path) -> None:
    until = time.monotonic() + 120
    while not file.exists():
        if time.monotonic() > until:
            raise TaskError(f"{file.name} did not come")
        time.sleep(0.02)


def refuse(connection: Connection, job: Job) -> Iterator[Parameters]:
    """A plan that can't be made before a file is known."""
    if connection.scalar(text("SELECT COUNT(*) FROM app.etl_source_files")) == 0:
        raise TaskError("there is nothing to do in this region; run the inventory first")
    yield dict(job.parameters)


def counted(_connection: Connection, job: Job) -> Result:
    """A stage that is a query."""
    return {"stages_before": sorted(job.stage_results)}


TOY = JobType(
    "toy",
    (
        Stage("begin", "toy_begin", query=counted),
        Stage("note", "toy_note", plan=count_up, work=note),
        Stage("end", "toy_end", query=counted, lock=lambda job: "toy"),
    ),
)
REFUSED = JobType("refused", (Stage("begin", "refused_begin", plan=refuse, query=counted),))
JOB_TYPES = {"toy": TOY, "refused": REFUSED}

# Where the tasks of the toy's job name their group, and the columns of its phase.
TOY_PIPELINE = Pipeline.model_validate(
    {
        "id": "toys",
        "name": "Toys",
        "etl_type": "toys",
        "job_types": ["toy", "refused"],
        "phases": [
            {
                "id": "phase1",
                "name": "Note",
                "completed_field": "phase1_completed_at",
                "job_type": "toy",
                "task_type": "toy_note",
                "group_key": "phase1_group_key",
                "task_group": "group.output_name",
            }
        ],
    }
)
TOY_REGISTRY = Registry({"toys": TOY_PIPELINE})
