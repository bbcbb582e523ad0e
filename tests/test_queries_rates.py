"""Rates, times left and averages, on the embedded tables and on the platform's own."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text

from database.rollups.install import install
from layouts.banner import banner_values
from layouts.phases import phase_values
from pipelines.models import Pipeline
from pipelines.registry import load_registry
from queries.frames import read_transaction
from queries.phases import phase_rows, phases
from queries.snapshot import count_snapshot
from queries.snapshot_reader import SnapshotReader
from queries.summary import summary
from tests.agreement import assert_agree
from tests.factories import RWA, add_files, add_job, add_task, read_now, row


def test_the_rate_is_of_the_last_hour_in_the_databases_clock(
    tables: Engine, fathom: Pipeline
) -> None:
    with tables.begin() as connection:
        add_files(connection, 30, metadata=RWA, phase1="30 minutes")
        add_files(connection, 50, metadata=RWA, phase1="61 minutes")
        add_files(connection, 60, metadata=RWA)
    first = row(phases(read_now(tables, fathom)), 0)
    assert first["rate_per_hour"] == pytest.approx(30, rel=0.02)
    assert first["eta_hours"] == pytest.approx(60 / first["rate_per_hour"])


def test_before_the_first_hour_is_over_the_rate_is_by_elapsed_time(
    tables: Engine, fathom: Pipeline
) -> None:
    with tables.begin() as connection:
        add_files(connection, 20, metadata=RWA, phase1="20 minutes")
        add_files(connection, 10, metadata=RWA, phase1="1 minute")
    assert row(phases(read_now(tables, fathom)), 0)["rate_per_hour"] == pytest.approx(90, rel=0.06)


@pytest.mark.parametrize(
    ("ago", "reason"),
    [
        ("4 minutes", "measuring (needs 5 minutes)"),
        ("2 hours", "no file finished in the last hour"),
        (None, "no file finished yet"),
    ],
)
def test_without_a_rate_there_is_a_reason(
    engine: Engine, fathom: Pipeline, ago: str | None, reason: str
) -> None:
    with engine.begin() as connection:
        add_files(connection, 2, metadata=RWA, phase1=ago)
        add_files(connection, 2, metadata=RWA)
    first = row(phases(read_now(engine, fathom)), 0)
    assert math.isnan(first["eta_hours"])
    assert (first["rate_reason"], first["eta_reason"]) == (reason, reason)


def test_files_that_nothing_works_off_have_no_eta(engine: Engine, fathom: Pipeline) -> None:
    with engine.begin() as connection:
        add_files(connection, 9, metadata=RWA, phase1="30 minutes", phase2="20 minutes")
        add_files(connection, 8, metadata=RWA, group="g1")
        add_task(connection, add_job(connection, "job-1"), "g1", "failed")
    first, second = phases(read_now(engine, fathom)).to_dict("records")
    assert (first["eta_reason"], second["eta_reason"]) == (
        "only failed files are left",
        "the rest waits for an earlier phase",
    )


def test_the_pipelines_eta_is_the_slowest_phases(engine: Engine, fathom: Pipeline) -> None:
    with engine.begin() as connection:
        add_files(connection, 1, metadata=RWA, phase1="3 hours", phase2="3 hours")
        add_files(connection, 10, metadata=RWA, phase1="3 hours", phase2="30 minutes")
        add_files(connection, 20, metadata=RWA, phase1="30 minutes")
        add_files(connection, 20, metadata=RWA)
    totals = summary(read_now(engine, fathom))
    assert (totals.rate_phase, totals.rate_per_hour) == (
        "Spatial Merge",
        pytest.approx(10, rel=0.02),
    )
    assert totals.eta_hours == pytest.approx(4, rel=0.02)


def test_the_average_is_of_the_last_day_of_activity(tables: Engine, fathom: Pipeline) -> None:
    with tables.begin() as connection:
        job = add_job(connection, "job-1")
        add_files(connection, 8, metadata=RWA, group="g1")
        add_task(connection, job, "g1", "completed", seconds=10, ended="3 days")
        add_task(connection, job, "gone", "completed", seconds=20, ended="3 days")
        add_task(connection, job, "g1", "completed", seconds=999, ended="5 days")
        add_task(connection, job, "g1", "failed", seconds=999, ended="3 days")
    first = row(phases(read_now(tables, fathom)), 0)
    assert (first["average_seconds"], first["average_tasks"]) == (pytest.approx(15), 2)


@pytest.mark.parametrize(("ago", "tasks"), [("95 hours", 2), ("96 hours", 1)])
def test_the_last_day_of_activity_has_24_hours(
    engine: Engine, fathom: Pipeline, ago: str, tasks: int
) -> None:
    with engine.begin() as connection:
        job = add_job(connection, "job-1")
        add_files(connection, 8, metadata=RWA, group="g1")
        add_task(connection, job, "g1", "completed", seconds=10, ended="72 hours")
        add_task(connection, job, "g1", "completed", seconds=20, ended=ago)
    assert row(phases(read_now(engine, fathom)), 0)["average_tasks"] == tasks


@pytest.mark.parametrize(("seconds", "known"), [(299, False), (300, True)])
def test_a_rate_needs_five_minutes(
    engine: Engine, fathom: Pipeline, seconds: int, known: bool
) -> None:
    with engine.begin() as connection:
        add_files(connection, 5, metadata=RWA, phase1="2 minutes")
    snapshot = read_now(engine, fathom)
    first = snapshot.files["phase1_first"].min()
    later = replace(snapshot, as_of=datetime.fromtimestamp(first + seconds, UTC))
    rate = phase_rows(later)[0]["rate_per_hour"]
    assert (rate == pytest.approx(60)) is known


EDGES = """
    UPDATE app.etl_source_files SET phase1_completed_at = CASE id - (
            SELECT min(id) FROM app.etl_source_files)
        WHEN 0 THEN start - interval '1 microsecond' WHEN 1 THEN start WHEN 2 THEN now()
        WHEN 3 THEN date_trunc('minute', now()) + interval '1 minute' END
    FROM (SELECT date_trunc('minute', now() - interval '1 hour') AS start) AS win
"""


def test_the_last_hour_begins_with_its_minute_and_ends_now(
    engine: Engine, fathom: Pipeline
) -> None:
    with engine.connect() as connection:
        add_files(connection, 4, metadata=RWA)
        connection.execute(text(EDGES))
        counted = count_snapshot(connection, fathom)
        rollup = SnapshotReader(engine, fathom, 10).read_in(connection)
        connection.rollback()
    assert_agree(rollup, counted)
    found = [int(counted.files[f"phase1_{count}"].sum()) for count in ("recent", "future")]
    assert found == [2, 1]


def test_where_no_file_is_done_yet_the_jobs_tell_that_work_goes_on(
    tables: Engine, fathom: Pipeline
) -> None:
    with tables.begin() as connection:
        add_files(connection, 20, metadata=RWA, group="g1")
        job = add_job(connection, "job-1")
        for _ in range(12):
            add_task(connection, job, "g1", "completed", ended="3 minutes", seconds=60)
    snapshot = read_now(tables, fathom)
    first, second = phase_rows(snapshot)
    # Twelve since the first one began, four minutes ago.
    assert first["tasks_per_minute"] == pytest.approx(3, rel=0.05)
    assert math.isnan(second["tasks_per_minute"])
    page_values = banner_values(summary(snapshot), [first, second], fathom, {})
    page_values |= phase_values(fathom, [first, second], {})
    texts = [text for key, text in page_values.text.items() if key.endswith("rate")]
    assert [re.sub(r"[\d.]+ tasks", "3 tasks", text) for text in texts] == [
        "Processing: 3 tasks/min, no rate of files yet",
        "Rate: none – no file finished yet; its jobs do 3 tasks/min",
        "Rate: none – no file finished yet",
    ]


def test_a_phase_whose_rate_is_being_measured_says_so(tables: Engine, fathom: Pipeline) -> None:
    with tables.begin() as connection:
        add_files(connection, 8, metadata=RWA, phase1="1 minute")
    texts = phase_values(fathom, phase_rows(read_now(tables, fathom)), {}).text
    assert texts["phase1.rate"] == "Rate: measuring (needs 5 minutes)"
    assert texts["phase2.rate"] == "Rate: none – no file finished yet"


@pytest.mark.parametrize(
    ("completed", "rate"), [("1 minute", "Rate: measuring"), ("3 hours", "Rate: none")]
)
def test_the_banner_says_whether_a_rate_is_being_measured(
    tables: Engine, fathom: Pipeline, completed: str, rate: str
) -> None:
    with tables.begin() as connection:
        add_files(connection, 8, metadata=RWA, group="g1")
        add_files(connection, 8, metadata=RWA, group="g2", phase1=completed, phase2=completed)
    snapshot = read_now(tables, fathom)
    progress = phase_rows(snapshot)
    assert banner_values(summary(snapshot), progress, fathom, {}).text["rate"] == rate


def test_times_to_come_are_no_rate_and_are_listed(tables: Engine, fathom: Pipeline) -> None:
    with tables.begin() as connection:
        add_files(connection, 100, metadata=RWA, phase1="-2 days")
        add_files(connection, 3, metadata=RWA, phase1="-9 minutes", phase2="-1 day")
        add_files(connection, 20, metadata=RWA, phase1="20 minutes")
    snapshot = read_now(tables, fathom)
    assert snapshot.files["phase1_recent"].sum() == 20
    assert snapshot.inconsistencies.to_dict("records") == [
        {"text": "files are done in Band Stack at a time to come", "count": 103},
        {"text": "files are done in Spatial Merge at a time to come", "count": 3},
    ]
    install(tables, load_registry(), lambda _: None)
    with read_transaction(tables, 10) as connection:
        rollup = SnapshotReader(tables, fathom, 10).read_in(connection)
    assert_agree(rollup, snapshot)
