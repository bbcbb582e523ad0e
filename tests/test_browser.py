"""What a person does, in a real browser, on the running program."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psutil
from dash.testing.browser import Browser

from jobs.attempts import make_job_id
from layouts.links import job_link
from tests.browsing import cell, count, filter_field, severe, text
from tests.monitor import Monitor, suspended, wait_for

CIV_FILES = 1664
HIDE = """
    Object.defineProperty(document, "hidden", {value: true, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
"""
# Counts questions as they are asked: one that is under way has no entry yet among the resources.
COUNT = """
    const fetch = window.fetch;
    window.asked = 0;
    window.fetch = (...question) => { window.asked += 1; return fetch(...question); };
"""
ASKED = "return window.asked"
# Shows the page, and looks for some turns of the browser's loop, long before its next tick.
SHOW = """
    const [before, done] = arguments;
    let turns = 500;
    const turn = () => {
        if (window.asked > before || (turns -= 1) === 0) done(window.asked);
        else setTimeout(turn);
    };
    Object.defineProperty(document, "hidden", {value: false, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
    turn();
"""


def part(page: Browser, job_type: str, name: str) -> Any:
    return page.find_element(f"""[id='{{"form":"{job_type}","part":"{name}"}}']""")


def watch(page: Browser, condition: Callable[[], bool], seconds: float = 60) -> None:
    wait_for(condition, seconds)


def test_phase_1_of_civ_is_submitted_and_watched_to_its_end_without_a_reload(
    page: Browser, monitor: Monitor
) -> None:
    page.driver.execute_script("window.loadedOnce = true")
    before = count(page, "phase1.completed")
    whole = before + CIV_FILES
    part(page, "process_fathom_stack", "open").click()
    page.wait_for_element('[id*="region_code"][id*="process_fathom_stack"]').send_keys("civ")
    # Small files are done sooner than a page asks twice: the runner works for moments only.
    runners = monitor.runners()
    with suspended(runners):
        part(page, "process_fathom_stack", "send").click()
        page.wait_for_contains_text(".answer", "submitted")
        watch(page, lambda: for_a_moment(runners) and completed(monitor) > before)
        watch(page, lambda: before < count(page, "phase1.completed") < whole)
    watch(page, lambda: count(page, "phase1.completed") == whole)
    assert page.driver.execute_script("return window.loadedOnce")


def for_a_moment(runners: list[psutil.Process]) -> bool:
    for runner in runners:
        runner.resume()
    time.sleep(0.2)
    for runner in runners:
        runner.suspend()
    return True


def completed(monitor: Monitor) -> int:
    return int(monitor.stats()["phases"]["phase1"]["completed"])


def test_a_mistake_is_told_at_its_field(page: Browser) -> None:
    part(page, "process_fathom_merge", "open").click()
    page.wait_for_element('[id*="region_code"][id*="process_fathom_merge"]')
    part(page, "process_fathom_merge", "send").click()
    page.wait_for_contains_text('[id*="mistake"][id*="region_code"][id*="merge"]', "is required")


def test_the_table_keeps_its_filter_over_a_refresh(page: Browser, monitor: Monitor) -> None:
    field = page.wait_for_element(filter_field("value"))
    field.send_keys("rwa\n")
    table = f"[id*='by.region'] {cell('value')}"
    watch(page, lambda: [cell.text for cell in page.find_elements(table)] == ["rwa"])
    before = answered(page)
    page.find_element("#refresh").click()
    # With the second question the answer to the first has been drawn.
    watch(page, lambda: answered(page) > before)
    page.find_element("#refresh").click()
    watch(page, lambda: answered(page) > before + 1)
    assert [cell.text for cell in page.find_elements(table)] == ["rwa"]


def test_an_active_job_leads_to_its_monitor_and_back_to_the_pipeline(
    page: Browser, monitor: Monitor
) -> None:
    part(page, "process_fathom_merge", "open").click()
    page.wait_for_element('[id*="region_code"][id*="process_fathom_merge"]').send_keys("rwa")
    part(page, "process_fathom_merge", "send").click()
    page.wait_for_element(".answer a").click()
    page.wait_for_contains_text("#page h1", "process_fathom_merge")
    watch(page, lambda: "completed" in text(page, "job.status"))
    page.find_element("#page a.button").click()
    page.wait_for_contains_text("#page h1", "FATHOM Flood Data Pipeline")


def first_job() -> str:
    """The id of the job that has stacked `rwa` at the first start."""
    parameters = {
        "region_code": "rwa",
        "source_container": "bronze-fathom",
        "output_container": "silver-fathom",
        "output_prefix": "fathom-stacked",
        "collection_id": "fathom-flood-stacked",
        "skip_existing_stac": True,
        "dry_run": False,
        "force_reprocess": False,
    }
    return make_job_id("process_fathom_stack", parameters)


def test_the_failed_groups_are_named_in_the_jobs_monitor(page: Browser, monitor: Monitor) -> None:
    page.driver.get(f"{monitor.url}{job_link(first_job())}")
    page.wait_for_contains_text(".notice", "2 tasks failed")
    first = page.wait_for_element(cell("error_details")).text
    assert "1in" in first


def test_the_first_page_leads_to_the_pipelines(page: Browser, monitor: Monitor) -> None:
    page.driver.get(f"{monitor.url}/")
    page.wait_for_contains_text("main", "3,536 files")
    page.find_element("#page h2 a").click()
    page.wait_for_contains_text("#page h1", "FATHOM Flood Data Pipeline")


def test_an_unknown_pipeline_is_told_by_its_name(page: Browser, monitor: Monitor) -> None:
    page.driver.get(f"{monitor.url}/api/interface/pipeline?type=<b>vector</b>")
    page.wait_for_contains_text(".notice", "There is no pipeline “<b>vector</b>”")
    # The browser notes the page's status 404 as an error.
    assert all("404" in entry["message"] for entry in severe(page))


def test_a_hidden_tab_does_not_ask_and_catches_up_when_it_is_shown(page: Browser) -> None:
    page.driver.execute_script(COUNT)
    page.driver.execute_script(HIDE)
    before = page.driver.execute_script(ASKED)
    time.sleep(6)
    assert page.driver.execute_script(ASKED) == before
    assert page.driver.execute_async_script(SHOW, before) > before


def answered(page: Browser) -> int:
    """How often the server has answered the page."""
    entries = "performance.getEntriesByType('resource')"
    requests = f"{entries}.filter((entry) => entry.name.includes('_dash-update-component'))"
    return int(page.driver.execute_script(f"return {requests}.length"))


def test_moments_are_in_the_viewers_time_zone_with_utc_on_hover(
    page: Browser, monitor: Monitor
) -> None:
    zone = {"timezoneId": "Asia/Kathmandu"}
    page.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", zone)
    page.driver.get(f"{monitor.url}{job_link(first_job())}")
    timestamp = page.wait_for_element("#page .timestamp")
    watch(page, lambda: timestamp.get_attribute("title").endswith(" UTC"), seconds=5)
    utc = datetime.strptime(timestamp.get_attribute("title"), "%Y-%m-%d %H:%M:%S %Z")  # noqa: DTZ007
    there = utc + timedelta(hours=5, minutes=45)
    assert there.strftime("%M:%S") in timestamp.text
