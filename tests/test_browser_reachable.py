"""A page whose server goes says so, and goes on by itself when it is back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dash import Dash
from dash.testing.browser import Browser
from sqlalchemy import Engine
from werkzeug.serving import make_server

from layouts.links import JOB_PAGE
from tests.browsing import PAGE, count
from tests.factories import add_files
from tests.monitor import wait_for
from tests.test_jobs_runner import add_job


@contextmanager
def served(dashboard: Dash, port: int = 0) -> Iterator[int]:
    server = make_server("127.0.0.1", port, dashboard.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def said(browser: Browser, name: str = "unreachable") -> str:
    # In one go: a page that is loaded again has other elements.
    script = "return document.getElementById(arguments[0])?.innerText ?? ''"
    return str(browser.driver.execute_script(script, name))


def test_a_server_that_goes_is_told_at_any_refresh_and_found_again(
    dash_br: Browser, dashboard: Dash, engine: Engine
) -> None:
    with served(dashboard) as port:
        dash_br.driver.get(f"http://127.0.0.1:{port}{PAGE}&auto=0")
        wait_for(lambda: count(dash_br, "total") == 3, 10)
        assert said(dash_br) == ""
    dash_br.find_element("#refresh").click()
    wait_for(lambda: said(dash_br).startswith("Server not reachable since "), 30)
    assert said(dash_br).endswith(", retrying")
    with engine.begin() as connection:
        add_files(connection, 5)
    with served(dashboard, port):
        wait_for(lambda: said(dash_br) == "", 30)
        dash_br.find_element("#refresh").click()
        wait_for(lambda: count(dash_br, "total") == 8, 20)


def test_a_page_that_was_asked_for_meanwhile_comes_when_the_server_is_back(
    dash_br: Browser, dashboard: Dash, engine: Engine
) -> None:
    add_job(engine, "asked-meanwhile", "process_fathom_stack")
    with served(dashboard) as port:
        dash_br.driver.get(f"http://127.0.0.1:{port}{PAGE}")
        wait_for(lambda: count(dash_br, "total") == 3, 10)
    script = f"""
        window.history.pushState({{}}, "", "{JOB_PAGE}?job_id=asked-meanwhile");
        window.dispatchEvent(new PopStateEvent("popstate"));
    """
    dash_br.driver.execute_script(script)
    wait_for(lambda: said(dash_br).startswith("Server not reachable since "), 30)
    with served(dashboard, port):
        wait_for(lambda: "asked-meanwhile" in said(dash_br, "page"), 30)
