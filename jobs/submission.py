"""Submits jobs: into the database for this project's runner, or to the platform."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import quote

import requests
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from database.engine import explain
from jobs.job_rows import EXECUTOR
from jobs.stages import JobType
from pipelines.parameters import check_parameters
from pipelines.registry import Registry


class SubmissionError(Exception):
    """A job could not be submitted: the message says why and what to do. Nothing was changed."""


@dataclass(frozen=True)
class Submission:
    """A submitted job: `created` is false when the same job existed already."""

    job_id: str
    created: bool
    status: str


class Destination(Protocol):
    """Where checked jobs go."""

    def unavailable(self, job_type: str) -> str | None:
        """Why a job of this type can't be submitted now, or none."""

    def send(self, job_type: str, parameters: dict[str, Any]) -> Submission:
        """Submits a job once. Raises SubmissionError."""


class Submitter:
    """Checks parameters against the registry, then sends the job to its destination."""

    def __init__(self, registry: Registry, destination: Destination) -> None:
        self._registry = registry
        self._destination = destination

    def unavailable(self, job_type: str) -> str | None:
        """Why a job of this type can't be submitted now, or none."""
        return self._destination.unavailable(job_type)

    def submit(self, job_type: str, parameters: Mapping[str, Any]) -> Submission:
        """Submits a job. Raises ParameterErrors or SubmissionError; then nothing has changed."""
        action = self._registry.action(job_type)
        if action is None:
            raise SubmissionError(f"No pipeline has a submit action for job type '{job_type}'")
        if reason := self.unavailable(job_type):
            raise SubmissionError(reason)
        return self._destination.send(job_type, check_parameters(action, parameters))


def make_job_id(job_type: str, parameters: Mapping[str, Any]) -> str:
    """The id of a job: the same type with the same parameters is the same job."""
    identity = json.dumps({"job_type": job_type, **parameters}, sort_keys=True)
    return sha256(identity.encode()).hexdigest()


class NoDestination:
    """There is nobody who would do the job."""

    def unavailable(self, job_type: str) -> str:
        """Why nothing can be submitted."""
        return (
            "Jobs of this database are run by its platform. To submit from here, set PLATFORM_URL "
            "(the platform runs them) or RUNNER=on (a runner of Pipeline Monitor does)."
        )

    def send(self, job_type: str, parameters: dict[str, Any]) -> Submission:
        """Always refuses."""
        raise SubmissionError(self.unavailable(job_type))


class RunnerQueue:
    """Jobs become rows of `app.jobs`, marked for this project's runner."""

    def __init__(self, engine: Engine, job_types: Mapping[str, JobType]) -> None:
        self._engine = engine
        self._job_types = job_types

    def unavailable(self, job_type: str) -> str | None:
        """Why the runner can't do jobs of this type, or none."""
        if job_type in self._job_types:
            return None
        return f"The runner does not know job type '{job_type}'; only the platform can run it."

    def send(self, job_type: str, parameters: dict[str, Any]) -> Submission:
        """Inserts the job, or finds the one that exists."""
        try:
            with self._engine.begin() as connection:
                return queue_job(connection, self._job_types[job_type], parameters)
        except DBAPIError as error:
            raise SubmissionError(
                f"The job was not submitted, the database refused it: {explain(error)}"
            ) from error


def queue_job(
    connection: Connection,
    job_type: JobType,
    parameters: dict[str, Any],
    *,
    after: str | None = None,
) -> Submission:
    """Inserts a job for the runner, once; `after` names a job that has to end first."""
    job_id = make_job_id(job_type.name, parameters)
    marks = {"executor": EXECUTOR, "submitted_by": "Pipeline Monitor"}
    row = {
        "job_id": job_id,
        "job_type": job_type.name,
        "parameters": json.dumps(parameters),
        "stages": len(job_type.stages),
        "metadata": json.dumps({**marks, "after": after} if after else marks),
    }
    created = connection.execute(INSERT_JOB, row).one_or_none()
    if created is not None:
        return Submission(job_id, created=True, status="queued")
    status = connection.execute(JOB_STATUS, {"job_id": job_id}).scalar_one()
    return Submission(job_id, created=False, status=status)


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
JOB_STATUS = text("SELECT CAST(status AS text) FROM app.jobs WHERE job_id = :job_id")


class Platform:
    """Jobs are posted to the platform, which runs them."""

    TIMEOUT = (5.0, 30.0)

    def __init__(self, url: str) -> None:
        self._url = url

    def unavailable(self, job_type: str) -> None:
        """The platform says for itself what it can't do."""
        return

    def send(self, job_type: str, parameters: dict[str, Any]) -> Submission:
        """Posts the job. A refusal is passed on in the platform's own words."""
        url = f"{self._url}/api/jobs/submit/{quote(job_type, safe='')}"
        try:
            answer = requests.post(url, json=parameters, timeout=self.TIMEOUT)
        except requests.RequestException as error:
            raise SubmissionError(
                f"The platform at {self._url} did not answer ({type(error).__name__}). "
                "Submitting again is safe: the same parameters are the same job."
            ) from error
        return _read_answer(answer)


def _read_answer(answer: requests.Response) -> Submission:
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        body = None
    body = body if isinstance(body, dict) else {}
    if not answer.ok:
        words = body.get("message") or body.get("error") or answer.reason
        raise SubmissionError(f"The platform refused the job ({answer.status_code}): {words}")
    if not isinstance(body.get("job_id"), str):
        raise SubmissionError("The platform's answer has no job_id; see its log for the job")
    status = str(body.get("status", "queued"))
    return Submission(body["job_id"], created=status in ("queued", "created"), status=status)
