"""A job's charts, drawn by a real browser when somebody opens them."""

from __future__ import annotations

from dash.testing.browser import Browser
from plotly.offline import get_plotlyjs_version
from sqlalchemy import Engine

from layouts.links import job_link
from layouts.page import PLOTLY
from settings import SOURCE
from tests.browsing import PAGE, cell, severe
from tests.factories import add_files, add_job, add_task
from tests.monitor import wait_for

POINTS = "#charts .scatterlayer .point"


def add_finished(engine: Engine, *statuses: str) -> None:
    with engine.begin() as connection:
        for status in statuses:
            memory = {"peak_memory_mb": 512.5}
            add_task(connection, "job-1", "g1", status, seconds=3, ended="1 hour", metadata=memory)


def test_charts_are_loaded_when_they_are_opened_and_follow_the_numbers(
    dash_br: Browser, site: str, engine: Engine
) -> None:
    with engine.begin() as connection:
        add_job(connection, "job-1")
    add_finished(engine, "completed", "failed")
    dash_br.driver.get(f"{site}{job_link('job-1')}")
    dash_br.wait_for_contains_text("#page h1", "job-1")
    loaded = "return performance.getEntriesByType('resource').map((entry) => entry.name).join()"
    assert "plotly" not in dash_br.driver.execute_script(loaded)
    dash_br.find_element("#charts-opener").click()
    wait_for(lambda: len(dash_br.find_elements(POINTS)) == 4, 20)
    assert f"/assets/{PLOTLY}" in dash_br.driver.execute_script(loaded)
    graph = dash_br.find_element("#charts .js-plotly-plot")
    add_finished(engine, "completed")
    dash_br.find_element("#refresh").click()
    wait_for(lambda: len(dash_br.find_elements(POINTS)) == 6, 20)
    assert graph == dash_br.find_element("#charts .js-plotly-plot")
    assert severe(dash_br) == []


def test_the_charts_script_is_of_plotlys_version() -> None:
    version = get_plotlyjs_version()
    assert f"plotly-basic-{version}.min.js" == PLOTLY
    script = (SOURCE / "assets" / PLOTLY).read_text(encoding="utf-8")
    assert f"plotly.js (basic - minified) v{version}" in script[:100]


def test_a_pipelines_completions_are_drawn_and_narrowed_with_the_page(
    dash_br: Browser, site: str, engine: Engine
) -> None:
    with engine.begin() as connection:
        for region, files in (("rwa", 5), ("civ", 7)):
            add_files(connection, files, metadata={"region": region}, phase1="20 minutes")
    dash_br.driver.get(f"{site}{PAGE}")
    dash_br.wait_for_element("#charts-opener")
    opener = dash_br.find_element("#charts-opener")
    dash_br.driver.execute_script("arguments[0].click()", opener)
    wait_for(lambda: heights(dash_br) == [12], 20)
    view = dash_br.find_elements(f"{cell('view')} a")[0]
    dash_br.driver.execute_script("arguments[0].click()", view)
    wait_for(lambda: heights(dash_br) == [7], 20)
    assert severe(dash_br) == []


def heights(page: Browser) -> list[float]:
    """The heights of the bars of the first phase."""
    script = "return document.querySelector('#charts .js-plotly-plot')?.data?.[0]?.y ?? []"
    found: list[float] = page.driver.execute_script(script)
    return found
