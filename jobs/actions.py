"""The one door for everything that a person changes: it checks who may, and records it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from access.actor import Actor
from access.audit import Audit, Entry
from jobs.cancel import Cancellation
from jobs.rerun import Rerun
from jobs.source_files import SourceFile
from jobs.submission import Destination, Submission, Submitter
from pipelines.models import Pipeline
from pipelines.registry import Registry


class ActorSubmitter(Submitter):
    """A Submitter for one actor, whose changes are recorded.

    What changes something raises NotAllowed for who may only look, and NotRecorded if it can't be
    recorded; then nothing is changed.
    """

    def __init__(
        self, registry: Registry, destination: Destination, audit: Audit, actor: Actor
    ) -> None:
        super().__init__(registry, destination)
        self._audit = audit
        self._actor = actor

    def unavailable(self, job_type: str) -> str | None:
        """Why this actor can't submit a job of this type now, or None."""
        return self._actor.refusal or super().unavailable(job_type)

    def submit(self, job_type: str, parameters: Mapping[str, Any]) -> Submission:
        """Submits a job."""
        self._actor.check()
        # A form with mistakes changes nothing, and is not recorded.
        checked = self.checked(job_type, parameters)
        details = {"job_type": job_type, "parameters": checked}
        with self._recorded(Entry("submit", details=details)) as entry:
            return _noted(entry, self._destination.send(job_type, checked))

    def rerun(self, job_id: str) -> Rerun:
        """Reruns what failed or was cancelled of an ended job."""
        with self._recorded(Entry("run again", job_id)):
            return super().rerun(job_id)

    def run_from_start(self, job_id: str) -> Submission:
        """Makes a new attempt of an ended job."""
        with self._recorded(Entry("run from the start", details={"of": job_id})) as entry:
            return _noted(entry, super().run_from_start(job_id))

    def cancel(self, job_id: str) -> Cancellation:
        """Cancels a queued or running job."""
        with self._recorded(Entry("cancel", job_id)):
            return super().cancel(job_id)

    def register_files(
        self, pipeline: Pipeline, container: str, files: Sequence[SourceFile]
    ) -> int:
        """Adds new files to a pipeline and updates known ones."""
        details = {"pipeline": pipeline.id, "container": container, "files": len(files)}
        with self._recorded(Entry("register files", details=details)) as entry:
            written = super().register_files(pipeline, container, files)
            entry.result = f"{written} rows written"
            return written

    @contextmanager
    def _recorded(self, entry: Entry) -> Iterator[Entry]:
        self._actor.check()
        with self._audit.record(self._actor, entry):
            yield entry


def _noted(entry: Entry, submission: Submission) -> Submission:
    """Notes which job a submission made or found."""
    entry.job_id = submission.job_id
    entry.result = "submitted" if submission.created else f"exists ({submission.status})"
    return submission


class Actions:
    """What can be changed, for whoever asks."""

    def __init__(self, registry: Registry, destination: Destination, audit: Audit) -> None:
        self._registry = registry
        self._destination = destination
        self._audit = audit

    def by(self, actor: Actor) -> ActorSubmitter:
        """What an actor can change."""
        return ActorSubmitter(self._registry, self._destination, self._audit, actor)
