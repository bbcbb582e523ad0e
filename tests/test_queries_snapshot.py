"""Every number of NUMBERS on the embedded tables and on the platform's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from database.engine import open_engine
from pipelines.models import Pipeline
from pipelines.registry import read_pipeline
from queries.groupings import breakdown
from queries.phases import COLUMNS, percent, phases
from queries.summary import summary
from tests.factories import (
    CIV,
    RWA,
    add_files,
    add_job,
    add_task,
    make_platform_tables,
    read_now,
    row,
)


def test_an_empty_table_has_zeros_and_the_same_columns(engine: Engine, fathom: Pipeline) -> None:
    snapshot = read_now(engine, fathom)
    assert phases(snapshot).dtypes.astype(str).to_dict() == COLUMNS
    assert row(phases(snapshot), 0)["total"] == 0
    assert (summary(snapshot).percent, summary(snapshot).eta_reason) == (0.0, "no files")
    assert breakdown(snapshot, "region").empty


def test_files_are_counted_by_phase(tables: Engine, fathom: Pipeline) -> None:
    with tables.begin() as connection:
        add_files(connection, 3, metadata=RWA)
        add_files(connection, 2, metadata=RWA, phase1="2 hours")
        add_files(connection, 1, metadata=CIV, phase1="3 hours", phase2="2 hours")
        add_files(connection, 9, metadata=RWA, etl_type="raster_v2")
    first, second = phases(read_now(tables, fathom)).to_dict("records")
    assert (first["total"], first["completed"], first["pending"]) == (6, 3, 3)
    assert (second["completed"], second["eligible"], second["pending"]) == (1, 2, 5)
    assert (first["percent"], second["percent"]) == (50.0, 16.7)


def test_the_breakdown_sums_to_the_total_with_files_of_no_value(
    tables: Engine, fathom: Pipeline
) -> None:
    with tables.begin() as connection:
        add_files(connection, 2, metadata=RWA, phase1="2 hours")
        add_files(connection, 1, metadata={"region": None})
        add_files(connection, 1, metadata=None)
        add_files(connection, 1, metadata=[1, 2])
        add_files(connection, 1, metadata={"region": "not set"})
    rows = breakdown(read_now(tables, fathom), "region")
    assert dict(zip(rows["value"], rows["total"], strict=True)) == {
        "rwa": 2,
        "not set": 1,
        "(not set)": 3,
    }


def test_sizes_that_are_unknown_are_counted(tables: Engine, fathom: Pipeline) -> None:
    with tables.begin() as connection:
        add_files(connection, 2, size=None, phase1="1 hour", phase2="1 hour")
        add_files(connection, 2, size=2_000_000_000, phase1="1 hour", phase2="1 hour")
    totals = summary(read_now(tables, fathom))
    assert (totals.total_bytes, totals.unsized_files) == (4_000_000_000, 2)
    assert totals.completed_bytes == 4_000_000_000


def test_processing_and_failed_are_files_of_groups(tables: Engine, fathom: Pipeline) -> None:
    with tables.begin() as connection:
        job = add_job(connection, "job-1")
        for group, status in [("g1", "processing"), ("g2", "failed"), ("g3", "quarantined")]:
            add_files(connection, 8, metadata=RWA, group=group)
            add_task(connection, job, group, status)
        add_files(connection, 8, metadata=CIV, group="g4", phase1="1 minute")
        add_task(connection, job, "g4", "processing")
    first = row(phases(read_now(tables, fathom)), 0)
    assert (first["processing"], first["failed"], first["pending"]) == (8, 8, 24)


@pytest.mark.parametrize("status", ["pending", "queued", "processing", "completed", "cancelled"])
def test_a_group_that_is_retried_is_no_longer_failed(
    tables: Engine, fathom: Pipeline, status: str
) -> None:
    with tables.begin() as connection:
        add_files(connection, 8, metadata=RWA, group="g1")
        add_task(connection, add_job(connection, "job-1"), "g1", "failed", created="2 hours")
        add_task(connection, add_job(connection, "job-2"), "g1", status, created="1 hour")
    assert row(phases(read_now(tables, fathom)), 0)["failed"] == 0


def test_a_group_that_failed_twice_counts_once(engine: Engine, fathom: Pipeline) -> None:
    with engine.begin() as connection:
        add_files(connection, 8, metadata=RWA, group="g1")
        add_task(connection, add_job(connection, "job-1"), "g1", "failed", created="2 hours")
        add_task(connection, add_job(connection, "job-2"), "g1", "failed", created="1 hour")
    assert row(phases(read_now(engine, fathom)), 0)["failed"] == 8


def test_a_filter_narrows_every_number(tables: Engine, fathom: Pipeline) -> None:
    with tables.begin() as connection:
        job = add_job(connection, "job-1")
        add_files(connection, 8, metadata=RWA, group="g1")
        add_files(connection, 4, metadata=CIV, group="g2")
        add_task(connection, job, "g1", "failed")
        add_task(connection, job, "g2", "completed", seconds=5)
    narrowed = read_now(tables, fathom).narrowed({"region": ["CIV"], "year": ["2020"]})
    first = row(phases(narrowed), 0)
    assert (first["total"], first["failed"], first["average_tasks"]) == (4, 0, 1)
    assert summary(narrowed.narrowed({"region": ["elsewhere"]})).total_files == 0


def test_active_jobs_have_the_progress_of_their_stage(tables: Engine, fathom: Pipeline) -> None:
    with tables.begin() as connection:
        job = add_job(connection, "job-1", parameters={"region_code": "rwa"})
        add_job(connection, "job-2", status="completed")
        add_job(connection, "job-3", job_type="load_vector")
        add_job(connection, "job-4", status="paused_by_operator")
        for number in range(20):
            add_task(connection, job, f"g{number}", "completed", seconds=60, ended="5 minutes")
        for status in ("processing", "failed", "pending", "quarantined"):
            add_task(connection, job, "g", status)
        add_task(connection, job, "scan", "completed", stage=1)
    jobs = read_now(tables, fathom).jobs
    assert list(jobs["job_id"]) == ["job-1"]
    only = row(jobs, 0)
    assert (only["tasks"], only["completed"], only["pending"], only["place"]) == (24, 20, 2, "rwa")
    assert only["rate_per_minute"] == pytest.approx(20 / 6, rel=0.01)


def test_inconsistencies_are_listed_with_their_count(tables: Engine, fathom: Pipeline) -> None:
    with tables.begin() as connection:
        add_files(connection, 3, metadata=RWA, phase2="1 hour")
        job = add_job(connection, "job-1", status="completed")
        add_task(connection, job, "g1", "failed")
        add_task(connection, job, "g2", "processing")
    snapshot = read_now(tables, fathom)
    assert list(snapshot.inconsistencies["count"]) == [3, 1, 1]
    assert row(phases(snapshot), 1)["completed"] == 3


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        ("queued", []),
        ("processing", []),
        ("failed", [2]),
        ("completed_with_errors", [2]),
        ("cancelled", [2]),
        ("completed", [2, 1]),
    ],
)
def test_tasks_are_held_against_the_status_of_their_job(
    engine: Engine, fathom: Pipeline, status: str, counts: list[int]
) -> None:
    with engine.begin() as connection:
        job = add_job(connection, "job-1", status=status)
        for task in ("processing", "processing", "failed", "pending", "completed"):
            add_task(connection, job, "g1", task)
    assert list(read_now(engine, fathom).inconsistencies["count"]) == counts


def test_a_filter_keeps_the_jobs_that_may_work_on_its_values(
    engine: Engine, fathom: Pipeline
) -> None:
    limits = {
        "rwa": {"region_code": "RWA", "years": [2020]},
        "civ": {"region_code": "civ", "flood_types": ["fluvial", "coastal"]},
        "any": {"region_code": "", "years": None},
        "odd": [1],
    }
    with engine.begin() as connection:
        for name, parameters in limits.items():
            add_job(connection, name, parameters=parameters)
    snapshot = read_now(engine, fathom)

    def filtered_jobs(**filters: list[str]) -> set[str]:
        return set(snapshot.narrowed(filters).jobs["job_id"])

    assert filtered_jobs() == {"rwa", "civ", "any", "odd"}
    assert filtered_jobs(region=["rwa"]) == {"rwa", "any", "odd"}
    assert filtered_jobs(year=["2020", "2030"], region=["civ", "rwa"]) == {
        "rwa",
        "civ",
        "any",
        "odd",
    }
    assert filtered_jobs(year=["2030"]) == {"civ", "any", "odd"}
    assert filtered_jobs(flood_type=["Coastal"], region=["civ"]) == {"civ", "any", "odd"}
    assert filtered_jobs(flood_type=["pluvial"]) == {"rwa", "any", "odd"}


@pytest.mark.parametrize(
    ("part", "whole", "displayed"),
    [(0, 0, 0.0), (1, 3, 33.3), (9995, 10000, 99.9), (9999999, 10000000, 99.9), (7, 7, 100.0)],
)
def test_percent_is_full_only_for_all(part: int, whole: int, displayed: float) -> None:
    assert percent(part, whole) == displayed


def test_a_pipeline_of_three_phases_and_nested_and_column_groupings(
    empty_database: str, tmp_path: Path
) -> None:
    path = tmp_path / "survey.toml"
    path.write_text(
        """
        name = "Survey"
        etl_type = "survey"
        phases = [
            { id = "phase1", name = "A", completed_field = "phase1_completed_at" },
            { id = "phase2", name = "B", completed_field = "phase2_completed_at" },
            { id = "phase3", name = "C", completed_field = "phase3_completed_at" },
        ]
        groupings = [
            { field = "sensor.name", label = "Sensor", from = "source_metadata" },
            { field = "source_container", label = "Container", from = "column" },
        ]
        """
    )
    engine = open_engine(empty_database)
    make_platform_tables(engine, "UTC", "TIMESTAMP")
    with engine.begin() as connection:
        add_files(connection, 2, etl_type="survey", metadata={"sensor": {"name": "S2"}})
    snapshot = read_now(engine, read_pipeline(path))
    engine.dispose()
    assert list(breakdown(snapshot, "sensor.name")["value"]) == ["S2"]
    assert list(breakdown(snapshot, "source_container")["total"]) == [2]
    assert phases(snapshot)[["processing", "failed"]].isna().all(axis=None)


def test_a_snapshot_is_of_one_moment(engine: Engine, fathom: Pipeline) -> None:
    """Files that come between two of its queries are in none of its numbers."""

    def add(connection: Connection) -> None:
        add_files(connection, 1, metadata=RWA, group="g1")
        add_task(connection, add_job(connection, "job-1"), "g1", "failed")

    from queries.cube import cube
    from queries.frames import read_transaction
    from queries.work import work

    with read_transaction(engine, 10) as connection:
        files = cube(connection, fathom)
        with engine.begin() as other:
            add(other)
        facts = work(connection, fathom)
    assert (files["total"].sum(), facts["failed"].sum()) == (0, 0)
