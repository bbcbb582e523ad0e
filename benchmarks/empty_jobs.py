"""A job type whose tasks do nothing: what is left is the cost of the runner itself."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from jobs.stages import Job, JobType, Parameters, Result, Stage
from jobs.storage import Storage


def numbered(_connection: Connection, job: Job) -> Iterator[Parameters]:
    """As many tasks as the job's parameter `tasks` says."""
    for number in range(job.parameters["tasks"]):
        yield {"number": number}


def nothing(parameters: Parameters, _storage: Storage) -> Result:
    """Does nothing, and says which task it was."""
    return {"number": parameters["number"]}


EMPTY = JobType("empty", (Stage("nothing", "empty_nothing", plan=numbered, work=nothing),))
JOB_TYPES = {EMPTY.name: EMPTY}
