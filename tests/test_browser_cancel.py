"""Cancelling a job on its page, in a browser."""

from __future__ import annotations

from dash.testing.browser import Browser
from sqlalchemy import Engine

from jobs.job_rows import EXECUTOR
from tests.browsing import severe
from tests.monitor import wait_for
from tests.test_jobs_leases import execute, status
from tests.test_jobs_runner import add_job


def test_a_job_is_cancelled_on_its_page_once_that_is_confirmed(
    dash_br: Browser, site: str, engine: Engine
) -> None:
    add_job(engine, "long-running-job", "process_fathom_stack")
    dash_br.driver.get(f"{site}/api/interface/tasks?job_id=long-running-job")
    cancel = "//button[text()='Cancel job']"
    wait_for(lambda: _is_shown(dash_br, cancel), 10)
    dash_br.driver.find_element("xpath", cancel).click()
    dash_br.driver.switch_to.alert.dismiss()
    assert status(engine, "long-running-job") == "queued"
    dash_br.driver.find_element("xpath", cancel).click()
    dash_br.driver.switch_to.alert.accept()
    wait_for(lambda: status(engine, "long-running-job") == "cancelled", 10)
    wait_for(lambda: _is_shown(dash_br, "//button[text()='Run again']"), 10)
    wait_for(lambda: not _is_shown(dash_br, cancel), 10)
    assert "– cancelled" in dash_br.find_element("#page").text
    assert severe(dash_br) == []


def test_a_job_of_the_platform_has_no_button(dash_br: Browser, site: str, engine: Engine) -> None:
    add_job(engine, "job-of-the-platform", "process_fathom_stack", executor="platform")
    dash_br.driver.get(f"{site}/api/interface/tasks?job_id=job-of-the-platform")
    status_shown = "//dd[contains(text(), 'queued')]"
    wait_for(lambda: _is_shown(dash_br, status_shown), 10)
    assert not _is_shown(dash_br, "//button[text()='Cancel job']")
    execute(
        engine,
        "UPDATE app.jobs SET metadata = jsonb_build_object('executor', CAST(:ours AS text))",
        ours=EXECUTOR,
    )
    dash_br.find_element("#refresh").click()
    wait_for(lambda: _is_shown(dash_br, "//button[text()='Cancel job']"), 10)


def _is_shown(browser: Browser, path: str) -> bool:
    return bool(browser.driver.execute_script(IS_SHOWN, path))


# In one go: between finding an element and asking it, the page may have put another in its place.
IS_SHOWN = """
    const first = XPathResult.FIRST_ORDERED_NODE_TYPE;
    const found = document.evaluate(arguments[0], document, null, first, null).singleNodeValue;
    return Boolean(found && found.checkVisibility());
"""
