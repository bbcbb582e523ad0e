"""Job types: stages in order, each with one query or one worker function for many tasks."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from database.engine import DATABASE_FAILURES
from database.storable import storable_json
from jobs.storage import Storage
from pipelines.errors import MonitorError
from pipelines.models import Phase, Pipeline
from pipelines.registry import Registry

log = logging.getLogger(__name__)

# A task that takes longer probably hangs.
LONGEST_TASK_SECONDS = 6 * 3600.0

Parameters = dict[str, Any]
Result = dict[str, Any]


class TaskError(MonitorError):
    """A task failed; the message says what happened, to which file or group, and what to do."""


def as_json(value: Any, what: str, *, exactly: bool = True) -> str:
    """A value as JSON. Raises TaskError if PostgreSQL can't store it, as with NaN.

    exactly: also raises TaskError for texts that `storable` would change.
    """
    try:
        written = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise TaskError(f"{what} can't be written as JSON: {error}") from error
    if exactly and storable_json(value) != written:
        raise TaskError(f"{what} can't be stored: it has NUL characters or text that is not UTF-8")
    return written


@dataclass(frozen=True)
class Job:
    """A job's row; `lease_token` identifies the runner's claim, and writes check it.

    stage: starts at 1. stage_results: results of earlier stages by stage number as text: `tasks`,
    `completed`, `failed`, and `result` if there was one task.
    """

    job_id: str
    job_type: str
    parameters: Parameters
    stage: int | None
    stage_results: Mapping[str, Any]
    lease_token: str = ""
    entry: tuple[Pipeline | None, Phase | None] = (None, None)

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline that lists the job's type. Raises TaskError if none does."""
        pipeline, _ = self.entry
        if pipeline is None:
            raise TaskError(
                f"No pipeline lists job type '{self.job_type}'; "
                "add it to `job_types` of the pipeline's file"
            )
        return pipeline

    @property
    def phase(self) -> Phase:
        """The phase of this stage's tasks, or else of the job type. Raises TaskError if none."""
        _, phase = self.entry
        if phase is None:
            raise TaskError(
                f"No phase of pipeline '{self.pipeline.id}' is done by job type "
                f"'{self.job_type}'; name its `task_type` in the phase of the pipeline's file"
            )
        return phase

    @property
    def last_result(self) -> Result:
        """The result of the previous stage's single task; empty if there is none."""
        before = self.stage_results.get(str((self.stage or 0) - 1)) or {}
        return before.get("result") or {}


@dataclass(frozen=True)
class Task:
    """One task of a stage."""

    task_id: str
    task_type: str
    parameters: Parameters


def one_task(_connection: Connection, job: Job) -> Iterator[Parameters]:
    """The plan of a stage with a single task: the job's own parameters."""
    yield dict(job.parameters)


def record_nothing(
    _connection: Connection, _job: Job, _task: Task, _result: Result
) -> Result | None:
    """For stages whose result is only stored in the task's row."""
    return None


@dataclass(frozen=True)
class Stage:
    """One stage: `plan` creates tasks, `work` or `query` runs one, `record` writes its result.

    plan(connection, job) yields each task's parameters. It may stream from the database, and must
    yield the same tasks if it is called again before any of them ran.
    work(parameters, storage) runs on a Dask worker, without the database. It must be importable by
    name and safe to repeat. Raising TaskError (or any error) fails only this task.
    query(connection, job) replaces `work` in stages that only query the tables: the runner calls it
    in the transaction that completes the task.
    record(connection, job, task, result) runs in the transaction that completes the task. The value
    it returns is stored in the task's row instead of the result; if None, the result is stored.
    lock(job) names what only one job may write at a time; the job has the lock for the whole stage.
    time_limit is the limit for one task in seconds, from its start on a worker. A task that exceeds
    it fails, and its worker is restarted if it is still running the task.
    """

    name: str
    task_type: str
    plan: Callable[[Connection, Job], Iterator[Parameters]] = one_task
    work: Callable[[Parameters, Storage], Result] | None = None
    query: Callable[[Connection, Job], Result] | None = None
    record: Callable[[Connection, Job, Task, Result], Result | None] = record_nothing
    lock: Callable[[Job], str] | None = None
    time_limit: float = LONGEST_TASK_SECONDS


@contextmanager
def errors_named(part: str, stage: Stage) -> Iterator[None]:
    """Turns an error in a stage's function into a TaskError that names the function.

    Database errors are not changed: the runner decides whether to try again.
    """
    try:
        yield
    except (TaskError, *DATABASE_FAILURES):
        raise
    except Exception as error:
        log.exception("%s of stage %s failed", part, stage.name)
        reason = f"{type(error).__name__}: {error}"
        raise TaskError(f"`{part}` of stage {stage.name} failed: {reason}") from error


@dataclass(frozen=True)
class Scope:
    """What a job would process now: the number of groups, and of files it would complete.

    None if unknown before the job runs; `note` says why, or adds information.
    """

    groups: int | None = None
    files: int | None = None
    note: str = ""


def unknown_scope(_connection: Connection, _job: Job) -> Scope:
    """The scope of a job type without a `scope` function."""
    return Scope(note="What this job works on is known when it runs.")


@dataclass(frozen=True)
class JobType:
    """A job type that the runner can run.

    scope(connection, job) counts what the job would process, given the current tables. It changes
    nothing, and the job has no row yet. It raises TaskError if the job would fail for the same
    reason. time_limit is the limit for a job in seconds, from its first start; None for no limit.
    """

    name: str
    stages: tuple[Stage, ...]
    scope: Callable[[Connection, Job], Scope] = unknown_scope
    time_limit: float | None = None


def with_entry(job: Job, job_type: JobType, registry: Registry) -> Job:
    """The job with its pipeline and phase from the registry.

    The phase is that of the current stage's tasks, else the first one found for any stage of the
    job type, else the first one that names the job type.
    """
    pipeline = registry.of_job_type(job.job_type)
    if pipeline is None:
        return job
    stages = job_type.stages
    own = [stages[job.stage - 1]] if job.stage and 0 < job.stage <= len(stages) else []
    named = [pipeline.phase_of_task(stage.task_type) for stage in (*own, *stages)]
    named += [phase for phase in pipeline.phases if phase.job_type == job.job_type]
    return replace(job, entry=(pipeline, next((p for p in named if p is not None), None)))
