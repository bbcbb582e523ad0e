"""Lists as CSV files, written while they are read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from pipelines.registry import Registry
from queries import reader
from queries.reader import ReadError
from tests.factories import CIV, RWA, add_files, add_job, add_task
from tests.serving import Api

TASKS = "/api/jobs/job-1/tasks.csv"
GROUPS = "/api/etl/groups.csv"
ASKED = {"etl_type": "fathom", "phase": "phase1"}
NASTY = ['=HYPERLINK("x")', "+1", "-2", "@sum", "\tx", "\rx", 'a,"b"\r\nc', "Côte\u2028 <b>", ""]


@pytest.fixture
def api(engine: Engine, registry: Registry) -> Api:
    """The API over an empty database."""
    return Api(engine, registry)


def rows(answer: TestResponse) -> list[dict[str, str]]:
    """A file's rows, as a program that knows RFC 4180 reads them."""
    assert (answer.status_code, answer.content_type) == (200, "text/csv; charset=utf-8")
    lines = io.StringIO(answer.get_data().decode("utf-8"), newline="")
    return list(csv.DictReader(lines, strict=True))


def test_text_that_a_spreadsheet_would_run_is_made_harmless(api: Api, engine: Engine) -> None:
    with engine.begin() as connection:
        job = add_job(connection, "job-1")
        for error in NASTY:
            add_task(connection, job, "g", "failed", seconds=1.5, error=error)
    found = [row["error_details"] for row in rows(api.get(TASKS))]
    harmless = [f"'{one}" if one[:1] in tuple("=+-@\t\r") else one for one in NASTY]
    assert sorted(found) == sorted(harmless)


def test_numbers_stay_numbers_and_times_are_in_utc(api: Api, engine: Engine) -> None:
    with engine.begin() as connection:
        add_task(connection, add_job(connection, "job-1"), "g", "failed", seconds=1.5)
    (row,) = rows(api.get(TASKS))
    assert (row["seconds"], row["retry_count"], row["peak_memory_mb"]) == ("1.5", "0", "")
    updated = datetime.fromisoformat(row["updated_at"])
    assert row["updated_at"].endswith("Z")
    assert abs((datetime.now(UTC) - updated).total_seconds()) < 60


def test_a_file_has_a_telling_name(api: Api, engine: Engine) -> None:
    with engine.begin() as connection:
        add_job(connection, 'a"\r\nü;b')
    named = {
        answer.headers["Content-Disposition"]
        for answer in (
            api.get(GROUPS, **ASKED, state="failed"),
            api.get('/api/jobs/a"%0D%0Aü;b/tasks.csv'),
        )
    }
    assert named == {
        'attachment; filename="fathom-phase1-failed-groups.csv"',
        'attachment; filename="job-a-b-tasks.csv"',
    }


def test_a_list_without_rows_has_its_header(api: Api) -> None:
    header = api.get(GROUPS, **ASKED, state="failed").text
    assert header == (
        "group,files,bytes,region,flood_type,defense,year,"
        "task_id,job_id,status,error_details,ended_at,retry_count\r\n"
    )


@pytest.mark.parametrize("state", ["pending", "eligible", "processing", "failed", "completed"])
def test_a_file_has_the_groups_of_the_list(api: Api, engine: Engine, state: str) -> None:
    with engine.begin() as connection:
        job = add_job(connection, "job-1")
        for number in range(12):
            metadata = RWA if number % 2 else CIV
            add_files(connection, 2, metadata=metadata, group=f"g{number:02}")
            status = ("failed", "processing", "completed")[number % 3]
            add_task(connection, job, f"g{number:02}", status, error="= broken")
        add_files(connection, 2, metadata=RWA)
        add_files(connection, 2, metadata=RWA, group="done", phase1="1 hour")
    api.renew()
    asked = {**ASKED, "state": state, "region": "rwa"}
    listed = api.json("/api/etl/groups", **asked)["groups"]
    found = {row["group"]: row for row in rows(api.get(GROUPS, **asked))}
    assert found.keys() == {group["group"] for group in listed}
    assert len(listed) >= 1
    for group in listed:
        row, task = found[group["group"]], group["task"] or {"task_id": "", "error_details": ""}
        assert (int(row["files"]), row["region"]) == (group["files"], group["values"]["region"])
        error = task["error_details"]
        assert (row["task_id"], row["error_details"]) == (task["task_id"], error and f"'{error}")


def test_rows_come_in_batches_from_a_cursor_of_the_server(
    api: Api, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "BATCH", 10)
    with engine.begin() as connection:
        job = add_job(connection, "job-1")
        for _ in range(25):
            add_task(connection, job, "g", "failed")
    answer = api.client.get(TASKS, buffered=False)
    chunks: Iterator[Any] = answer.iter_encoded()
    next(chunks)
    with engine.connect() as connection:
        cursors = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'FETCH FORWARD%'"
        assert connection.execute(text(cursors)).scalar_one() == 1
    assert [len(chunk.splitlines()) for chunk in chunks] == [10, 10, 5]


def test_who_goes_away_leaves_nothing_open(api: Api, engine: Engine) -> None:
    with engine.begin() as connection:
        add_task(connection, add_job(connection, "job-1"), "g", "failed")
    for _ in range(reader.MOST_STREAMS + 2):
        api.client.get(TASKS, buffered=False).close()
    assert len(rows(api.get(TASKS))) == 1


def test_more_files_at_once_than_may_be_are_told(api: Api, engine: Engine) -> None:
    with engine.begin() as connection:
        add_task(connection, add_job(connection, "job-1"), "g", "failed")
    begun = [api.client.get(TASKS, buffered=False) for _ in range(reader.MOST_STREAMS)]
    assert "being written already" in api.refused(TASKS, 503)["detail"]
    begun[0].close()
    assert len(rows(api.get(TASKS))) == 1
    for answer in begun:
        answer.close()


def test_a_database_that_goes_away_breaks_the_file_off(
    api: Api, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "BATCH", 1)
    with engine.begin() as connection:
        job = add_job(connection, "job-1")
        for _ in range(5):
            add_task(connection, job, "g", "failed")
    answer = api.client.get(TASKS, buffered=False)
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'FETCH%'"
    with engine.connect() as connection:
        connection.execute(text(end))
    with pytest.raises(ReadError):
        list(answer.iter_encoded())
    answer.close()
