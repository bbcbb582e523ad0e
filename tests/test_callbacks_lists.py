"""The lists of jobs, of a job's tasks and of groups, as a browser would ask for them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Engine, text

from jobs.runner_queue import queue_job
from layouts import ids
from layouts.links import JOB_PAGE, JOBS, group_link, jobs_link
from tests.catalog import JOB_TYPES
from tests.door import Door
from tests.factories import RWA, add_files, add_job, add_task
from tests.tab import Tab

HEX = "0123456789abcdef" * 4
MARKUP = "<img src=x onerror=alert(1)>"


def rows(tab: Tab, key: str) -> list[dict[str, Any]]:
    (props,) = [
        p for p in tab.properties() if str(p.get("id")).endswith(f".{key}'}}") and "data" in p
    ]
    found: list[dict[str, Any]] = props["data"]
    return found


def go(tab: Tab, link: str) -> None:
    path, _, query = link.partition("?")
    tab.open(path, f"?{query}")


@pytest.fixture
def failed(tab: Tab, engine: Engine) -> Tab:
    """A tab over a database with a failed group, one at work, and jobs of no pipeline."""
    with engine.begin() as connection:
        job = add_job(connection, HEX, parameters={"region_code": "rwa"})
        for group, status, error in (("a", "failed", MARKUP), ("b", "processing", None)):
            add_files(connection, 8, metadata=RWA, group=group)
            add_task(connection, job, group, status, error=error)
        for number in range(30):
            add_job(connection, f"vector-{number:02}", job_type="load_vector", status="completed")
    return tab


def test_a_failed_count_leads_to_its_groups_with_error_and_task(failed: Tab) -> None:
    failed.open("/api/interface/pipeline", "?type=fathom&region=rwa")
    assert failed.text("phase1.card.failed") == "8"
    (lead,) = [
        p["href"] for p in failed.properties() if "card.failed" in str(p.get("id")) and "href" in p
    ][:1]
    go(failed, lead)
    (row,) = rows(failed, "groups")
    assert (row["group"], row["files"], row["error"]) == ("a", 8, MARKUP)
    assert row["status"] == "✕ failed"
    assert row["monitor"].startswith("[01234567-s2-")
    assert f"(/api/interface/tasks?job_id={HEX}&q=01234567-s2-" in row["monitor"]
    assert failed.text("groups.size") == "1"


def test_the_list_of_groups_is_narrowed_and_leads_on(failed: Tab) -> None:
    go(failed, group_link("fathom", "phase1", "pending", {"region": ["RWA"]}))
    assert failed.text("groups.size") == "5"
    hrefs = [p["href"] for p in failed.properties() if p.get("href")]
    assert group_link("fathom", "phase1", "failed", {"region": ["RWA"]}) in hrefs
    (csv,) = [href for href in hrefs if ".csv" in href]
    assert csv.startswith(
        "/api/etl/groups.csv?pipeline=fathom&phase=phase1&state=pending&by.region=RWA"
    )
    failed.narrow("?type=fathom&phase=phase1&state=pending&region=nowhere")
    assert (rows(failed, "groups"), failed.text("groups.size")) == ([], "0")


@pytest.mark.parametrize(
    "query",
    ["phase=phase9&state=failed", "phase=phase1&state=lost", "phase=phase1&state=eligible", ""],
)
def test_a_list_that_is_not_there_leads_to_the_pipelines(failed: Tab, query: str) -> None:
    failed.open("/api/interface/groups", f"?type=fathom&{query}")
    assert "no list" in json.dumps(failed.page)
    assert failed.get(f"/api/interface/groups?type=fathom&{query}").status_code == 404


def test_the_jobs_are_listed_a_page_at_a_time(failed: Tab) -> None:
    go(failed, jobs_link())
    assert (failed.text("jobs.size"), len(rows(failed, "jobs"))) == ("31", 25)
    failed.narrow("?page=2")
    assert len(rows(failed, "jobs")) == 6
    failed.narrow("?pipeline=fathom")
    (row,) = rows(failed, "jobs")
    assert (row["status"], row["progress"]) == ("◐ processing", "0/2 (0.0%), 1 failed")
    assert row["pipeline"] == "[View Pipeline](/api/interface/pipeline?type=fathom)"
    failed.narrow("?q=vector-07")
    (row,) = rows(failed, "jobs")
    assert (row["pipeline"], row["job_type"]) == ("", "load_vector")


def test_the_filters_of_the_jobs_offer_what_occurs(failed: Tab) -> None:
    go(failed, jobs_link())
    options = {
        str(p["id"]["options"]).partition(".filter.")[2]: [o["label"] for o in p["options"]]
        for p in failed.properties()
        if "options" in (p.get("id") or ())
    }
    assert options["job_type"] == ["load_vector (30)", "process_fathom_stack (1)"]
    assert options["status"] == ["completed (30)", "processing (1)"]
    assert "fathom (1)" in options["pipeline"]


@pytest.mark.parametrize("wrong", ["?page=0", "?page=x", "?sort=parameters", "?page=-1&sort=-"])
def test_an_address_with_mistakes_shows_the_first_page(failed: Tab, wrong: str) -> None:
    failed.open(JOBS, wrong)
    assert len(rows(failed, "jobs")) == 25


def test_the_tasks_of_a_job_are_filtered(failed: Tab) -> None:
    failed.open(JOB_PAGE, f"?job_id={HEX}")
    assert [row["status"] for row in rows(failed, "tasks")] == ["✕ failed", "◐ processing"]
    failed.narrow(f"?job_id={HEX}&status=failed&stage=2")
    assert [row["error_details"] for row in rows(failed, "tasks")] == [MARKUP]
    failed.narrow(f"?job_id={HEX}&stage=1&stage=x")
    assert rows(failed, "tasks") == []


def test_the_beginning_of_an_id_will_do(failed: Tab) -> None:
    failed.open(JOB_PAGE, f"?job_id={HEX[:8]}")
    assert failed.text("job.status") == "◐ processing"
    failed.open(JOB_PAGE, "?job_id=vector-0")
    several = json.dumps(failed.page, ensure_ascii=False)
    assert "Several jobs begin with “vector-0”" in several
    assert "/api/interface/tasks?job_id=vector-03" in several


@pytest.mark.parametrize("link", [jobs_link(), group_link("fathom", "phase1", "failed")])
def test_a_list_keeps_its_rows_while_the_database_is_away(
    failed: Tab, door: Door, link: str
) -> None:
    go(failed, link)
    before = failed.text(f"{'jobs' if 'jobs' in link else 'groups'}.size")
    door.close()
    answer = failed.tick(click=ids.REFRESH)
    assert "not currently accepting connections" in answer[ids.PROBLEM]["children"]
    assert failed.text(f"{'jobs' if 'jobs' in link else 'groups'}.size") == before


def test_a_failed_job_is_run_again_from_its_monitor(tab: Tab, engine: Engine) -> None:
    with engine.begin() as connection:
        job_id = queue_job(
            connection, JOB_TYPES["process_fathom_stack"], {"region_code": "x"}
        ).job_id
        add_task(connection, job_id, "a", "failed", error=MARKUP)
        add_task(connection, job_id, "b", "completed", seconds=3)
        connection.execute(text("UPDATE app.jobs SET status = 'completed_with_errors', stage = 3"))
    tab.open(JOB_PAGE, f"?job_id={job_id[:8]}")
    assert tab.hidden("again") is False
    message = json.dumps(tab.run_this_again()[ids.RERUN_ANSWER], ensure_ascii=False)
    assert ": retrying 1 task; 1 kept" in message
    tab.tick(click=ids.REFRESH)
    assert (tab.text("job.status"), tab.hidden("again")) == ("○ queued", True)
    again = json.dumps(tab.run_this_again()[ids.RERUN_ANSWER], ensure_ascii=False)
    assert "queued" in again


def test_a_job_that_did_not_fail_can_not_be_run_again(failed: Tab) -> None:
    failed.open(JOB_PAGE, "?job_id=vector-03")
    assert failed.hidden("again") is True
