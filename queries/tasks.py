"""The tasks of a job, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    DateTime,
    Select,
    Text,
    case,
    cast,
    func,
    or_,
    select,
)

from database.tables import TASKS
from queries.frames import REAL, TEXT, TIMESTAMP, WHOLE, WHOLE_OR_NONE
from queries.paging import FIRST, ListPage, Paging, contains, ordered, read_list_page
from queries.stages import peak_memory, progress_percent
from queries.work import task_seconds

# A job's tasks are found by an index: counting them all is cheap.
MOST_COUNTED = 1_000_000
FINISHED = ("completed", "failed", "cancelled")

COLUMNS = {
    "task_id": TEXT,
    "stage": WHOLE_OR_NONE,
    "task_index": TEXT,
    "task_type": TEXT,
    "status": TEXT,
    "seconds": REAL,
    "progress_percent": REAL,
    "progress_message": TEXT,
    "peak_memory_mb": REAL,
    "retry_count": WHOLE,
    "executed_by_app": TEXT,
    "error_details": TEXT,
    "started_at": TIMESTAMP,
    "updated_at": TIMESTAMP,
}

STATUS = func.coalesce(cast(TASKS.c.status, Text), "")
VALUES: dict[str, Any] = {
    "task_id": TASKS.c.task_id,
    "stage": TASKS.c.stage,
    "task_index": TASKS.c.task_index,
    "task_type": TASKS.c.task_type,
    "status": STATUS,
    "seconds": case((STATUS.in_(FINISHED), task_seconds())),
    "progress_percent": case((STATUS == "processing", progress_percent(TASKS))),
    "progress_message": case(
        (STATUS == "processing", TASKS.c.metadata["progress"]["message"].astext)
    ),
    "peak_memory_mb": peak_memory(TASKS),
    "retry_count": func.coalesce(TASKS.c.retry_count, 0),
    "executed_by_app": TASKS.c.executed_by_app,
    "error_details": TASKS.c.error_details,
    "started_at": cast(TASKS.c.execution_started_at, DateTime(timezone=True)),
    "updated_at": cast(TASKS.c.updated_at, DateTime(timezone=True)),
}


@dataclass(frozen=True)
class TaskQuery:
    """Which tasks: of a job, of some stages and statuses (none for all), with a text in their id,
    worker or error."""

    job_id: str
    stages: tuple[int, ...] = ()
    statuses: tuple[str, ...] = ()
    text: str = ""
    paging: Paging = FIRST


def tasks(connection: Connection, query: TaskQuery) -> ListPage:
    """A page of tasks, failed ones first, then those that are processing, then by stage.

    Columns: task_id, stage, task_index, task_type, status, seconds (of a finished task, NaN
    otherwise), progress_percent and progress_message (of a task at work that reports them),
    peak_memory_mb, retry_count, executed_by_app, error_details, started_at, updated_at. Raises
    ValueError for a sort that is none of them.
    """
    return read_list_page(
        connection, task_rows(query), COLUMNS, query.paging, MOST_COUNTED, query.text
    )


def task_rows(query: TaskQuery) -> Select[*tuple[Any, ...]]:
    """The statement of all the tasks that are asked for, in order."""
    urgency = case((STATUS == "failed", 0), (STATUS == "processing", 1), else_=2)
    own = (urgency, TASKS.c.stage, func.length(TASKS.c.task_id))
    found = select(*VALUES.values()).where(TASKS.c.parent_job_id == query.job_id)
    if query.stages:
        found = found.where(TASKS.c.stage.in_(query.stages))
    if query.statuses:
        found = found.where(STATUS.in_(query.statuses))
    if query.text:
        names = ("task_id", "executed_by_app", "error_details")
        found = found.where(or_(*(contains(VALUES[name], query.text) for name in names)))
    return found.order_by(*ordered(query.paging, VALUES, own, TASKS.c.task_id))
