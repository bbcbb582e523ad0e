"""How a page looks: themes, sizes, the first moment, and what may stand in a table."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome
from sqlalchemy import Engine

from layouts.links import JOBS, SELECTOR, job_link, pipeline_link
from tests.browsing import CELL_TEXT, PERCENTS, cell
from tests.chrome import chrome, prefer, resize, run, visit
from tests.factories import add_files, add_job, add_task
from tests.monitor import wait_for

PAGE = pipeline_link("fathom")
JOB = "abcdef" * 8
LONG = ("<b>very</b><script>alert(1)</script>" + "_long_region_without_any_break" * 6)[:180]
ERROR = ("ValueError: <img src=x onerror=alert(1)> /mnt/a/path/without/any/break" * 40)[:2000]
TABLE = "#page td"
WIDTHS = [360, 1280, 3840]
GROUND = "return getComputedStyle(document.body).backgroundColor"
LIGHT, DARK = "rgb(246, 247, 248)", "rgb(15, 19, 24)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    """One browser for all tests."""
    with chrome() as browser:
        yield browser


@pytest.fixture
def page(browser: Chrome, engine: Engine, site: str) -> Iterator[Chrome]:
    """A browser for the dashboard over 54 regions and worse; it begins without a choice."""
    with engine.begin() as connection:
        for number in range(53):
            add_files(connection, 1, metadata={"region": f"r{number:02}"}, phase1="9 minutes")
        add_files(connection, 53, metadata={"region": LONG}, group="g")
        add_job(connection, JOB, parameters={"region_code": LONG})
        add_task(connection, JOB, "g", "failed", seconds=3, error=ERROR)
    prefer(browser, "light")
    resize(browser, 1280, 900)
    yield browser
    run(browser, "localStorage.clear()")


def test_the_theme_follows_the_system_until_one_is_chosen(page: Chrome, site: str) -> None:
    visit(page, f"{site}{SELECTOR}")
    assert run(page, GROUND) == LIGHT
    prefer(page, "dark")
    wait_for(lambda: run(page, GROUND) == DARK, 5)
    page.find_element("css selector", "#theme [value='light']").click()
    wait_for(lambda: run(page, GROUND) == LIGHT, 5)
    visit(page, f"{site}{SELECTOR}")
    wait_for(lambda: run(page, "return document.querySelector('#theme').value") == "light", 5)
    assert run(page, GROUND) == LIGHT


def test_a_chosen_theme_is_there_before_anything_is_drawn(page: Chrome, site: str) -> None:
    visit(page, f"{site}{SELECTOR}")
    run(page, "localStorage.setItem('pipeline-monitor.theme', 'dark')")
    # Without the scripts of assets/, which come after the body.
    page.execute_cdp_cmd("Network.enable", {})
    page.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*.js*"]})
    page.get(f"{site}{SELECTOR}")
    ground = run(page, GROUND)
    page.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    page.get_log("browser")
    assert ground == DARK


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_its_window(page: Chrome, site: str, width: int) -> None:
    resize(page, width, 900)
    wide = {}
    for address in (SELECTOR, f"{PAGE}&region={LONG}", JOBS, job_link(JOB), "/nothing"):
        visit(page, f"{site}{address}", "#page h1" if address in (SELECTOR, "/nothing") else TABLE)
        wide[address] = run(page, "return document.documentElement.scrollWidth")
    assert {address: found for address, found in wide.items() if found > width} == {}


def test_a_phones_header_takes_two_rows(page: Chrome, site: str) -> None:
    resize(page, 360, 780)
    visit(page, f"{site}{PAGE}")
    wait_for(lambda: "as of" in page.find_element("css selector", "#age").text, 5)
    tops = "return [...document.querySelectorAll('.top a, .top span, .top button, .top select')]"
    middle = f"{tops}.filter((e) => e.offsetWidth > 1).map((e) => e.getBoundingClientRect())"
    rows = run(page, f"{middle}.map((box) => Math.round((box.top + box.height / 2) / 12))")
    assert len(set(rows)) <= 2


@pytest.mark.parametrize("width", [360, 3840])
def test_the_numbers_are_the_largest_thing_of_a_page(page: Chrome, site: str, width: int) -> None:
    resize(page, width, 900)
    visit(page, f"{site}{PAGE}", TABLE)
    sizes = """
        const size = (e) => parseFloat(getComputedStyle(e).fontSize);
        const sizes = (selector) => [...document.querySelectorAll(selector)].map(size);
        const others = sizes("main *:not(.number, .number *)");
        return [Math.min(...sizes(".number")), Math.max(...others)];
    """
    number, other = run(page, sizes)
    assert number > other


@pytest.mark.parametrize("width", [360, 1280])
def test_a_number_of_eleven_million_stays_on_one_line(page: Chrome, site: str, width: int) -> None:
    resize(page, width, 900)
    visit(page, f"{site}{PAGE}", TABLE)
    lines = """
        return [...document.querySelectorAll(".tile .number span, .counts dd span")].map((e) => {
            e.textContent = "11,000,000";
            return e.getClientRects().length;
        });
    """
    found = run(page, lines)
    assert len(found) >= 10
    assert set(found) == {1}


def test_markup_in_a_name_is_text(page: Chrome, site: str) -> None:
    visit(page, f"{site}{PAGE}", TABLE)
    displayed = run(page, "return [...document.querySelectorAll('td')].map((e) => e.textContent)")
    assert LONG in displayed
    assert page.find_elements("css selector", "main td b, main td script, main td img") == []


def test_a_page_long_error_is_cut_and_opens(page: Chrome, site: str) -> None:
    visit(page, f"{site}{job_link(JOB)}", "td[data-long='cut']")
    error = page.find_element("css selector", f"td[data-long] {CELL_TEXT}")
    cut = error.size["height"]
    error.click()
    wait_for(lambda: error.size["height"] > 3 * cut, 5)
    assert error.get_attribute("aria-expanded") == "true"
    assert error.text == ERROR


def test_the_bar_under_a_percent_is_as_long_as_it_says(page: Chrome, site: str) -> None:
    visit(page, f"{site}{PAGE}", TABLE)
    shares = f"""
        return [...document.querySelectorAll("{PERCENTS}")].map(
            (e) => [e.textContent, e.style.getPropertyValue("--pm-share")]);
    """
    found = [(text, float(share)) for text, share in run(page, shares)]
    assert {text for text, _ in found} >= {"0.0%", "100.0%"}
    assert all(share == pytest.approx(float(text[:-1]) / 100) for text, share in found)


def test_a_time_in_a_table_is_the_viewers_with_utc_on_hover(page: Chrome, site: str) -> None:
    page.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Kathmandu"})
    visit(page, f"{site}{JOBS}", TABLE)
    created = page.find_element("css selector", f"{cell('created_at')} {CELL_TEXT}")
    here, utc = created.text, created.get_attribute("title")
    page.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", utc)
    minutes = [int(time[11:13]) * 60 + int(time[14:16]) for time in (here, utc)]
    assert (minutes[0] - minutes[1]) % 1440 == 5 * 60 + 45


def test_before_the_first_answer_a_page_has_its_shape(page: Chrome, site: str) -> None:
    page.execute_cdp_cmd("Network.enable", {})
    page.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*_dash-update-component*"]})
    visit(page, f"{site}{PAGE}", "main .skeleton")
    block = page.find_element("css selector", "main .skeleton .block").size
    moving = run(page, "return document.getAnimations().length")
    page.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    page.get_log("browser")
    assert block["height"] > 100
    assert moving == 0


def test_the_tab_tells_the_progress(page: Chrome, site: str) -> None:
    visit(page, f"{site}{PAGE}", TABLE)
    wait_for(lambda: page.title == "0.0% FATHOM Flood Data Pipeline – Pipeline Monitor", 5)


def test_numbers_that_grow_old_say_so(page: Chrome, site: str) -> None:
    visit(page, f"{site}{PAGE}", TABLE)
    wait_for(lambda: "as of" in page.find_element("css selector", "#age").text, 5)
    assert page.find_elements("css selector", "#age[data-stale]") == []
    # As if no answer had come for ten minutes.
    then = "{data: {at: '2026-01-06T12:00:00Z', age: 600}}"
    run(page, f"window.dash_clientside.set_props('as-of', {then})")
    wait_for(lambda: bool(page.find_elements("css selector", "#age[data-stale]")), 5)
    assert "10 min ago" in page.find_element("css selector", "#age").text


def test_a_page_prints_without_its_controls_and_in_light(page: Chrome, site: str) -> None:
    prefer(page, "dark", media="print")
    visit(page, f"{site}{PAGE}", "main td")
    displayed = "return [...document.querySelectorAll('.controls, .button, .filters')]"
    assert run(page, f"{displayed}.filter((e) => e.offsetHeight).length") == 0
    assert run(page, "return getComputedStyle(document.querySelector('h1')).color") == (
        "rgb(22, 32, 43)"
    )


def test_with_forced_colours_a_bar_still_shows_its_parts(page: Chrome, site: str) -> None:
    prefer(page, "light", forced_colors="active")
    visit(page, f"{site}{PAGE}", TABLE)
    bar = "getComputedStyle(document.querySelector('.bar'))"
    part = "getComputedStyle(document.querySelector('.segment.completed'))"
    assert run(page, f"return {bar}.borderTopStyle") == "solid"
    assert run(page, f"return {part}.backgroundColor !== {bar}.backgroundColor")


def test_nothing_is_loaded_from_outside(page: Chrome, site: str) -> None:
    visit(page, f"{site}{PAGE}", TABLE)
    loaded = run(page, "return performance.getEntriesByType('resource').map((e) => e.name)")
    assert len(loaded) > 10
    assert [name for name in loaded if not name.startswith(f"{site}/")] == []
