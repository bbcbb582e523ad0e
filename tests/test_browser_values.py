"""Values of any length and any name in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from dash.testing.browser import Browser
from selenium.webdriver.common.keys import Keys
from sqlalchemy import Engine

from queries.snapshots import Snapshots
from tests.browsing import PAGE, severe
from tests.factories import add_files
from tests.monitor import wait_for

# Of files each: as the tables may hold them.
VALUES = [
    "x" * 3_000,
    "y" * 20_000,
    " ".join(["word"] * 4_000),
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "a__proto__b",
    "\u202eabc",
    "tab\tand\x07bell",
    "<img src=x onerror=alert(1)>",
]


@pytest.fixture
def odd_regions(engine: Engine) -> None:
    """A file of each value, beside those of a usual one."""
    with engine.begin() as connection:
        for value in VALUES:
            add_files(connection, metadata={"region": value})


def run(page: Browser, script: str, *arguments: Any) -> Any:
    return page.driver.execute_script(script, *arguments)


def test_odd_values_take_nothing_from_anybody(
    dash_br: Browser, site: str, odd_regions: None, snapshots: Snapshots
) -> None:
    dash_br.driver.get(f"{site}{PAGE}")
    dash_br.wait_for_element('[id*="phase1.completed"]')
    dropdowns = dash_br.find_elements(".filters button.dash-dropdown")
    assert len(dropdowns) == 4
    # All can be opened, and searched.
    for number, dropdown in enumerate(dropdowns):
        dropdown.click()
        wait_for(lambda: len(dash_br.find_elements(".dash-dropdown-search")) == 1)
        if number == 0:
            wait_for(lambda: len(dash_br.find_elements(".dash-dropdown-option")) > len(VALUES))
            field = dash_br.find_element(".dash-dropdown-search")
            field.send_keys("constr")
            wait_for(lambda: len(dash_br.find_elements(".dash-dropdown-option")) == 1)
            field.send_keys(Keys.BACKSPACE * 6)
            wait_for(lambda: len(dash_br.find_elements(".dash-dropdown-option")) > len(VALUES))
            run(dash_br, "document.querySelector(arguments[0]).click()", "[title^='yyy']")
            wait_for(lambda: "1 of 13 files" in dash_br.find_element(".filtered").text)
        dash_br.find_element("body").send_keys(Keys.ESCAPE)
        wait_for(lambda: not dash_br.find_elements(".dash-dropdown-search"))
    assert run(dash_br, "return Object.keys(Object.prototype).length") == 0
    assert run(dash_br, "let n = 0; for (const key in {}) n += 1; return n") == 0
    assert severe(dash_br) == []
