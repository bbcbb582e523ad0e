"""What a first view is compared with: a Dash page of one empty table, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import dash_bootstrap_components as dbc
import requests
from dash import Dash, dash_table
from flask import Flask

from settings import SOURCE
from tests.monitor import free_port, wait_for

COLUMNS = ("region", "files", "completed")


def server() -> Flask:
    """The page's server, for gunicorn; its style sheet is ours of Bootstrap, not a CDN's."""
    app = Dash(
        __name__,
        assets_folder=str(SOURCE / "assets"),
        assets_ignore=r"^(?!10-bootstrap)",
    )
    table = dash_table.DataTable(  # type: ignore[attr-defined] # dash hides it
        columns=[{"id": name, "name": name} for name in COLUMNS], data=[]
    )
    app.layout = dbc.Container([dbc.Row(dbc.Col(table))])
    flask: Flask = app.server
    return flask


@contextmanager
def served_empty_table() -> Iterator[str]:
    """The page's URL, served by gunicorn as the dashboard is."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "gunicorn", "benchmarks.empty_table:server()"]
    process = subprocess.Popen(command, env={**os.environ, "PORT": str(port)}, cwd=SOURCE)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: process.poll() is not None or _answers(url))
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=10).status_code == 200
    except requests.ConnectionError:
        return False
