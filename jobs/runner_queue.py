"""Queues jobs for this project's runner, as rows of `app.jobs`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import BoundedSemaphore
from typing import Any

from sqlalchemy import Connection, Engine, text

from database.engine import DATABASE_FAILURES, public_message
from jobs.attempts import make_job_id, newest_attempt
from jobs.cancel import ACTIVE, Cancellation, cancel_job
from jobs.job_rows import EXECUTOR
from jobs.places import check_places, earlier_sources
from jobs.preview import Preview, looking, preview_job
from jobs.rerun import EndedJob, Rerun, RerunError, check_ours, find_ended_job, rerun_job
from jobs.source_files import SourceFile, register
from jobs.stages import Job, JobType, Scope, TaskError
from jobs.storage import Storage
from jobs.submission import FilesRefused, Submission, SubmissionError
from pipelines.models import Pipeline
from pipelines.parameters import ParameterErrors
from pipelines.registry import Registry

# A user is waiting for the preview; the job itself may count for longer.
PREVIEW_SECONDS = 8.0
# The maximum number of server threads that count at once; the others serve pages.
PREVIEWS_AT_ONCE = 4


class RunnerQueue:
    """Inserts jobs into `app.jobs`, marked for this project's runner."""

    def __init__(
        self,
        engine: Engine,
        job_types: Mapping[str, JobType],
        registry: Registry,
        storage: Storage,
    ) -> None:
        self._engine = engine
        self._storage = storage
        self._job_types = job_types
        self._registry = registry
        self._counting = BoundedSemaphore(PREVIEWS_AT_ONCE)

    def unavailable(self, job_type: str) -> str | None:
        """Why the runner can't run jobs of this type, or None."""
        if job_type in self._job_types:
            return None
        return f"The runner does not know job type '{job_type}'; only the platform can run it."

    def send(self, job_type: str, parameters: dict[str, Any]) -> Submission:
        """Inserts the job, or finds the existing one. Raises ParameterErrors for its places."""
        with _submission_errors("The job was not submitted"), self._engine.begin() as connection:
            self._check_places(connection, job_type, parameters)
            return queue_job(connection, self._job_types[job_type], parameters)

    def preview(self, job_type: str, parameters: dict[str, Any]) -> Preview:
        """Counts what the job would process, given the current tables. Raises ParameterErrors."""
        kind = self._job_types[job_type]
        free = self._counting.acquire(blocking=False)
        kind = kind if free else replace(kind, scope=_busy)
        try:
            with _submission_errors("What the job would do can't be said"):
                with looking(self._engine, PREVIEW_SECONDS) as connection:
                    self._check_places(connection, job_type, parameters)
                return preview_job(self._engine, kind, parameters, self._registry, PREVIEW_SECONDS)
        finally:
            if free:
                self._counting.release()

    def rerun(self, job_id: str) -> Rerun:
        """Queues the job again, to rerun its failed tasks."""
        with _submission_errors("The job was not run again"), self._engine.begin() as connection:
            self._check(connection, find_ended_job(connection, job_id))
            return rerun_job(connection, job_id)

    def run_from_start(self, job_id: str) -> Submission:
        """Queues a new attempt of the job."""
        with _submission_errors("The job was not run again"), self._engine.begin() as connection:
            job = find_ended_job(connection, job_id, lock=True)
            check_ours(job)
            self._check(connection, job)
            return queue_attempt(connection, self._job_types[job.job_type], job)

    def _check(self, connection: Connection, job: EndedJob) -> None:
        if not job.ours:
            return
        if reason := self.unavailable(job.job_type):
            raise RerunError(reason)
        try:
            self._check_places(connection, job.job_type, job.parameters)
        except ParameterErrors as error:
            raise RerunError(f"Job {job.job_id[:8]} can't be run again: {error}") from error

    def _check_places(
        self, connection: Connection, job_type: str, parameters: dict[str, Any]
    ) -> None:
        if pipeline := self._registry.of_job_type(job_type):
            earlier = earlier_sources(connection, pipeline, job_type)
            check_places(pipeline, job_type, parameters, self._storage, earlier)

    def cancel(self, job_id: str) -> Cancellation:
        """Cancels the job, whichever runner is running it."""
        with _submission_errors("The job was not cancelled"), self._engine.begin() as connection:
            return cancel_job(connection, job_id)

    def register_files(
        self, pipeline: Pipeline, container: str, files: Sequence[SourceFile]
    ) -> int:
        """Registers all files or none."""
        try:
            with _submission_errors("Nothing was registered"), self._engine.begin() as connection:
                return register(connection, pipeline, container, files)
        except TaskError as error:
            raise FilesRefused(f"Nothing was registered: {error}") from error


def _busy(_connection: Connection, _job: Job) -> Scope:
    return Scope(note="The server is counting for other forms now; change a field to ask again.")


@contextmanager
def _submission_errors(what: str) -> Iterator[None]:
    """Turns database errors into a SubmissionError whose message starts with `what`."""
    try:
        yield
    except DATABASE_FAILURES as error:
        raise SubmissionError(f"{what}, the database refused: {public_message(error)}") from error


def queue_job(
    connection: Connection,
    job_type: JobType,
    parameters: dict[str, Any],
    *,
    depends_on: str | None = None,
) -> Submission:
    """Inserts a job for the runner; `depends_on` is the id of a job that has to end first.

    If the job exists, returns its newest attempt.
    """
    while (newest := newest_attempt(connection, job_type.name, parameters)) is None:
        marks = {"depends_on": depends_on} if depends_on else {}
        if created := _insert_job(connection, job_type, parameters, marks, 1):
            return created
    return Submission(newest.job_id, created=False, status=newest.status)


def queue_attempt(connection: Connection, job_type: JobType, job: EndedJob) -> Submission:
    """Inserts a new attempt of an ended job, which runs from the start. The job's row is kept.

    If the newest attempt is queued or running, returns that one. The job's row must be locked.
    Raises RerunError if the job has not ended, or its id does not follow from its type and
    parameters.
    """
    if job.status in ACTIVE:
        raise RerunError(
            f"Job {job.job_id[:8]} is {job.status}; only a job that has ended is run from the start"
        )
    while True:
        newest = newest_attempt(connection, job.job_type, job.parameters)
        if newest is None:
            raise RerunError(
                f"Job {job.job_id[:8]} was not created from its type and parameters; "
                "submit its parameters as a new job"
            )
        if newest.status in ACTIVE:
            return Submission(newest.job_id, created=False, status=newest.status)
        number = newest.number + 1
        marks = {"attempt": number, "previous_job_id": newest.job_id}
        if created := _insert_job(connection, job_type, job.parameters, marks, number):
            return created


def _insert_job(
    connection: Connection,
    job_type: JobType,
    parameters: dict[str, Any],
    marks: dict[str, Any],
    attempt: int,
) -> Submission | None:
    """The new job, or None if the same job has just been inserted elsewhere."""
    row = {
        "job_id": make_job_id(job_type.name, parameters, attempt),
        "job_type": job_type.name,
        "parameters": json.dumps(parameters),
        "stages": len(job_type.stages),
        "metadata": json.dumps({"executor": EXECUTOR, "submitted_by": "Pipeline Monitor", **marks}),
    }
    created = connection.execute(INSERT_JOB, row).one_or_none()
    return None if created is None else Submission(created[0], created=True, status="queued")


INSERT_JOB = text(
    """
    INSERT INTO app.jobs (job_id, job_type, parameters, status, stage, total_stages, stage_results,
                          metadata, created_at, updated_at)
    VALUES (:job_id, :job_type, CAST(:parameters AS jsonb), 'queued', 1, :stages, '{}',
            CAST(:metadata AS jsonb), NOW(), NOW())
    ON CONFLICT (job_id) DO NOTHING
    RETURNING job_id
    """
)
