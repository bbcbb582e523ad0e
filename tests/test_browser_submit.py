"""The submit dialog in a browser: filled in, checked, sent, run again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dash.testing.browser import Browser
from selenium.webdriver.common.keys import Keys
from sqlalchemy import Engine, text

from tests.browsing import PAGE, severe
from tests.factories import add_files
from tests.monitor import wait_for

STACK, MERGE = "process_fathom_stack", "process_fathom_merge"
TILE = {
    "region": "rwa",
    "flood_type": "fluvial",
    "defense": "defended",
    "year": 2020,
    "tile": "s02e029",
}


@pytest.fixture
def page(dash_br: Browser, site: str, engine: Engine) -> Iterator[Browser]:
    """A browser on the page, narrowed to a region of two groups; it ends without errors."""
    with engine.begin() as connection:
        add_files(connection, 8, metadata=TILE, group="g1")
        add_files(connection, 8, metadata=TILE, group="g2", phase1="30 minutes")
    dash_br.driver.get(f"{site}{PAGE}&region=rwa&year=2020")
    wait_for(lambda: bool(dash_br.find_elements("[id$='.total\"}']")), 10)
    yield dash_br
    assert severe(dash_br) == []


def part(page: Browser, job_type: str, name: str) -> Any:
    return page.find_element(f"""[id='{{"form":"{job_type}","part":"{name}"}}']""")


def field(page: Browser, job_type: str, name: str) -> Any:
    return page.find_element(f"""[id='{{"field":"{name}","form":"{job_type}"}}']""")


def mistake(page: Browser, job_type: str, name: str) -> str:
    found = page.find_element(f"""[id='{{"form":"{job_type}","mistake":"{name}"}}']""")
    return str(found.get_attribute("textContent"))


def open_form(page: Browser, job_type: str) -> None:
    opener = part(page, job_type, "open")
    page.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", opener)
    opener.click()
    page.wait_for_element(".modal-body")


def label(page: Browser, job_type: str) -> str:
    return str(part(page, job_type, "send").text)


def focused(page: Browser) -> str:
    """The type of the field that has the focus."""
    return str(page.driver.execute_script("return document.activeElement.type"))


def test_the_dialog_has_the_pages_filters_and_says_what_it_would_do(
    page: Browser, engine: Engine
) -> None:
    open_form(page, STACK)
    wait_for(lambda: label(page, STACK) == "Submit 1 group", 10)
    assert field(page, STACK, "region_code").get_attribute("value") == "rwa"
    assert "2020" in field(page, STACK, "years").text
    assert "1 group with 8 files to process" in part(page, STACK, "preview").text
    field(page, STACK, "force_reprocess").click()
    wait_for(lambda: label(page, STACK) == "Submit 2 groups", 10)
    part(page, STACK, "send").click()
    page.wait_for_contains_text(".answer", "submitted")
    wait_for(lambda: label(page, STACK) == "Already submitted", 10)
    with engine.connect() as connection:
        given = connection.execute(text("SELECT parameters FROM app.jobs")).scalar_one()
    assert (given["years"], given["force_reprocess"]) == ([2020], True)


def test_a_number_that_is_out_of_bounds_is_told_and_never_sent(
    page: Browser, engine: Engine
) -> None:
    open_form(page, MERGE)
    number = field(page, MERGE, "grid_size")
    number.send_keys(Keys.BACKSPACE, "99", Keys.TAB)
    wait_for(lambda: mistake(page, MERGE, "grid_size") == "expected 2 to 10", 10)
    part(page, MERGE, "send").click()
    page.wait_for_contains_text(".answer", "Nothing was submitted")
    number.send_keys(Keys.BACKSPACE, Keys.BACKSPACE, "3", Keys.TAB)
    wait_for(lambda: mistake(page, MERGE, "grid_size") == "", 10)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT COUNT(*) FROM app.jobs")).scalar_one() == 0


def test_a_list_is_chosen_from_by_keyboard(page: Browser, engine: Engine) -> None:
    open_form(page, STACK)
    wait_for(lambda: label(page, STACK) == "Submit 1 group", 10)
    field(page, STACK, "flood_types").send_keys(Keys.ENTER)
    page.wait_for_element(".dash-dropdown-search")
    wait_for(lambda: focused(page) == "search", 5)
    page.driver.switch_to.active_element.send_keys("coas")
    wait_for(lambda: len(page.find_elements(".dash-dropdown-option")) == 1, 5)
    page.driver.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    wait_for(lambda: focused(page) == "checkbox", 5)
    page.driver.switch_to.active_element.send_keys(Keys.SPACE)
    wait_for(lambda: label(page, STACK) == "Submit (nothing to do)", 10)
    assert "coastal" in field(page, STACK, "flood_types").text
    page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    wait_for(lambda: not page.find_elements(".dash-dropdown-search"), 10)
    assert page.find_elements(".modal-body")


def test_a_failed_job_is_run_again_from_the_dialog(page: Browser, engine: Engine) -> None:
    open_form(page, STACK)
    part(page, STACK, "send").click()
    wait_for(lambda: label(page, STACK) == "Already submitted", 10)
    with engine.begin() as connection:
        connection.execute(text("UPDATE app.jobs SET status = 'failed'"))
    field(page, STACK, "output_prefix").send_keys("x", Keys.TAB)
    wait_for(lambda: label(page, STACK) == "Submit 1 group", 10)
    assert not part(page, STACK, "again").is_displayed()
    field(page, STACK, "output_prefix").send_keys(Keys.BACKSPACE, Keys.TAB)
    wait_for(lambda: part(page, STACK, "again").is_displayed(), 10)
    part(page, STACK, "again").click()
    page.wait_for_contains_text(".answer", "retrying")
    wait_for(lambda: not part(page, STACK, "again").is_displayed(), 10)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT status::text FROM app.jobs")).scalar_one() == (
            "queued"
        )
