"""What surrounds every page: header, age of the numbers, refresh, the banner for problems."""

from __future__ import annotations

from collections.abc import Mapping

import dash_bootstrap_components as dbc
from dash import dcc, html

from layouts import ids
from layouts.aria import aria
from layouts.links import JOBS, SELECTOR

# Choices of the refresh in seconds; 0 is off. While jobs run, the default looks more often.
INTERVALS = {0: "off", 30: "30 s", 60: "1 m", 300: "5 m", 600: "10 m"}
DEFAULT = 30
OFTEN = "At 30 s, the page looks every 5 s while jobs run"
# The symbols are all that a phone has room for.
THEMES = {"system": "◐ System", "light": "○ Light", "dark": "● Dark"}

# Bars and lines alone, a quarter of the whole; a chart that is opened fetches it. Dash writes the
# address of the whole into a name of its own, which is taken first.
PLOTLY = "plotly-basic-4.1.1.min.js"

# A chosen theme is there before anything is drawn, so that no page flashes in the other one;
# assets/theme.js does the rest.
INDEX = """<!DOCTYPE html>
<html lang="en">
    <head>
        {%metas%}
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{%title%}</title>
        <link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
        <script>
            try {
                const theme = localStorage.getItem("pipeline-monitor.theme");
                if (theme) document.documentElement.dataset.bsTheme = theme;
            } catch {}
        </script>
        {%css%}
    </head>
    <body>
        {%app_entry%}
        <footer>
            {%config%}
            {%scripts%}
            {%renderer%}
            <script>
                Object.defineProperty(window, "_dashPlotlyJSURL", {
                    get: () => "/assets/PLOTLY", set: () => {},
                });
            </script>
        </footer>
    </body>
</html>
""".replace("PLOTLY", PLOTLY)


def shell(warning: str | None = None) -> html.Div:
    """The app's layout: everything but the page itself; `warning` is for all who look at it."""
    return html.Div(
        [
            dcc.Location(id=ids.LOCATION, refresh=False),
            dcc.Interval(id=ids.TICK, interval=DEFAULT * 1000),
            dcc.Interval(id=ids.SECOND, interval=1000),
            dcc.Store(id=ids.AS_OF),
            dcc.Store(id=ids.ACTIVE),
            dcc.Store(id=ids.SUBMITTED),
            dcc.Store(id=ids.ZONE),
            html.A("Skip to the page", href=f"#{ids.PAGE}", className="skip"),
            html.Header([places(), _controls()], className="top"),
            *([html.P(f"Attention: {warning}", className="notice")] if warning else []),
            html.Div(id=ids.PROBLEM, role="alert", hidden=True, className="problem"),
            # assets/reachable.js shows it: the server, which is gone then, can't.
            html.Div(id=ids.UNREACHABLE, role="alert", hidden=True, className="problem"),
            html.Main(_skeleton(), id=ids.PAGE, tabIndex=-1),
            # What a script has to say to who can't see it.
            html.Div(id=ids.SAID, role="status", className="visually-hidden"),
        ],
        id=ids.MAIN,
    )


def places() -> html.Nav:
    """The places that the header leads to."""
    return html.Nav(
        [
            dcc.Link("Pipeline Monitor", href=SELECTOR, className="brand"),
            dcc.Link("Pipelines", href=SELECTOR),
            dcc.Link("Jobs", href=JOBS),
        ],
        **aria(label="Places"),
    )


def _controls() -> html.Div:
    return html.Div(
        [
            html.Span(id=ids.AGE, className="age"),
            html.Button("Refresh", id=ids.REFRESH, className="button"),
            _choice("Auto", ids.AUTO, {str(n): label for n, label in INTERVALS.items()}, OFTEN),
            _choice("Theme", ids.THEME, THEMES, ""),
        ],
        className="controls",
    )


def _choice(name: str, own: str, choices: Mapping[str, str], title: str) -> html.Label:
    options = [{"label": label, "value": value} for value, label in choices.items()]
    first = str(DEFAULT) if own == ids.AUTO else next(iter(choices))
    select = dbc.Select(id=own, options=options, value=first)
    return html.Label([html.Span(name), select], title=title)


def _skeleton() -> html.Div:
    """The shape of a page, until the first one is there."""
    return html.Div(
        [
            html.Span("Loading the page", role="status", className="visually-hidden"),
            html.Div(className="line"),
            html.Div(className="block"),
            html.Div([html.Div(), html.Div()], className="pair"),
            html.Div(className="block"),
        ],
        className="skeleton",
    )
