"""What pages read beside the snapshots; each result is shared by all viewers of the same page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import pandas as pd
from sqlalchemy import Connection, Engine

from pipelines.registry import Registry
from queries.cache import QueryCache
from queries.completions import CompletionQuery, completions
from queries.frames import read_transaction
from queries.group_list import GroupQuery, groups
from queries.job_list import JobQuery, find_job_ids, job_facets, jobs
from queries.job_report import JobReport, read_report
from queries.observed import UNOBSERVED, Observer
from queries.paging import ListPage
from queries.rollups.completions import rollup_completions
from queries.task_points import task_points
from queries.tasks import TaskQuery, tasks

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True)
class CachedQueries:
    """A cache for each kind of query.

    found: the ids of the jobs that begin with a text; reports, points: a job and its finished
    tasks, by its id; tasks, jobs, groups: a page of a list; facets: the job types and statuses
    that occur; completions: of a pipeline over time.
    """

    found: QueryCache[str, tuple[str, ...]]
    reports: QueryCache[str, JobReport]
    points: QueryCache[str, pd.DataFrame]
    tasks: QueryCache[TaskQuery, ListPage]
    jobs: QueryCache[JobQuery, ListPage]
    facets: QueryCache[None, dict[str, dict[str, int]]]
    groups: QueryCache[GroupQuery, ListPage]
    completions: QueryCache[CompletionQuery, pd.DataFrame]


def open_cached_queries(
    engine: Engine,
    registry: Registry,
    timeout: float,
    interval: float,
    observer: Observer = UNOBSERVED,
) -> CachedQueries:
    """Queries of a database, their results at most `interval` seconds old; a statement may take
    `timeout` seconds."""

    def cached(name: str, read: Callable[[Connection, K], V | None]) -> QueryCache[K, V]:
        asking = engine.execution_options(query=name)

        def take(key: K) -> V | None:
            with read_transaction(asking, timeout) as connection:
                return read(connection, key)

        return QueryCache(take, interval, name, observer)

    def read_groups(connection: Connection, query: GroupQuery) -> ListPage:
        return groups(connection, registry[query.pipeline_id], query)

    def read_completions(connection: Connection, query: CompletionQuery) -> pd.DataFrame:
        read = rollup_completions if query.rollup else completions
        return read(connection, registry[query.pipeline_id], query)

    return CachedQueries(
        cached("found", find_job_ids),
        cached("reports", read_report),
        cached("points", task_points),
        cached("tasks", tasks),
        cached("jobs", jobs),
        cached("facets", lambda connection, _: job_facets(connection)),
        cached("groups", read_groups),
        cached("completions", read_completions),
    )
