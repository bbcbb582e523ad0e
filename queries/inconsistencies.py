"""Data inconsistencies: where the tables contradict each other, listed with a count."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
from sqlalchemy import Connection, Text, cast, func, select

from database.tables import JOBS, TASKS
from pipelines.models import Pipeline
from queries.frames import TEXT, WHOLE, frame
from queries.work import task_seconds

ENDED = ("completed", "failed", "completed_with_errors", "cancelled")


def inconsistencies(
    connection: Connection, pipeline: Pipeline, files: pd.DataFrame
) -> pd.DataFrame:
    """One row per kind of inconsistency that occurs: text (what contradicts what), count."""
    processing = _tasks(connection, pipeline, "processing", ENDED)
    failed = _tasks(connection, pipeline, "failed", ("completed",))
    return listed(pipeline, files, processing, failed, _untimed(connection, pipeline))


def listed(
    pipeline: Pipeline, files: pd.DataFrame, processing: int, failed: int, untimed: int
) -> pd.DataFrame:
    """The inconsistencies of the cube and of so many tasks, as `inconsistencies` returns them."""
    counts = {
        **_files_ahead(pipeline, files),
        **_files_to_come(pipeline, files),
        "tasks are processing though their job has ended": processing,
        "tasks failed though their job says completed": failed,
        "tasks have no duration: they ended before they began, or at a time that can't be": untimed,
    }
    rows = [(text, count) for text, count in counts.items() if count]
    return frame(rows, {"text": TEXT, "count": WHOLE})


def _files_ahead(pipeline: Pipeline, files: pd.DataFrame) -> dict[str, int]:
    return {
        f"files are done in {phase.name} though not in {before.name}": int(
            files[f"{phase.id}_ahead"].sum()
        )
        for before, phase in pairwise(pipeline.phases)
    }


def _files_to_come(pipeline: Pipeline, files: pd.DataFrame) -> dict[str, int]:
    return {
        f"files are done in {phase.name} at a time to come": int(files[f"{phase.id}_future"].sum())
        for phase in pipeline.phases
    }


def _untimed(connection: Connection, pipeline: Pipeline) -> int:
    """Completed tasks of the phases that say when they began and ended, and have no duration."""
    types = [phase.task_type for phase in pipeline.phases if phase.has_tasks]
    query = select(func.count()).where(
        TASKS.c.task_type.in_(types),
        TASKS.c.status == "completed",
        TASKS.c.execution_started_at.isnot(None),
        TASKS.c.updated_at.isnot(None),
        task_seconds().is_(None),
    )
    return int(connection.execute(query).scalar_one())


def _tasks(
    connection: Connection, pipeline: Pipeline, task_status: str, job_statuses: tuple[str, ...]
) -> int:
    query = (
        select(func.count())
        .select_from(TASKS.join(JOBS, TASKS.c.parent_job_id == JOBS.c.job_id))
        .where(
            JOBS.c.job_type.in_(pipeline.job_types),
            TASKS.c.status == task_status,
            # Not every database knows all of them.
            cast(JOBS.c.status, Text).in_(job_statuses),
        )
    )
    return int(connection.execute(query).scalar_one())
