"""Attempts of a job: the same type and parameters, run again from the start."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, text

# How many ids one query looks up.
BATCH = 50


@dataclass(frozen=True)
class Attempt:
    """An existing attempt; `number` starts at 1."""

    job_id: str
    number: int
    status: str


def make_job_id(job_type: str, parameters: Mapping[str, Any], attempt: int = 1) -> str:
    """The id of a job: the same type and parameters always give the same id.

    Each later attempt has a different id, computed from the attempt's number as well.
    """
    identity = json.dumps({"job_type": job_type, **parameters}, sort_keys=True)
    again = "" if attempt == 1 else f"\n{attempt}"
    return sha256(f"{identity}{again}".encode()).hexdigest()


def newest_attempt(
    connection: Connection, job_type: str, parameters: Mapping[str, Any]
) -> Attempt | None:
    """The newest attempt of a job, or None."""
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
