"""How many files each phase completed, over time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pytest
from sqlalchemy import Engine, text

from database.rollups.compaction import compact
from pipelines.models import Pipeline
from queries.completions import (
    MOST_BARS,
    WIDTHS,
    CompletionQuery,
    completion_query,
    completions,
)
from queries.frames import read_transaction
from queries.rollups.completions import rollup_completions
from queries.snapshot import stored_values
from tests.factories import CIV, RWA, add_files, read_now


def ask(engine: Engine, pipeline: Pipeline, **filters: list[str]) -> pd.DataFrame:
    snapshot = read_now(engine, pipeline)
    query = completion_query(snapshot.narrowed(filters), stored_values(snapshot, filters))
    with read_transaction(engine, 10) as connection:
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
    query = completion_query(read_now(engine, fathom), {})
    span = read_now(engine, fathom).as_of.timestamp() - query.since
    assert query.width in WIDTHS
    assert span / query.width <= MOST_BARS + 1
    assert span <= 86_400 + query.width


@pytest.mark.parametrize(("seconds", "width"), [(1500, 10), (1501, 30), (4500, 30), (4501, 60)])
def test_bars_grow_wider_when_there_would_be_too_many(
    engine: Engine, fathom: Pipeline, seconds: int, width: int
) -> None:
    with engine.begin() as connection:
        add_files(connection, 1, metadata=RWA, phase1="2 minutes")
    snapshot = read_now(engine, fathom)
    first = int(snapshot.files["phase1_first"].min())
    later = replace(snapshot, as_of=datetime.fromtimestamp(first + seconds, UTC))
    query = completion_query(later, {})
    assert (query.width, query.since) == (width, first // width * width)


@pytest.mark.parametrize("compacted", [False, True])
def test_a_bar_has_its_first_moment_and_not_its_last(
    engine: Engine, fathom: Pipeline, compacted: bool
) -> None:
    since = int(datetime.now(UTC).timestamp()) // 3600 * 3600 - 7200
    with engine.begin() as connection:
        add_files(connection, 1, metadata=RWA)
        for seconds in (-60, 0, 540, 600):
            at = f"to_timestamp({since + seconds})"
            connection.execute(text(f"INSERT INTO app.etl_source_files {COPY.format(at=at)}"))
    if compacted:
        compact(engine, "fathom")
    query = CompletionQuery("fathom", (), since, 600)
    with read_transaction(engine, 10) as connection:
        counted = completions(connection, fathom, query)
        rollup = rollup_completions(connection, fathom, query)
    assert list(counted["files"]) == [2, 1]
    pd.testing.assert_frame_equal(rollup, counted)


COPY = """
    (etl_type, source_blob_path, source_container, phase1_completed_at)
    SELECT 'fathom', gen_random_uuid()::text, 'bronze', {at}
"""


@pytest.mark.parametrize(("largest", "rollup"), [(2, True), (3, False)])
def test_few_files_are_counted_for_a_chart(
    engine: Engine,
    fathom: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    largest: int,
    rollup: bool,
) -> None:
    monkeypatch.setattr("queries.completions.LARGEST_COUNTED", largest)
    with engine.begin() as connection:
        add_files(connection, 3, metadata=RWA, phase1="2 minutes")
    query = completion_query(read_now(engine, fathom), {})
    assert (query.rollup, query.width) == (rollup, 60 if rollup else 10)


def test_nothing_completed_is_nothing_to_draw(engine: Engine, fathom: Pipeline) -> None:
    with engine.begin() as connection:
        add_files(connection, 1, metadata=RWA)
    assert ask(engine, fathom).empty


@pytest.mark.parametrize("filters", [{}, {"region": ["civ", "not set"]}, {"region": ["rwa"]}])
def test_rollups_minutes_tell_the_same(
    engine: Engine,
    fathom: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    filters: dict[str, list[str]],
) -> None:
    monkeypatch.setattr("queries.completions.LARGEST_COUNTED", 0)
    with engine.begin() as connection:
        add_files(connection, 3, metadata=RWA, phase1="2 hours", phase2="1 hour")
        add_files(connection, 4, metadata=CIV, phase1="2 hours")
    compact(engine, "fathom")
    with engine.begin() as connection:
        add_files(connection, 2, phase1="90 minutes")
        connection.execute(text("UPDATE app.etl_source_files SET phase2_completed_at = now()"))
    snapshot = read_now(engine, fathom)
    query = completion_query(snapshot, stored_values(snapshot, filters))
    assert query.rollup
    with read_transaction(engine, 10) as connection:
        rollup = rollup_completions(connection, fathom, query)
        counted = completions(connection, fathom, query)
    assert not rollup.empty
    by = ["at", "phase"]
    pd.testing.assert_frame_equal(
        rollup.sort_values(by, ignore_index=True), counted.sort_values(by, ignore_index=True)
    )
