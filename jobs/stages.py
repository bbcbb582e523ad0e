"""What a job type is: stages in order, each one query or one worker function for many tasks."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from jobs.storage import Storage
from pipelines.errors import MonitorError
from pipelines.models import Phase, Pipeline
from pipelines.registry import Registry

log = logging.getLogger(__name__)

# Nothing that a stage does takes so long unless it hangs.
LONGEST_TASK_SECONDS = 6 * 3600.0

Parameters = dict[str, Any]
Result = dict[str, Any]


class TaskError(MonitorError):
    """A task can't be done: the message says what, to which file or group, and what to do."""


def check_json(value: Any, what: str) -> None:
    """Raises TaskError for a value that PostgreSQL can't keep as JSON, NaN included."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise TaskError(f"{what} can't be written as JSON: {error}") from error


@dataclass(frozen=True)
class Job:
    """A job, as its row stands; `lease_token` names the claim that every write proves.

    stage counts from 1; stage_results holds, by stage number as text, what earlier stages left:
    `tasks`, `completed`, `failed`, and `result` where there was one task.
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
        """The pipeline that lists the job's type. Raises TaskError where none does."""
        pipeline, _ = self.entry
        if pipeline is None:
            raise TaskError(
                f"No pipeline lists job type '{self.job_type}'; "
                "add it to `job_types` of the pipeline's file"
            )
        return pipeline

    @property
    def phase(self) -> Phase:
        """The phase whose tasks this stage, or else the job type, has. Raises TaskError."""
        _, phase = self.entry
        if phase is None:
            raise TaskError(
                f"No phase of pipeline '{self.pipeline.id}' is done by job type "
                f"'{self.job_type}'; name its `task_type` in the phase of the pipeline's file"
            )
        return phase

    @property
    def last_result(self) -> Result:
        """The result of the stage before, which had one task; empty where it has none."""
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
    """For stages whose result is in the task row and nowhere else."""
    return None


@dataclass(frozen=True)
class Stage:
    """One stage: `plan` makes the tasks, `work` or `query` does one, `record` writes what it did.

    plan(connection, job) yields each task's parameters; it may stream from the database and must
    give the same tasks when asked again before any of them ran.
    work(parameters, storage) runs on a Dask worker, without the database; it has to be importable
    by name, harmless to repeat, and raises TaskError (or any error) for this task alone.
    query(connection, job) replaces `work` in stages that are one statement over the tables: the
    runner does it itself, inside the transaction that completes the task.
    record(connection, job, task, result) runs in the transaction that completes the task. What it
    returns is kept in the task's row instead of the result; with none, the result is.
    lock(job) names what no two tasks may write at once; the runner holds it for the whole stage.
    time_limit is how many seconds one task may take from when its worker began; past it the task
    fails, and its worker is started again where the task can't be stopped otherwise.
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
    """Turns an error in a stage's own function into a TaskError that says where it came from.

    What the database refuses stays as it is: whether to try again is for the runner to say.
    """
    try:
        yield
    except (TaskError, DBAPIError, PoolTimeoutError):
        raise
    except Exception as error:
        log.exception("%s of stage %s failed", part, stage.name)
        reason = f"{type(error).__name__}: {error}"
        raise TaskError(f"`{part}` of stage {stage.name} failed: {reason}") from error


@dataclass(frozen=True)
class Scope:
    """What a job would work on now: groups, and the files that it would complete.

    None where nobody can say before the job runs; `note` says why, or what else there is to know.
    """

    groups: int | None = None
    files: int | None = None
    note: str = ""


def unknown_scope(_connection: Connection, _job: Job) -> Scope:
    """The scope of a job type that can't say."""
    return Scope(note="What this job works on is known when it runs.")


@dataclass(frozen=True)
class JobType:
    """A job type that the runner can do.

    scope(connection, job) counts what the plans would make of the tables as they are, and changes
    nothing; the job is not in the tables yet. It raises TaskError where the job would fail for the
    same reason. time_limit is how many seconds a job may take from when it is first begun; none for
    as long as it needs.
    """

    name: str
    stages: tuple[Stage, ...]
    scope: Callable[[Connection, Job], Scope] = unknown_scope
    time_limit: float | None = None


def with_entry(job: Job, job_type: JobType, registry: Registry) -> Job:
    """The job with its pipeline and phase from the registry.

    The phase is the one whose tasks the job's stage has; else the first one that any stage of the
    job type has tasks of, or that names the job type.
    """
    pipeline = registry.of_job_type(job.job_type)
    if pipeline is None:
        return job
    stages = job_type.stages
    own = [stages[job.stage - 1]] if job.stage and 0 < job.stage <= len(stages) else []
    named = [pipeline.phase_of_task(stage.task_type) for stage in (*own, *stages)]
    named += [phase for phase in pipeline.phases if phase.job_type == job.job_type]
    return replace(job, entry=(pipeline, next((p for p in named if p is not None), None)))
