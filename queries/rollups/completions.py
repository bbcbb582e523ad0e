"""Completions over time from the rollups by minute."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection

from database.rollups.file_templates import names
from database.rollups.sql import Statements, literal_text, run
from pipelines.models import Pipeline
from queries.completions import COLUMNS, CompletionQuery
from queries.frames import frame


def rollup_completions(
    connection: Connection, pipeline: Pipeline, query: CompletionQuery
) -> pd.DataFrame:
    """Like queries.completions.completions; a span is whole minutes."""
    numbers = range(1, len(pipeline.phases) + 1)
    script = Statements(COMPLETIONS).substitute(
        names(pipeline.id),
        subject=literal_text(pipeline.id),
        phases=", ".join(f"({n}::smallint, at_{n}::timestamptz)" for n in numbers),
        since=str(query.since),
        width=str(query.width),
        wanted=_wanted(pipeline, query),
    )
    ids = [phase.id for phase in pipeline.phases]
    rows = [(ids[phase - 1], at, files) for phase, at, files in run(connection, script)]
    return frame(rows, COLUMNS)


def _wanted(pipeline: Pipeline, query: CompletionQuery) -> str:
    """The condition of cells with one of the stored values of every filtered grouping."""
    places = {field: place for place, field in enumerate(pipeline.dimensions, start=1)}
    conditions = ["true"]
    for field, values in query.stored:
        listed = ", ".join(literal_text(value) for value in values if value is not None)
        either = [f"cell[{places[field]}] = ANY (ARRAY[{listed}]::text[])"]
        if None in values:
            either.append(f"cell[{places[field]}] IS NULL")
        conditions.append(f"({' OR '.join(either)})")
    return " AND ".join(conditions)


COMPLETIONS = """
WITH win AS (SELECT to_timestamp(@since) AS since), completion AS (
    SELECT cell, phase, at, minutes.files
    FROM @minutes AS minutes JOIN @cells AS cells USING (cell_id) CROSS JOIN win
    WHERE at >= since
    UNION ALL
    SELECT cell, phase, at, files
    FROM @changes CROSS JOIN win CROSS JOIN LATERAL (VALUES @phases) AS done (phase, at)
    WHERE at >= since AND xid >= (SELECT low FROM monitor.rollups WHERE subject = @subject)
)
SELECT phase, date_bin(interval '@width seconds', at, since) AS span, sum(files)::bigint
FROM completion CROSS JOIN win WHERE @wanted
GROUP BY phase, span HAVING sum(files) <> 0 ORDER BY span, phase
"""
