"""Submits jobs to the platform, which runs them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import requests
from sqlalchemy import Engine

from database.engine import DATABASE_FAILURES, public_message
from jobs.cancel import CancelError, Cancellation
from jobs.preview import Existing, Preview, find_existing, looking
from jobs.rerun import EndedJob, Rerun, RerunError, check_unfinished, find_ended_job
from jobs.runner_queue import PREVIEW_SECONDS
from jobs.source_files import SourceFile
from jobs.stages import Scope
from jobs.submission import NO_REGISTRATION, Submission, SubmissionError
from pipelines.models import Pipeline

log = logging.getLogger(__name__)

# How many characters of an error response to show.
LONGEST = 1000


class Refused(SubmissionError):
    """The platform refused: the message quotes its answer, `status` is its HTTP status."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"The platform refused the job ({status}): {words}")
        self.status = status


class Platform:
    """Posts jobs to the platform at `url`; `engine` connects to the platform's database.

    timeouts: seconds to wait for a connection, and for the answer.
    """

    def __init__(
        self, url: str, engine: Engine, timeouts: tuple[float, float] = (5.0, 30.0)
    ) -> None:
        self._url = url
        self._engine = engine
        self._timeouts = timeouts

    def unavailable(self, job_type: str) -> None:
        """None for all job types: the platform itself refuses what it can't run."""
        return

    def send(self, job_type: str, parameters: dict[str, Any]) -> Submission:
        """Posts the job. Raises Refused with the platform's own message."""
        before = self._existing(job_type, parameters)
        job_id, status = _read_response(self._post(job_type, parameters))
        existed = before is not None and before.job_id == job_id
        return Submission(job_id, not existed and status in ("queued", "created"), status)

    def preview(self, job_type: str, parameters: dict[str, Any]) -> Preview:
        """The same job if it exists; only the platform knows what a new one would do."""
        note = "The platform runs this job: what it will work on is not known here."
        return Preview(Scope(note=note), self._existing(job_type, parameters))

    def rerun(self, job_id: str) -> Rerun:
        """Posts the job's parameters again; the platform decides what happens."""
        job = self._find(job_id, "run again")
        check_unfinished(job)
        return Rerun(*_read_response(self._post(job.job_type, job.parameters)))

    def run_from_start(self, job_id: str) -> Submission:
        """Not supported by the platform's API. Raises NoSuchJob or RerunError."""
        self._find(job_id, "run again")
        raise RerunError(f"Job {job_id[:8]} is the platform's: only the platform can run it again")

    def register_files(
        self, pipeline: Pipeline, container: str, files: Sequence[SourceFile]
    ) -> int:
        """Always refuses: the platform registers files itself."""
        raise SubmissionError(NO_REGISTRATION)

    def cancel(self, job_id: str) -> Cancellation:
        """Not supported by the platform's API. Raises NoSuchJob or CancelError."""
        self._find(job_id, "cancelled")
        raise CancelError(f"Job {job_id[:8]} is the platform's: only the platform can cancel it")

    def _find(self, job_id: str, done: str) -> EndedJob:
        try:
            with looking(self._engine, PREVIEW_SECONDS) as connection:
                return find_ended_job(connection, job_id)
        except DATABASE_FAILURES as error:
            reason = f"The job was not {done}, the database refused: {public_message(error)}"
            raise SubmissionError(reason) from error

    def _existing(self, job_type: str, parameters: dict[str, Any]) -> Existing | None:
        # The platform answers the same for new and existing jobs; the tables tell them apart.
        with (
            suppress(*DATABASE_FAILURES),
            looking(self._engine, PREVIEW_SECONDS) as connection,
        ):
            return find_existing(connection, job_type, parameters, ours=False)
        return None

    def _post(self, job_type: str, parameters: dict[str, Any]) -> requests.Response:
        url = f"{self._url}/api/jobs/submit/{quote(job_type, safe='')}"
        try:
            # A redirect would turn the POST into a GET.
            return requests.post(
                url, json=parameters, timeout=self._timeouts, allow_redirects=False
            )
        except requests.RequestException as error:
            log.warning("The platform at %s %s", self._url, self._silence(error))
            raise SubmissionError(
                f"The platform {self._silence(error)}. "
                "Submitting again is safe: the same parameters are the same job."
            ) from error

    def _silence(self, error: requests.RequestException) -> str:
        if isinstance(error, requests.ReadTimeout):
            return f"did not answer within {self._timeouts[1]:g} seconds"
        return f"did not answer ({type(error).__name__})"


def _read_response(response: requests.Response) -> tuple[str, str]:
    """The job's id and status. Raises Refused, and SubmissionError if the answer has no job id."""
    try:
        body = response.json()
    except requests.JSONDecodeError:
        body = None
    body = body if isinstance(body, dict) else {}
    if response.is_redirect:
        words = f"it sends on to {response.headers['Location']}; set PLATFORM_URL to that place"
        raise Refused(response.status_code, words)
    if not response.ok:
        words = body.get("message") or body.get("error") or response.reason
        raise Refused(response.status_code, str(words)[:LONGEST])
    if not isinstance(body.get("job_id"), str):
        raise SubmissionError("The platform's answer has no job_id; see its log for the job")
    return body["job_id"], str(body.get("status", "queued"))
