"""Submits jobs: into the database for this project's runner, or to the platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from jobs.cancel import Cancellation
from jobs.preview import Preview
from jobs.rerun import Rerun
from jobs.source_files import SourceFile
from jobs.stages import Scope
from pipelines.errors import MonitorError
from pipelines.models import Pipeline, SubmitAction
from pipelines.parameters import check_parameters
from pipelines.registry import Registry

NO_REGISTRATION = (
    "Files of this database are registered by its platform. To register them here, set RUNNER=on."
)


class SubmissionError(MonitorError):
    """A job could not be submitted: the message says why and what to do. Nothing was changed."""


class FilesRefused(MonitorError):
    """Files could not be registered as they are: the message says which and why."""


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

    def preview(self, job_type: str, parameters: dict[str, Any]) -> Preview:
        """What the job would do. Raises SubmissionError."""

    def rerun(self, job_id: str) -> Rerun:
        """Runs an ended job again. Raises RerunError or SubmissionError."""

    def run_from_start(self, job_id: str) -> Submission:
        """Makes a new attempt at an ended job. Raises RerunError or SubmissionError."""

    def cancel(self, job_id: str) -> Cancellation:
        """Cancels a job. Raises NoSuchJob, CancelError or SubmissionError."""

    def register_files(
        self, pipeline: Pipeline, container: str, files: Sequence[SourceFile]
    ) -> int:
        """Registers files; how many rows it wrote. Raises FilesRefused or SubmissionError."""


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
        action = self._action(job_type)
        return self._destination.send(job_type, check_parameters(action, parameters))

    def preview(self, job_type: str, parameters: Mapping[str, Any]) -> Preview:
        """What submitting would do; changes nothing. Raises ParameterErrors or SubmissionError."""
        action = self._action(job_type)
        return self._destination.preview(job_type, check_parameters(action, parameters))

    def rerun(self, job_id: str) -> Rerun:
        """Runs a job again that has something left to do: what failed or was cancelled, no more.

        Raises NoSuchJob, RerunError (why it can't be) or SubmissionError; then nothing has changed.
        """
        return self._destination.rerun(job_id)

    def run_from_start(self, job_id: str) -> Submission:
        """Makes a new attempt at an ended job, which begins with nothing done.

        Raises NoSuchJob, RerunError (why it can't be) or SubmissionError, having changed nothing.
        """
        return self._destination.run_from_start(job_id)

    def cancel(self, job_id: str) -> Cancellation:
        """Cancels a job that waits or is at work.

        Raises NoSuchJob, CancelError (why it can't be) or SubmissionError, having changed nothing.
        """
        return self._destination.cancel(job_id)

    def register_files(
        self, pipeline: Pipeline, container: str, files: Sequence[SourceFile]
    ) -> int:
        """Adds files to a pipeline and refreshes known ones; how many rows it wrote.

        Raises FilesRefused (why they can't be) or SubmissionError, having changed nothing.
        """
        return self._destination.register_files(pipeline, container, files)

    def _action(self, job_type: str) -> SubmitAction:
        action = self._registry.action(job_type)
        if action is None:
            raise SubmissionError(f"No pipeline has a submit action for job type '{job_type}'")
        if reason := self.unavailable(job_type):
            raise SubmissionError(reason)
        return action


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

    def preview(self, job_type: str, parameters: dict[str, Any]) -> Preview:
        """Nothing would happen."""
        return Preview(Scope(note=self.unavailable(job_type)))

    def rerun(self, job_id: str) -> Rerun:
        """Always refuses."""
        raise SubmissionError(self.unavailable(job_id))

    def run_from_start(self, job_id: str) -> Submission:
        """Always refuses."""
        raise SubmissionError(self.unavailable(job_id))

    def cancel(self, job_id: str) -> Cancellation:
        """Always refuses."""
        raise SubmissionError(self.unavailable(job_id))

    def register_files(
        self, pipeline: Pipeline, container: str, files: Sequence[SourceFile]
    ) -> int:
        """Always refuses."""
        raise SubmissionError(NO_REGISTRATION)
