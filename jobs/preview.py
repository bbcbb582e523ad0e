"""Previews what a job would do before it is submitted, without changing anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg2.errors import QueryCanceled
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError

from jobs.attempts import newest_attempt
from jobs.rerun import UNFINISHED, find_ended_job
from jobs.stages import Job, JobType, Parameters, Scope, TaskError, with_entry
from pipelines.registry import Registry


@dataclass(frozen=True)
class Existing:
    """The job with the same parameters; `again` says whether it can be rerun from here."""

    job_id: str
    status: str
    again: bool


@dataclass(frozen=True)
class Preview:
    """What a job would process, and the same job if it already exists."""

    scope: Scope
    existing: Existing | None = None


@contextmanager
def looking(engine: Engine, seconds: float) -> Iterator[Connection]:
    """A read-only transaction on one snapshot; each statement may take `seconds`."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        milliseconds = str(int(seconds * 1000))
        connection.execute(select(func.set_config("statement_timeout", milliseconds, True)))
        yield connection


def preview_job(
    engine: Engine,
    job_type: JobType,
    parameters: Parameters,
    registry: Registry,
    seconds: float,
) -> Preview:
    """What a job of this project's runner would do; each statement may take `seconds`.

    If counting takes longer, the scope has only a note. Raises sqlalchemy.exc.DBAPIError for other
    database errors.
    """
    existing = None
    job = with_entry(Job("", job_type.name, parameters, None, {}), job_type, registry)
    try:
        with looking(engine, seconds) as connection:
            existing = find_existing(connection, job_type.name, parameters, ours=True)
            return Preview(job_type.scope(connection, job), existing)
    except TaskError as error:
        return Preview(Scope(note=str(error)), existing)
    except DBAPIError as error:
        if not isinstance(error.orig, QueryCanceled):
            raise
        note = f"Counting was cancelled after {seconds:g} seconds; the job counts for itself."
        return Preview(Scope(note=note), existing)


def find_existing(
    connection: Connection, job_type: str, parameters: Parameters, *, ours: bool
) -> Existing | None:
    """The newest attempt of a job, or None. With `ours`, the platform's jobs can't be rerun."""
    newest = newest_attempt(connection, job_type, parameters)
    if newest is None:
        return None
    job = find_ended_job(connection, newest.job_id)
    again = job.status in UNFINISHED and (job.ours or not ours)
    return Existing(job.job_id, job.status, again)
