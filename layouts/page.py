"""The frame around every page: header, age of the numbers, refresh, the banner for problems."""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import dcc, html

from layouts import ids
from layouts.aria import aria
from layouts.links import SELECTOR

# Choices of the refresh in seconds; 0 is off. While jobs run, the default looks more often.
CHOICES = {0: "off", 30: "30 s (5 s while jobs run)", 60: "1 m", 300: "5 m", 600: "10 m"}
DEFAULT, LIVELY = 30, 5

INDEX = """<!DOCTYPE html>
<html lang="en">
    <head>
        {%metas%}
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{%title%}</title>
        {%favicon%}
        {%css%}
    </head>
    <body>
        {%app_entry%}
        <footer>
            {%config%}
            {%scripts%}
            {%renderer%}
        </footer>
    </body>
</html>
"""


def shell() -> html.Div:
    """The app's layout: everything but the page itself."""
    return html.Div(
        [
            dcc.Location(id=ids.LOCATION, refresh=False),
            dcc.Interval(id=ids.TICK, interval=DEFAULT * 1000),
            dcc.Interval(id=ids.SECOND, interval=1000),
            dcc.Store(id=ids.AS_OF),
            dcc.Store(id=ids.ACTIVE),
            dcc.Store(id=ids.SUBMITTED),
            dcc.Store(id=ids.ZONE),
            html.Header([_title(), _controls()], className="top"),
            html.Div(id=ids.PROBLEM, role="alert", hidden=True, className="problem"),
            html.Main(id=ids.PAGE),
        ],
        id=ids.MAIN,
    )


def _title() -> html.Nav:
    return html.Nav(dcc.Link("Pipeline Monitor", href=SELECTOR), **aria(label="Home"))


def _controls() -> html.Div:
    return html.Div(
        [
            html.Span(id=ids.AGE, className="age"),
            html.Button("Refresh", id=ids.REFRESH, className="button"),
            html.Label(["Auto", _auto()]),
        ],
        className="controls",
    )


def _auto() -> dbc.Select:
    return dbc.Select(
        id=ids.AUTO,
        options=[{"label": label, "value": str(value)} for value, label in CHOICES.items()],
        value=str(DEFAULT),
    )
