"""How many files each phase completed, over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sqlalchemy import (
    Connection,
    DateTime,
    Interval,
    Select,
    cast,
    func,
    literal,
    select,
    union_all,
)

from database.tables import source_files
from pipelines.models import Phase, Pipeline
from queries.cube import completed_at, stored_in
from queries.frames import TEXT, TIMESTAMP, WHOLE, read_frame
from queries.snapshot import Snapshot

DAY, MINUTE = 86_400, 60
# The widths of a bar in seconds: the first that gives no more than so many bars is taken.
WIDTHS = (10, 30, 60, 300, 600, 900)
MOST_BARS = 150
# Up to so many files are counted for a chart, which then may show less than minutes.
LARGEST_COUNTED = 200_000

COLUMNS = {"phase": TEXT, "at": TIMESTAMP, "files": WHOLE}


@dataclass(frozen=True)
class CompletionQuery:
    """Of which pipeline and files (stored values, see snapshot.stored_values), since when (seconds
    since 1970), how wide a bar is (seconds), and whether the rollups by minute have it."""

    pipeline_id: str
    stored: tuple[tuple[str, tuple[str | None, ...]], ...]
    since: int
    width: int
    rollup: bool = False


def completion_query(
    snapshot: Snapshot, stored: dict[str, tuple[str | None, ...]]
) -> CompletionQuery:
    """What to ask for the last 24 hours, or since the first completion if that is in the last."""
    now = snapshot.as_of.timestamp()
    since = now - DAY
    phases = [phase.id for phase in snapshot.pipeline.phases]
    counts = snapshot.files[[f"{id}_{count}" for id in phases for count in ("completed", "recent")]]
    total = counts.sum()
    if all(total[f"{id}_completed"] == total[f"{id}_recent"] for id in phases):
        firsts = snapshot.files[[f"{id}_first" for id in phases]].min().min()
        since = firsts if firsts == firsts else now
    rollup = snapshot.read_mode.rollups and int(snapshot.files["total"].sum()) > LARGEST_COUNTED
    widths = [width for width in WIDTHS if width >= MINUTE or not rollup]
    width = next((w for w in widths if (now - since) / w <= MOST_BARS), widths[-1])
    start = int(since // width * width)
    return CompletionQuery(snapshot.pipeline.id, tuple(stored.items()), start, width, rollup)


def completions(connection: Connection, pipeline: Pipeline, query: CompletionQuery) -> pd.DataFrame:
    """One row per phase and span of `query.width` seconds in which it completed files.

    Columns: phase (id), at (the span's start), files.
    """
    counted = [_of_phase(pipeline, phase, query) for phase in pipeline.phases]
    return read_frame(connection, union_all(*counted).order_by("at"), COLUMNS)


def _of_phase(pipeline: Pipeline, phase: Phase, query: CompletionQuery) -> Select[*tuple[Any, ...]]:
    files = source_files(pipeline)
    since = literal(datetime.fromtimestamp(query.since, UTC), DateTime(timezone=True))
    at = completed_at(files, phase)
    width = cast(f"{query.width} seconds", Interval)
    span = func.date_bin(width, at, since).label("at")
    return (
        select(literal(phase.id).label("phase"), span, func.count().label("files"))
        .where(
            files.c.etl_type == pipeline.etl_type,
            at >= since,
            *stored_in(pipeline, files, query.stored),
        )
        .group_by(span)
    )
