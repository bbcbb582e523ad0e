"""What pages read beside the snapshots; each answer is shared by all who look at the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import pandas as pd
from sqlalchemy import Connection, Engine

from queries.frames import reading
from queries.job_report import JobReport, read_report
from queries.task_points import task_points
from queries.watched import Watched

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True)
class Readings:
    """reports: by job id; points: the finished tasks of a job, by its id."""

    reports: Watched[str, JobReport]
    points: Watched[str, pd.DataFrame]


def open_readings(engine: Engine, timeout: float, interval: float) -> Readings:
    """Readings of a database, each at most `interval` seconds old; a statement may take `timeout`
    seconds."""

    def watched(read: Callable[[Connection, K], V | None]) -> Watched[K, V]:
        def take(key: K) -> V | None:
            with reading(engine, timeout) as connection:
                return read(connection, key)

        return Watched(take, interval)

    return Readings(watched(read_report), watched(task_points))
