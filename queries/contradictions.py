"""Where the tables contradict each other: listed with a count, never hidden."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
from sqlalchemy import Connection, Text, cast, func, select

from database.tables import JOBS, TASKS
from pipelines.models import Pipeline
from queries.frames import TEXT, WHOLE, frame

ENDED = ("completed", "failed", "completed_with_errors", "cancelled")


def contradictions(connection: Connection, pipeline: Pipeline, files: pd.DataFrame) -> pd.DataFrame:
    """One row a kind of contradiction that occurs: text (what contradicts what), count."""
    processing = _tasks(connection, pipeline, "processing", ENDED)
    failed = _tasks(connection, pipeline, "failed", ("completed",))
    return listed(pipeline, files, processing, failed)


def listed(pipeline: Pipeline, files: pd.DataFrame, processing: int, failed: int) -> pd.DataFrame:
    """The contradictions of the cube and of so many tasks, as `contradictions` gives them."""
    counts = {
        **_files_ahead(pipeline, files),
        "tasks are processing though their job has ended": processing,
        "tasks failed though their job says completed": failed,
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
