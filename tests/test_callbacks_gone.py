"""What a page says when the job that it shows is deleted, or can't be read for a while."""

from __future__ import annotations

from sqlalchemy import Engine

from layouts import ids
from layouts.links import JOB_PAGE
from tests.tab import Tab
from tests.test_jobs_leases import execute
from tests.test_jobs_runner import add_job


def test_a_job_that_is_deleted_while_its_page_is_open_is_told(tab: Tab, engine: Engine) -> None:
    add_job(engine, "deleted-job", "process_fathom_stack")
    tab.open(JOB_PAGE, "?job_id=deleted-job")
    assert tab.text("job.status") == "○ queued"
    execute(engine, "DELETE FROM app.jobs")
    written = tab.tick()
    assert written[ids.PROBLEM]["children"].startswith("This job was deleted from the database")
    assert written[ids.PROBLEM]["hidden"] is False
    assert tab.text("job.status") == "○ queued"


def test_a_job_that_never_was_is_not_called_deleted(tab: Tab) -> None:
    tab.open(JOB_PAGE, "?job_id=never-was-there")
    assert "There is no job" in str(tab.page)
    assert "deleted" not in str(tab.tick())


def test_a_panel_that_python_can_not_read_is_told_and_the_page_stays(
    tab: Tab, engine: Engine
) -> None:
    add_job(engine, "some-job-here", "process_fathom_stack")
    tab.open(JOB_PAGE, "?job_id=some-job-here")
    execute(engine, "ALTER TABLE app.jobs RENAME COLUMN total_stages TO steps")
    assert "steps" not in tab.tick()[ids.PROBLEM]["children"]
    assert "total_stages" in tab.tick()[ids.PROBLEM]["children"]
    execute(engine, "ALTER TABLE app.jobs RENAME COLUMN steps TO total_stages")
    assert tab.tick()[ids.PROBLEM]["children"] == ""
