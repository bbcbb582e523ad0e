"""Lists in a real browser: pages, order and search are in the address, and Back works."""

from __future__ import annotations

from typing import Any

import pytest
from dash.testing.browser import Browser
from selenium.webdriver.common.keys import Keys
from sqlalchemy import Engine

from layouts.links import jobs_link
from tests.browsing import NEXT, cell, cells, severe, sorter, text
from tests.factories import RWA, add_files, add_job, add_task
from tests.monitor import wait_for


@pytest.fixture
def jobs(engine: Engine) -> None:
    """Thirty jobs, of which one has a failed task."""
    with engine.begin() as connection:
        for number in range(29):
            add_job(connection, f"{number:02}-vector", job_type="load_vector", status="completed")
        job = add_job(connection, "stack-job", status="failed")
        add_files(connection, 8, metadata=RWA, group="g1")
        add_task(connection, job, "g1", "failed", error="truncated: 1in5")


def run(page: Browser, script: str, *arguments: Any) -> Any:
    return page.driver.execute_script(script, *arguments)


def press(page: Browser, selector: str) -> None:
    element = page.wait_for_element(selector)
    run(page, "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
    element.click()


def query(page: Browser) -> str:
    return str(run(page, "return location.search"))


def test_a_list_is_paged_sorted_and_searched_by_the_server(
    dash_br: Browser, site: str, jobs: None
) -> None:
    dash_br.driver.get(f"{site}{jobs_link()}")
    wait_for(lambda: len(cells(dash_br, "job")) == 25, 15)
    press(dash_br, NEXT)
    wait_for(lambda: len(cells(dash_br, "job")) == 5, 10)
    assert query(dash_br) == "?page=2"
    press(dash_br, sorter("job_type"))
    wait_for(lambda: query(dash_br) == "?sort=job_type", 10)
    press(dash_br, sorter("job_type"))
    wait_for(lambda: cells(dash_br, "job_type")[0] == "process_fathom_stack", 10)
    assert query(dash_br) == "?sort=-job_type"
    field = dash_br.find_element("input[type='search']")
    field.send_keys("07-vec", Keys.ENTER)
    wait_for(lambda: len(cells(dash_br, "job")) == 1, 10)
    assert query(dash_br) == "?sort=-job_type&q=07-vec"
    dash_br.driver.back()
    wait_for(lambda: len(cells(dash_br, "job")) == 25, 10)
    assert dash_br.find_element("input[type='search']").get_attribute("value") == ""
    dash_br.driver.refresh()
    wait_for(lambda: cells(dash_br, "job_type")[:1] == ["process_fathom_stack"], 15)
    assert severe(dash_br) == []


def test_a_link_to_a_page_of_a_list_opens_that_page(
    dash_br: Browser, site: str, jobs: None
) -> None:
    dash_br.driver.get(f"{site}{jobs_link()}?page=2&sort=job_type")
    wait_for(lambda: len(cells(dash_br, "job")) == 5, 15)
    assert cells(dash_br, "job_type")[-1] == "process_fathom_stack"
    assert query(dash_br) == "?page=2&sort=job_type"


def test_a_failed_count_leads_to_the_error_and_on_to_the_task(
    dash_br: Browser, site: str, jobs: None
) -> None:
    dash_br.driver.get(f"{site}/api/interface/pipeline?type=fathom")
    wait_for(lambda: bool(dash_br.find_elements("[id$='.phase1.card.failed\"}']")), 15)
    assert text(dash_br, "phase1.card.failed") == "8"
    press(dash_br, """a[id^='{"href"'][id$='.phase1.card.failed"}']""")
    wait_for(lambda: cells(dash_br, "error") == ["truncated: 1in5"], 10)
    press(dash_br, f"{cell('monitor')} a")
    dash_br.wait_for_contains_text("#page h1", "stack-job")
    wait_for(lambda: cells(dash_br, "error_details") == ["truncated: 1in5"], 10)
    assert severe(dash_br) == []
