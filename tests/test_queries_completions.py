"""How many files each phase completed, over time."""

from __future__ import annotations

import pandas as pd
import pytest
from sqlalchemy import Engine

from pipelines.models import Pipeline
from queries.completions import MOST_BARS, WIDTHS, completion_query, completions
from queries.frames import reading
from queries.snapshot import stored_values
from tests.factories import CIV, RWA, add_files, look


def ask(engine: Engine, pipeline: Pipeline, **filters: list[str]) -> pd.DataFrame:
    snapshot = look(engine, pipeline)
    query = completion_query(snapshot.narrowed(filters), stored_values(snapshot, filters))
    with reading(engine, 10) as connection:
        return completions(connection, pipeline, query)


def test_completions_are_counted_by_phase_and_span(tables: Engine, fathom: Pipeline) -> None:
    with tables.begin() as connection:
        add_files(connection, 3, metadata=RWA, phase1="2 hours", phase2="1 hour")
        add_files(connection, 4, metadata=CIV, phase1="2 hours")
        add_files(connection, 2, metadata=RWA, phase1="30 hours")
        add_files(connection, 5, metadata=RWA)
    found = ask(tables, fathom)
    assert dict(found.groupby("phase")["files"].sum()) == {"phase1": 7, "phase2": 3}
    first = found["at"].iloc[0]
    assert abs((pd.Timestamp.now("UTC") - first).total_seconds() - 7200) < 900 + 60
    assert list(ask(tables, fathom, region=["civ"])["files"]) == [4]


@pytest.mark.parametrize("ago", ["40 seconds", "20 minutes", "3 hours", "23 hours", "9 days"])
def test_a_chart_never_has_too_many_bars(engine: Engine, fathom: Pipeline, ago: str) -> None:
    with engine.begin() as connection:
        add_files(connection, 1, metadata=RWA, phase1=ago)
    query = completion_query(look(engine, fathom), {})
    span = look(engine, fathom).as_of.timestamp() - query.since
    assert query.width in WIDTHS
    assert span / query.width <= MOST_BARS + 1
    assert span <= 86_400 + query.width


def test_nothing_completed_is_nothing_to_draw(engine: Engine, fathom: Pipeline) -> None:
    with engine.begin() as connection:
        add_files(connection, 1, metadata=RWA)
    assert ask(engine, fathom).empty
