"""The attempts at one job: the same type and parameters, done again from the start."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, text

# So many ids are asked for at once.
BATCH = 50


@dataclass(frozen=True)
class Attempt:
    """An attempt that exists; `number` counts from 1."""

    job_id: str
    number: int
    status: str


def make_job_id(job_type: str, parameters: Mapping[str, Any], attempt: int = 1) -> str:
    """The id of a job: the same type with the same parameters is the same job.

    A later attempt at it has an id of its own, which anybody comes to who makes the same attempt.
    """
    identity = json.dumps({"job_type": job_type, **parameters}, sort_keys=True)
    again = "" if attempt == 1 else f"\n{attempt}"
    return sha256(f"{identity}{again}".encode()).hexdigest()


def newest_attempt(
    connection: Connection, job_type: str, parameters: Mapping[str, Any]
) -> Attempt | None:
    """The last attempt at a job that there is, or none."""
    newest: Attempt | None = None
    first = 1
    while True:
        numbers = range(first, first + BATCH)
        ids = {make_job_id(job_type, parameters, number): number for number in numbers}
        found = connection.execute(FOUND, {"ids": list(ids)}).all()
        for job_id, status in found:
            if newest is None or ids[job_id] > newest.number:
                newest = Attempt(job_id, ids[job_id], status)
        if newest is None or newest.number < first + BATCH - 1:
            return newest
        first += BATCH


FOUND = text("SELECT job_id, CAST(status AS text) FROM app.jobs WHERE job_id = ANY (:ids)")
