"""Everything that one refresh of a pipeline's page shows, from one transaction."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, Engine

from pipelines.models import Pipeline
from queries.cube import cube, dimension, meant, missing_labels, name_missing, narrow
from queries.frames import read_transaction, timestamp
from queries.inconsistencies import inconsistencies
from queries.jobs import active_jobs, narrow_jobs
from queries.work import work


@dataclass(frozen=True)
class ReadMode:
    """How a snapshot was read, and in how many seconds.

    rollups: whether it was read from rollups; else all was counted, and `reason` says why.
    """

    rollups: bool
    reason: str
    seconds: float


@dataclass(frozen=True)
class Snapshot:
    """A pipeline's frames of one transaction.

    files: the cube (queries/cube.py); work: facts from tasks (queries/work.py); jobs: active jobs
    (queries/jobs.py); inconsistencies: text, count. as_of: the database's clock, with its offset.
    missing: for each grouping what files without a value of it are called.
    """

    pipeline: Pipeline
    as_of: datetime
    files: pd.DataFrame
    work: pd.DataFrame
    jobs: pd.DataFrame
    inconsistencies: pd.DataFrame
    missing: Mapping[str, str]
    read_mode: ReadMode = ReadMode(rollups=False, reason="", seconds=0.0)

    def narrowed(self, filters: Mapping[str, Sequence[str]]) -> Snapshot:
        """The snapshot of the files with one of the wanted values in each filtered grouping.

        A job that does not say what it is limited to stays. Contradictions are the pipeline's.
        """
        return replace(
            self,
            files=narrow(self.files, filters),
            work=narrow(self.work, filters),
            jobs=narrow_jobs(self.jobs, filters),
        )


def stored_values(
    snapshot: Snapshot, filters: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str | None, ...]]:
    """What the tables hold for the wanted values of each filtered grouping: None for no value."""
    return {
        field: tuple(
            None if value == snapshot.missing[field] else value
            for value in sorted(meant(snapshot.files[dimension(field)], wanted))
        )
        for field, wanted in filters.items()
        if wanted
    }


def read_snapshot(engine: Engine, pipeline: Pipeline, timeout: float, reason: str = "") -> Snapshot:
    """Counts a pipeline's snapshot; `reason` says why it was not read from rollups.

    Raises sqlalchemy.exc.DBAPIError when the database can't.
    """
    with read_transaction(engine, timeout) as connection:
        return count_snapshot(connection, pipeline, reason)


def count_snapshot(connection: Connection, pipeline: Pipeline, reason: str = "") -> Snapshot:
    """The snapshot of a transaction: as_of and every count are as of that transaction."""
    began = time.monotonic()
    as_of = timestamp(connection)
    files = cube(connection, pipeline)
    facts = work(connection, pipeline)
    jobs = active_jobs(connection, pipeline)
    odd = inconsistencies(connection, pipeline, files)
    labels = missing_labels(files, pipeline)
    files, facts = name_missing(files, labels), name_missing(facts, labels)
    read_mode = ReadMode(rollups=False, reason=reason, seconds=time.monotonic() - began)
    return Snapshot(pipeline, as_of, files, facts, jobs, odd, labels, read_mode)
