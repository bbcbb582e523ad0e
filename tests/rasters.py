"""Small rasters for the tests, and a walk through a job's stages in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import rasterio
from rasterio import Affine
from sqlalchemy import Connection, Engine, text

from jobs.fathom.naming import Scenario
from jobs.fathom.sample_files import Portion, write_portion
from jobs.stages import Job, Stage, Task, with_entry
from jobs.storage import Storage
from pipelines.errors import MonitorError
from pipelines.parameters import check_parameters
from pipelines.registry import load_registry
from tests.catalog import JOB_TYPES

BASELINE = Scenario("fluvial", "defended", 2020, None)
FUTURE = Scenario("pluvial", "defended", 2050, "ssp585")
PIXELS = 20


@dataclass(frozen=True)
class Walked:
    """What a stage did: its tasks' results and, for those that failed, their errors."""

    results: list[dict[str, Any]]
    errors: list[str]
    tasks: list[dict[str, Any]]


def add_tile(
    storage: Storage,
    tile: str,
    *scenarios: Scenario,
    region: str = "rwa",
    pixels: int = PIXELS,
) -> None:
    """The eight source files of a tile for each scenario."""
    root = Path(storage.root) / "bronze-fathom"
    write_portion(root, pixels, False, Portion(region, tile, scenarios or (BASELINE,)))


def source_path(
    return_period: str, tile: str, scenario: Scenario = BASELINE, region: str = "rwa"
) -> str:
    """Path of a source file inside its container."""
    return f"{region}/{scenario.folder}/{scenario.file_name(return_period, tile)}"


def write_raster(file: Path, pixels: Any, **profile: Any) -> None:
    """A GeoTIFF of an array of (band, row, column); in EPSG:4326 unless told otherwise."""
    count, height, width = pixels.shape
    file.parent.mkdir(parents=True, exist_ok=True)
    place = {"crs": "EPSG:4326", "transform": Affine(0.1, 0, 29, 0, -0.1, -1)}
    layout = {"driver": "GTiff", "count": count, "height": height, "width": width}
    with rasterio.open(file, "w", dtype=pixels.dtype, **{**place, **layout, **profile}) as raster:
        raster.write(pixels)


def read_pixels(storage: Storage, container: str, path: str) -> Any:
    """A raster's pixels: (band, row, column)."""
    with storage.reading(container, path) as file, rasterio.open(file) as raster:
        return raster.read()


def parameters_of(job_type: str, **given: Any) -> dict[str, Any]:
    """A job's parameters as a submit makes them."""
    action = load_registry().action(job_type)
    assert action is not None
    return check_parameters(action, given)


def walk(engine: Engine, storage: Storage, job_type: str, **given: Any) -> dict[str, Walked]:
    """Runs a job's stages one after the other; what each did, by its name."""
    job = Job(uuid4().hex * 2, job_type, parameters_of(job_type, **given), 1, {})
    with engine.begin() as connection:
        values = {"job": job.job_id, "type": job_type, "given": json.dumps(job.parameters)}
        connection.execute(INSERT_JOB, values)
    walked: dict[str, Walked] = {}
    results: dict[str, Any] = {}
    for number, stage in enumerate(JOB_TYPES[job_type].stages, start=1):
        placed = Job(job.job_id, job_type, job.parameters, number, results)
        current = with_entry(placed, JOB_TYPES[job_type], load_registry())
        done = walk_stage(engine, storage, current, stage)
        walked[stage.name] = done
        results[str(number)] = {"result": done.results[0] if len(done.results) == 1 else None}
        if done.tasks and not done.results:
            break
    return walked


def walk_stage(engine: Engine, storage: Storage, job: Job, stage: Stage) -> Walked:
    """Runs the tasks of one stage."""
    walked = Walked([], [], [])
    with engine.begin() as connection:
        tasks = list(_tasks(connection, job, stage))
    for task in tasks:
        walked.tasks.append(task.parameters)
        try:
            with engine.begin() as connection:
                walked.results.append(_done(connection, job, stage, task, storage))
        except MonitorError as error:
            walked.errors.append(str(error))
    return walked


def _tasks(connection: Connection, job: Job, stage: Stage) -> Iterator[Task]:
    for index, parameters in enumerate(stage.plan(connection, job)):
        # As they come back from the database.
        stored = json.loads(json.dumps(parameters))
        yield Task(f"{job.job_id[:8]}-s{job.stage}-{index}", stage.task_type, stored)


def _done(
    connection: Connection, job: Job, stage: Stage, task: Task, storage: Storage
) -> dict[str, Any]:
    if stage.query is not None:
        result = stage.query(connection, job)
    else:
        assert stage.work is not None
        result = stage.work(task.parameters, storage)
    stored: dict[str, Any] = json.loads(json.dumps(result))
    stage.record(connection, job, task, stored)
    values = {
        "task": task.task_id,
        "job": job.job_id,
        "type": job.job_type,
        "task_type": task.task_type,
        "stage": job.stage,
        "result": json.dumps(stored),
    }
    connection.execute(INSERT_TASK, values)
    return stored


INSERT_JOB = text(
    """
    INSERT INTO app.jobs (job_id, job_type, parameters)
    VALUES (:job, :type, CAST(:given AS jsonb))
    """
)

INSERT_TASK = text(
    """
    INSERT INTO app.tasks (task_id, parent_job_id, job_type, task_type, stage, status, result_data)
    VALUES (:task, :job, :type, :task_type, :stage, 'completed', CAST(:result AS jsonb))
    """
)


def count_completed(engine: Engine, phase: int) -> int:
    """How many files are completed in a phase."""
    column = {1: "phase1_completed_at", 2: "phase2_completed_at"}[phase]
    with engine.begin() as connection:
        query = f"SELECT count({column}) FROM app.etl_source_files"
        return int(connection.exec_driver_sql(query).scalar_one())


def truncate(storage: Storage, container: str, path: str) -> None:
    """Cuts a file in half."""
    with storage.reading(container, path) as file:
        file.write_bytes(file.read_bytes()[: file.stat().st_size * 6 // 10])


def checkerboard(dtype: str, *shape: int) -> Any:
    """An array of zeros and ones."""
    return (np.indices(shape).sum(axis=0) % 2).astype(dtype)
