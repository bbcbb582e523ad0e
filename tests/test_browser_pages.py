"""What a page keeps while its numbers change, and how it follows its address."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from dash.testing.browser import Browser
from selenium.webdriver.common.keys import Keys
from sqlalchemy import Engine

from queries.snapshots import Snapshots
from tests.browsing import PAGE, cell, cells, count, filter_field, severe, slot, sorter, text
from tests.door import Door
from tests.factories import add_files, add_job, add_three
from tests.monitor import wait_for

SLOW = """
    const ask = window.fetch;
    window.fetch = async (...about) => {
        await new Promise((after) => setTimeout(after, 1500));
        return ask(...about);
    };
"""
REGIONS = "[id*='by.region']"
FILTER = filter_field("value")


@pytest.fixture
def page(dash_br: Browser, site: str) -> Iterator[Browser]:
    """A browser on the page of the pipeline; it ends without errors on the console."""
    dash_br.driver.get(f"{site}{PAGE}")
    wait_for(lambda: bool(dash_br.find_elements("[id$='.total\"}']")), 10)
    dash_br.driver.set_window_size(1200, 700)
    yield dash_br
    assert severe(dash_br) == []


def run(page: Browser, script: str, *arguments: Any) -> Any:
    return page.driver.execute_script(script, *arguments)


def press(page: Browser, selector: str, number: int = 0) -> None:
    """Clicks, wherever the sticky header is."""
    element = page.find_elements(selector)[number]
    run(page, "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
    element.click()


def refresh(page: Browser, total: int) -> None:
    """Refreshes until the page shows so many files."""
    page.find_element("#refresh").click()
    wait_for(lambda: count(page, "total") == total, 10)


def here(page: Browser) -> str:
    return str(run(page, "return location.pathname + location.search"))


def test_a_refresh_keeps_what_a_person_has_done(page: Browser, engine: Engine) -> None:
    add_three(engine)
    refresh(page, 6)
    press(page, sorter("total"))
    press(page, FILTER)
    page.find_element(FILTER).send_keys("r", Keys.ENTER)
    wait_for(lambda: cells(page, "value", REGIONS) == ["rwa"], 5)
    press(page, "summary", 1)
    run(page, "window.scrollTo({top: 250, behavior: 'instant'})")
    run(page, "document.querySelector('#page h1').mark = 'same'")
    offset = run(page, "return window.scrollY")
    with engine.begin() as connection:
        add_files(connection, 4, metadata={"region": "rwa", "flood_type": "fluvial"})
    run(page, "window.dash_clientside.set_props('refresh', {n_clicks: 99})")
    wait_for(lambda: count(page, "total") == 10, 10)
    assert (cells(page, "value", REGIONS), cells(page, "total", REGIONS)) == (["rwa"], ["7"])
    assert page.find_element(FILTER).get_attribute("value") == "r"
    assert run(page, "return window.scrollY") == offset
    assert run(page, "return document.querySelector('#page h1').mark") == "same"
    assert page.find_elements("details[data-panel]")[1].get_attribute("open") is not None


def answer(page: Browser, change: dict[str, Any]) -> None:
    """Has a tick's answer come to the page."""
    opening = slot(page, "total").get_attribute("id").split('"')[3].split(".")[0]
    script = "window.dash_clientside.set_props({changes: arguments[0]}, {data: arguments[1]})"
    run(page, script, opening, {"header": [], "before": None, "now": "a", **change})
    # Two answers at the same moment are one to the browser.
    time.sleep(0.2)


def test_an_answer_that_builds_on_other_numbers_is_left_out(page: Browser) -> None:
    answer(page, {"before": "other", "values": [entry("total", "99")]})
    answer(page, {"values": [entry("rate", "8/hr"), entry("gone", "")]})
    wait_for(lambda: text(page, "rate") == "8/hr", 5)
    assert text(page, "total") == "3"


def test_a_page_that_could_not_be_written_is_whole_at_the_next_tick(page: Browser) -> None:
    broken = ["text", "nothing", {}, {"rate": [[0, {"cell": 1}]]}]
    answer(page, {"values": [entry("total", "99"), broken]})
    wait_for(lambda: text(page, "total") == "99", 5)
    run(page, "window.dash_clientside.set_props('tick', {n_intervals: 5})")
    wait_for(lambda: text(page, "total") == "3", 5)
    assert "Cannot patch undefined" in severe(page)[0]["message"]


def entry(key: str, value: str) -> list[Any]:
    """A text that a tick's answer writes."""
    return ["text", "children", {key: value}, {}]


def test_a_tick_keeps_what_is_typed_into_an_open_form(
    page: Browser, engine: Engine, snapshots: Snapshots
) -> None:
    press(page, """[id*='"form":"process_fathom_merge"'][id*='"part":"open"']""")
    page.wait_for_element(".modal-body")
    field = page.find_element("""[id*='"field":"output_prefix"'][id*='process_fathom_merge']""")
    field.send_keys("-half")
    add_three(engine)
    snapshots.renew("fathom")
    run(page, "window.dash_clientside.set_props('tick', {n_intervals: 5})")
    wait_for(lambda: count(page, "total") == 6, 10)
    assert field.get_attribute("value").endswith("-half")


def test_a_value_is_viewed_and_back_shows_all_again(page: Browser, engine: Engine) -> None:
    add_three(engine)
    refresh(page, 6)
    run(page, "window.notReloaded = true")
    press(page, f"{cell('view')} a")
    wait_for(lambda: count(page, "total") == 3, 10)
    assert here(page) == f"{PAGE}&region=civ"
    assert text(page, "filter.filtered") == "Filtered: Region 1 of 2, 3 of 6 files"
    page.driver.back()
    wait_for(lambda: count(page, "total") == 6, 10)
    assert here(page) == PAGE
    assert run(page, "return window.notReloaded")


def test_a_filter_goes_into_the_address_and_the_address_into_the_filter(
    page: Browser, engine: Engine, site: str
) -> None:
    add_three(engine)
    refresh(page, 6)
    slot(page, "filter.region", "options").click()
    options = page.wait_for_element(".dash-dropdown-content").find_elements("css selector", "label")
    next(option for option in options if option.text.startswith("civ")).click()
    wait_for(lambda: here(page).endswith("region=civ"), 5)
    wait_for(lambda: count(page, "total") == 3, 10)
    page.driver.get(f"{site}{PAGE}&region=rwa&open=active&auto=300")
    wait_for(lambda: "rwa" in slot(page, "filter.region", "options").text, 10)
    assert page.find_element("#auto").get_attribute("value") == "300"
    opened = page.find_elements("details[data-panel][open]")
    assert [panel.get_attribute("data-panel") for panel in opened] == ["active"]


def test_a_panel_has_its_rows_when_it_is_opened_and_none_from_before(
    page: Browser, engine: Engine
) -> None:
    kinds = "[id*='by.flood_type']"
    press(page, "summary", 1)
    wait_for(lambda: cells(page, "total", kinds) == ["3"], 5)
    press(page, "summary", 1)
    wait_for(lambda: "flood_type" not in here(page), 5)
    add_three(engine)
    refresh(page, 6)
    run(page, SLOW)
    press(page, "summary", 1)
    assert cells(page, "total", kinds) == [""]
    wait_for(lambda: cells(page, "total", kinds) == ["6"], 5)


def test_panels_and_the_pace_go_into_the_address(page: Browser) -> None:
    press(page, "summary", 1)
    wait_for(lambda: "open=by.region%2Cby.flood_type%2Cactive" in here(page), 5)
    page.find_element("#auto option[value='600']").click()
    wait_for(lambda: "auto=600" in here(page), 5)


def test_links_in_tables_lead_on_without_loading_the_page_again(
    page: Browser, engine: Engine
) -> None:
    with engine.begin() as connection:
        add_job(connection, "0123456789abcdef")
    run(page, "window.notReloaded = true")
    page.find_element("#refresh").click()
    page.wait_for_element(f"{cell('monitor')} a")
    press(page, f"{cell('monitor')} a")
    page.wait_for_contains_text("#page h1", "0123456789abcdef")
    assert run(page, "return window.notReloaded")


def test_a_database_that_is_away_leaves_the_numbers_and_comes_back(
    page: Browser, door: Door, engine: Engine
) -> None:
    door.close()
    page.find_element("#refresh").click()
    page.wait_for_contains_text("#problem", "not currently accepting connections")
    assert count(page, "total") == 3
    door.open()
    add_three(engine)
    page.find_element("#refresh").click()
    wait_for(lambda: not page.find_element("#problem").is_displayed(), 10)
    assert count(page, "total") == 6


def test_a_server_that_is_away_lets_the_age_grow(page: Browser) -> None:
    run(page, "window.fetch = () => Promise.reject(new Error('away'))")
    before = page.find_element(".age").text
    wait_for(lambda: page.find_element(".age").text != before)
    assert count(page, "total") == 3
    page.driver.get_log("browser")
