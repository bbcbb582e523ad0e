"""`python -m benchmarks.calling`: callbacks of one dashboard in a process, for callback.py.

It prints the median seconds of each as JSON. They are called as the server of a socket calls them
(WSGI), with what a browser would post.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from dash import Dash, Input, Output
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app import create_app
from benchmarks.completing import Completing
from benchmarks.rollups import rollup_engine
from benchmarks.timing import Timed, medians
from layouts import ids
from layouts.links import PIPELINE
from pipelines.registry import load_registry
from settings import Settings
from tests.tab import Tab

OFTEN, PATIENCE_SECONDS = 50, 60.0
CONSTANT = {
    "output": "constant.data",
    "outputs": {"id": "constant", "property": "data"},
    "inputs": [{"id": "pulse", "property": "n_intervals", "value": 1}],
    "changedPropIds": ["pulse.n_intervals"],
}


@click.command()
@click.argument("url")
@click.option("--repeat", type=int)
def main(url: str, repeat: int) -> None:
    """Calls callbacks in turns."""
    registry = load_registry()
    with rollup_engine(url, registry) as engine:
        app = create_app(Settings.model_validate({"database_url": url}), registry, url)
        app.callback(Output("constant", "data"), Input("pulse", "n_intervals"))(
            lambda _: "constant"
        )
        work = Completing(engine, repeat + 1)
        try:
            actions = _actions(app, work.complete_next)
            print(json.dumps(medians(actions, repeat)))
        finally:
            work.undo()


def _actions(app: Dash, complete: Callable[[], None]) -> dict[str, Timed]:
    with overhearing(app) as asked:
        tab = _opened(app)
        tab.tick()
        old = asked()
        complete()
        _wait_for(lambda: b'"values":' in _call(app, old))
        tab.tick(click=ids.REFRESH)
        click_ = asked()
        tab.tick()
        quiet = asked()
    constant = json.dumps(CONSTANT).encode()
    return {
        "constant": Timed(lambda: _call(app, constant), often=OFTEN),
        "new": Timed(lambda: _call(app, old), often=OFTEN),
        "quiet": Timed(lambda: _call(app, quiet), often=OFTEN),
        "refresh": Timed(lambda: _call(app, click_), complete),
    }


def _opened(app: Dash) -> Tab:
    tab = Tab(app)
    _wait_for(lambda: tab.get("/api/etl/stats?etl_type=fathom").status_code == 200)
    tab.open(PIPELINE, "?type=fathom")
    return tab


@contextmanager
def overhearing(app: Dash) -> Iterator[Callable[[], bytes]]:
    """Gives what was posted last to the dashboard, as long as the block lasts."""
    inner: Any = app.server.wsgi_app
    last: list[bytes] = [b""]

    def listen(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        last[0] = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        answer: Iterable[bytes] = inner({**environ, "wsgi.input": io.BytesIO(last[0])}, start)
        return answer

    app.server.wsgi_app = listen
    yield lambda: last[0]
    app.server.wsgi_app = inner


def _call(app: Dash, body: bytes) -> bytes:
    asked = EnvironBuilder(
        "/_dash-update-component", method="POST", data=body, content_type="application/json"
    )
    answer, status, _ = run_wsgi_app(app.server, asked.get_environ(), buffered=True)
    assert status.startswith("20"), status
    return b"".join(answer)


def _wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.1)


if __name__ == "__main__":
    main()
