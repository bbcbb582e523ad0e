"""A Dash page of dbc and one empty DataTable, as a plain app would serve it."""

from __future__ import annotations

import warnings

import dash_bootstrap_components as dbc
from dash import Dash, dash_table, html

from settings import SOURCE

app = Dash(__name__, assets_folder=str(SOURCE / "assets"), assets_ignore=r"^(?!10-bootstrap)")
with warnings.catch_warnings():
    # DataTable says that it will be removed.
    warnings.simplefilter("ignore")
    table = dash_table.DataTable(columns=[{"id": "value", "name": "Value"}], data=[])
app.layout = dbc.Container([html.H1("A page"), html.Div("0", className="number"), table])
server = app.server
