"""WCAG 2.2 AA as axe-core 4.14.1 (npm; tests/vendor/axe.min.js) checks it, on every page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome

from layouts.links import JOBS, SELECTOR, group_link, job_link, pipeline_link
from tests.browsing import HEADER
from tests.chrome import chrome, prefer, resize, run, visit
from tests.monitor import Monitor, wait_for
from tests.test_browser import first_job

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
CHECK = "axe.run(document).then(arguments[arguments.length - 1])"
TABLE = f"main {HEADER}"
PAGES = {
    "pipelines": (SELECTOR, "#page article"),
    "pipeline": (pipeline_link("fathom"), TABLE),
    "groups": (group_link("fathom", "phase1", "failed"), TABLE),
    "jobs": (JOBS, TABLE),
    "job": (job_link(first_job()), TABLE),
    "no such page": ("/nothing", "#page .notice"),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    """One browser for all pages."""
    with chrome() as browser:
        yield browser


def violations(browser: Chrome) -> list[tuple[Any, ...]]:
    """What axe finds on the open page, however slight: rule, impact and where."""
    run(browser, AXE.read_text())
    found = browser.execute_async_script(CHECK)["violations"]
    return [(rule["id"], rule["impact"], part["html"]) for rule in found for part in rule["nodes"]]


@pytest.fixture(params=[("light", 1400, 1000), ("dark", 360, 780)], ids=["desk", "dark-phone"])
def viewer(browser: Chrome, request: pytest.FixtureRequest) -> Chrome:
    """The browser of somebody at a desk, and of somebody with a dark phone."""
    scheme, width, height = request.param
    prefer(browser, scheme)
    resize(browser, width, height)
    return browser


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_accessible(viewer: Chrome, monitor: Monitor, page: str) -> None:
    address, rendered = PAGES[page]
    visit(viewer, f"{monitor.url}{address}", rendered)
    assert violations(viewer) == []


def test_a_dark_desk_is_readable(browser: Chrome, monitor: Monitor) -> None:
    prefer(browser, "dark")
    resize(browser, 1400, 1000)
    visit(browser, f"{monitor.url}{pipeline_link('fathom')}", TABLE)
    assert violations(browser) == []


def test_a_submit_dialog_is_accessible(viewer: Chrome, monitor: Monitor) -> None:
    opener = """[id='{"form":"process_fathom_stack","part":"open"}']"""
    visit(viewer, f"{monitor.url}{pipeline_link('fathom')}", opener)
    run(viewer, "document.querySelector(arguments[0]).click()", opener)
    wait_for(lambda: bool(viewer.find_elements("css selector", ".modal.show .dash-dropdown")), 10)
    assert violations(viewer) == []


def test_an_open_filter_is_accessible(viewer: Chrome, monitor: Monitor) -> None:
    button = ".filters button.dash-dropdown"
    visit(viewer, f"{monitor.url}{pipeline_link('fathom')}", button)
    viewer.find_element("css selector", button).click()
    wait_for(lambda: bool(viewer.find_elements("css selector", ".dash-dropdown-option")), 10)
    assert violations(viewer) == []
