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
    """A job could not be submitted; the message says why and what to do. Nothing was changed."""


class FilesRefused(MonitorError):
    """Files could not be registered; the message says which and why."""


@dataclass(frozen=True)
class Submission:
    """A submitted job; `created` is False if the same job already existed."""

    job_id: str
    created: bool
    status: str


class Destination(Protocol):
    """Where jobs are submitted to, after their parameters were checked."""

    def unavailable(self, job_type: str) -> str | None:
        """Why a job of this type can't be submitted now, or None."""

    def send(self, job_type: str, parameters: dict[str, Any]) -> Submission:
        """Submits a job, unless the same job exists. Raises SubmissionError."""

    def preview(self, job_type: str, parameters: dict[str, Any]) -> Preview:
        """What the job would do. Raises SubmissionError."""

    def rerun(self, job_id: str) -> Rerun:
        """Reruns an ended job. Raises NoSuchJob, RerunError or SubmissionError."""

    def run_from_start(self, job_id: str) -> Submission:
        """Makes a new attempt of an ended job. Raises NoSuchJob, RerunError or SubmissionError."""

    def cancel(self, job_id: str) -> Cancellation:
        """Cancels a job. Raises NoSuchJob, CancelError or SubmissionError."""

    def register_files(
        self, pipeline: Pipeline, container: str, files: Sequence[SourceFile]
    ) -> int:
        """Registers files. Returns the rows written. Raises FilesRefused or SubmissionError."""


class Submitter:
    """Checks parameters against the registry, then sends the job to its destination."""

    def __init__(self, registry: Registry, destination: Destination) -> None:
        self._registry = registry
        self._destination = destination

    def unavailable(self, job_type: str) -> str | None:
        """Why a job of this type can't be submitted now, or None."""
        return self._destination.unavailable(job_type)

    def submit(self, job_type: str, parameters: Mapping[str, Any]) -> Submission:
        """Submits a job. Raises ParameterErrors or SubmissionError, and then changes nothing."""
        return self._destination.send(job_type, self.checked(job_type, parameters))

    def checked(self, job_type: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters with their defaults. Raises ParameterErrors or SubmissionError."""
        return check_parameters(self._action(job_type), parameters)

    def preview(self, job_type: str, parameters: Mapping[str, Any]) -> Preview:
        """What submitting would do, without doing it. Raises ParameterErrors or SubmissionError."""
        return self._destination.preview(job_type, self.checked(job_type, parameters))

    def rerun(self, job_id: str) -> Rerun:
        """Reruns the failed and cancelled tasks of an ended job, and keeps the completed ones.

        Raises NoSuchJob, RerunError (says why) or SubmissionError, and then changes nothing.
        """
        return self._destination.rerun(job_id)

    def run_from_start(self, job_id: str) -> Submission:
        """Makes a new attempt of an ended job, which runs from the start.

        Raises NoSuchJob, RerunError (says why) or SubmissionError, and then changes nothing.
        """
        return self._destination.run_from_start(job_id)

    def cancel(self, job_id: str) -> Cancellation:
        """Cancels a queued or running job.

        Raises NoSuchJob, CancelError (says why) or SubmissionError, and then changes nothing.
        """
        return self._destination.cancel(job_id)

    def register_files(
        self, pipeline: Pipeline, container: str, files: Sequence[SourceFile]
    ) -> int:
        """Adds new files to a pipeline and updates known ones. Returns the rows written.

        Raises FilesRefused (says why) or SubmissionError, and then changes nothing.
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
    """Refuses every job, for a dashboard that has neither a runner nor a platform."""

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
        """A scope whose note says why nothing can be submitted."""
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
