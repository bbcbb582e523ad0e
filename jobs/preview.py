"""Says what a job would do before it is submitted, and changes nothing."""

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
    """The job with the same parameters; `again` when it can be run again from here."""

    job_id: str
    status: str
    again: bool


@dataclass(frozen=True)
class Preview:
    """What a job would work on, and the same job where it exists already."""

    scope: Scope
    existing: Existing | None = None


@contextmanager
def looking(engine: Engine, seconds: float) -> Iterator[Connection]:
    """A read-only transaction that sees one snapshot; each statement may take so many seconds."""
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
    """What a job of this project's runner would do; each statement may take so many seconds.

    Raises sqlalchemy.exc.DBAPIError when the database does not answer.
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
    """The newest attempt at a job, or none; with `ours` one of the platform's can't run again."""
    newest = newest_attempt(connection, job_type, parameters)
    if newest is None:
        return None
    job = find_ended_job(connection, newest.job_id)
    again = job.status in UNFINISHED and (job.ours or not ours)
    return Existing(job.job_id, job.status, again)
