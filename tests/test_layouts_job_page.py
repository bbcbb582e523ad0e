"""A job's page on hand-written reports."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from layouts import ids
from layouts.formats import format_timestamp
from layouts.job_page import job_page, job_values
from layouts.page_values import fill
from queries.changes import Change
from queries.job_report import JobReport, JobRow
from tests.trees import find, text_of

NOON = datetime(2026, 1, 6, 12, tzinfo=UTC)
STAGE = {
    "stage": 1,
    "task_type": "stack",
    **dict.fromkeys(("pending", "queued", "processing", "other"), 0),
    "tasks": 3000,
    "completed": 2999,
    "failed": 1,
    "percent": 2999 / 30,
    "rate_per_minute": 0.1,
    "eta_seconds": 0.0,
    "average_seconds": 45.2,
    "p95_seconds": math.nan,
    "peak_memory_mb": math.nan,
}


def job(result: Any = None, parameters: Any = None) -> JobRow:
    return JobRow("job-1", "stack", "completed", 1, 2, parameters, {}, result, None, NOON, None)


def report(result: Any = None) -> JobReport:
    """A job of two stages, of whose 3,000 tasks one has failed."""
    return JobReport(job(result), pd.DataFrame([STAGE]), NOON)


def test_a_stage_with_a_failed_task_is_never_whole() -> None:
    assert job_values(report(), ours=True).text["stage.1.percent"] == "99.9%"


def test_a_stage_with_nothing_left_has_no_time_left() -> None:
    texts = job_values(report(), ours=True).text
    displayed = [texts[f"stage.1.{name}"] for name in ("eta", "rate", "p95", "waiting")]
    assert displayed == ["–", "0.1/min", "–", "0"]


def test_a_stage_without_tasks_has_not_begun() -> None:
    texts = job_values(report(), ours=True).text
    assert (texts["stage.2.type"], texts["stage.2.completed"]) == ("not started", "–")
    assert "Stage 2" in text_of(job_page(job(), 2, None))


def test_of_very_many_stages_the_first_are_shown_and_how_many_there_are() -> None:
    page = text_of(job_page(job(), 2000, None))
    assert "The first 30 of 2,000 stages. The tasks of all are below." in page
    assert ("Stage 30" in page, "Stage 31" in page) == (True, False)
    many = replace(report(), job=replace(job(), total_stages=2000))
    assert "stage.31.type" not in job_values(many, ours=True).text
    assert "The first" not in text_of(job_page(job(), 30, None))


def test_a_job_without_a_result_shows_none() -> None:
    page = fill(job_page(job(), 2, None), job_values(report(), ours=True))
    assert find(page, ids.visible("result")).hidden is True


@pytest.mark.parametrize(
    ("result", "displayed"),
    [
        ({"region": "Côte"}, '{\n  "region": "Côte"\n}'),
        ("3 files <b>done</b>", "3 files <b>done</b>"),
        ([1, None], "[1, null]"),
    ],
)
def test_a_jobs_result_is_shown_as_it_is(result: Any, displayed: str) -> None:
    page = fill(job_page(job(), 2, None), job_values(report(result), ours=True))
    assert find(page, ids.visible("result")).hidden is False
    assert find(page, ids.text("result")).children == displayed


def test_parameters_are_written_as_json_has_them() -> None:
    parameters = {"dry_run": False, "years": [2020, 2030], "region_code": "rwa"}
    text = text_of(job_page(job(None, parameters), 2, None))
    assert "dry_run false region_code rwa years [2020, 2030]" in text


@pytest.mark.parametrize(("key", "shape"), [("created", "timestamp"), ("status", None)])
def test_moments_are_marked_for_the_viewers_time_zone(key: str, shape: str | None) -> None:
    page = job_page(job(), 2, None)
    assert getattr(find(page, ids.text(f"job.{key}")), "className", None) == shape
    assert job_values(report(), ours=True).text["job.created"] == "2026-01-06 12:00:00 UTC"


def test_who_changed_a_job_is_on_its_page() -> None:
    changes = (
        Change(NOON, "ada", "192.0.2.9", "cancel", None),
        Change(None, "<b>", "-", "submit", "submitted"),
    )
    values = job_values(replace(report(), changes=changes), ours=True)
    assert [tuple(row.values()) for row in values.table["changes"]] == [
        (format_timestamp(NOON), "ada", "192.0.2.9", "cancel", "not known"),
        ("–", "<b>", "-", "submit", "submitted"),
    ]
    assert values.visible["changes"]
    assert not job_values(report(), ours=True).visible["changes"]
