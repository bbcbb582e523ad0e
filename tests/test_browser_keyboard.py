"""Everything that a mouse can do, without one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys
from sqlalchemy import Engine

from layouts.links import pipeline_link
from tests import browsing
from tests.browsing import cell, filter_field, sorter
from tests.chrome import chrome, press, run, visit
from tests.factories import add_files, add_job
from tests.monitor import wait_for

REGIONS = 30
PAGE = pipeline_link("fathom")
REGION = "details[data-panel='by.region']"
NEXT, PREVIOUS = f"{REGION} {browsing.NEXT}", f"{REGION} {browsing.PREVIOUS}"
NAME = """
    const e = document.activeElement;
    return e.getAttribute("aria-label") || e.labels?.[0]?.innerText || e.textContent;
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    """One browser for all tests."""
    with chrome() as browser:
        browser.set_window_size(1400, 1000)
        yield browser


@pytest.fixture
def page(browser: Chrome, engine: Engine, site: str) -> Chrome:
    """The page of a pipeline with so many regions that they need two pages."""
    with engine.begin() as connection:
        for number in range(REGIONS):
            phase1 = "1 minute" if number == REGIONS - 1 else None
            add_files(connection, 1, metadata={"region": f"r{number:02}"}, phase1=phase1)
        add_job(connection, "abcdef" * 8)
    visit(browser, f"{site}{PAGE}", f"{REGION} td")
    return browser


def focus(page: Chrome, selector: str) -> None:
    wait_for(lambda: bool(page.find_elements("css selector", selector)), 10)
    run(page, "document.querySelector(arguments[0]).focus()", selector)


def name(page: Chrome) -> str:
    """What the focused element is called."""
    return str(run(page, NAME)).strip()


def regions(page: Chrome) -> list[str]:
    """The regions that the table shows."""
    cells = f"{REGION} {cell('value')}"
    return [cell.text for cell in page.find_elements("css selector", cells)]


def tabbed(page: Chrome, until: str) -> list[str]:
    """The names of what Tab leads to, up to one of them."""
    names: list[str] = []
    while until not in names:
        assert len(names) < 150, f"Tab never leads to {until}: {names}"
        press(page, Keys.TAB)
        names.append(name(page))
    return names


def test_tab_goes_through_the_page_in_the_order_of_reading(page: Chrome) -> None:
    names = tabbed(page, "View all")
    order = [
        "Skip to the page",
        "Pipelines",
        "Jobs",
        "Refresh",
        "Sort by Region",
        "Sort by Total files",
        "Filter Region",
        "Filter Total files",
        "View",
        "Page",
        "Next page",
        "Last page",
        "View all",
    ]
    assert [each for each in order if each not in names] == []
    assert [names.index(each) for each in order] == sorted(names.index(each) for each in order)
    assert not {"Sort by Actions", "Filter Actions"} & set(names)


def test_what_has_the_focus_is_seen(page: Chrome) -> None:
    unseen = """
        const style = getComputedStyle(document.activeElement);
        return style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 1;
    """
    hidden = []
    for _ in range(60):
        press(page, Keys.TAB)
        if run(page, unseen):
            hidden.append(name(page))
    assert hidden == []


def test_enter_and_space_sort_and_the_order_is_told(page: Chrome) -> None:
    header = f"{REGION} {browsing.header('phase1_percent')}[aria-sort]"
    orders = []
    focus(page, f"{REGION} {sorter('phase1_percent')}")
    for key in (Keys.ENTER, Keys.SPACE):
        press(page, key)
        wait_for(lambda: len(page.find_elements("css selector", header)) == 1, 5)
        orders.append(page.find_element("css selector", header).get_attribute("aria-sort"))
    assert orders == ["ascending", "descending"]
    assert regions(page)[0] == f"r{REGIONS - 1}"
    assert name(page) == "Sort by Phase 1 %"


def test_a_table_is_filtered(page: Chrome) -> None:
    focus(page, f"{REGION} {filter_field('value')}")
    press(page, "r07", Keys.ENTER)
    wait_for(lambda: regions(page) == ["r07"], 5)
    press(page, Keys.TAB)
    assert name(page) == "Filter Total files"


def test_a_table_is_paged_and_the_focus_is_not_lost_on_the_last_page(page: Chrome) -> None:
    focus(page, NEXT)
    press(page, Keys.ENTER)
    wait_for(lambda: f"r{REGIONS - 1}" in regions(page), 5)
    assert name(page) == "Previous page"
    press(page, Keys.SPACE)
    wait_for(lambda: "r00" in regions(page), 5)
    assert name(page) == "Next page"


def test_a_filter_narrows_the_page(page: Chrome) -> None:
    names = tabbed(page, "Region\nall")
    assert "Refresh" in names
    press(page, Keys.ENTER)
    wait_for(lambda: bool(page.find_elements("css selector", ".dash-dropdown-option")), 5)
    wait_for(lambda: name(page) == "Search Region", 5)
    press(page, Keys.ARROW_DOWN)
    wait_for(lambda: run(page, "return document.activeElement.type") == "checkbox", 5)
    press(page, Keys.SPACE, Keys.ESCAPE)
    wait_for(lambda: "region=" in page.current_url, 5)
    wait_for(lambda: name(page).startswith("Region"), 5)
    press(page, Keys.TAB)
    assert name(page).startswith("Flood Type")


def test_a_copied_id_is_told(page: Chrome) -> None:
    focus(page, "a[href^='#copy=']")
    press(page, Keys.ENTER)
    said = page.find_element("css selector", "[role='status']#said")
    wait_for(lambda: said.get_attribute("textContent") in ("Copied", "Copying is not allowed"), 5)
    assert page.find_elements("css selector", "a[data-copied]")


def test_a_link_to_another_page_takes_the_focus_along(page: Chrome) -> None:
    focus(page, ".banner .number a")
    press(page, Keys.ENTER)
    wait_for(lambda: "groups" in page.current_url, 5)
    wait_for(lambda: run(page, "return document.activeElement.id") == "page", 5)
