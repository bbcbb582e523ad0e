"""`python app.py serve`: the dashboard, on gunicorn."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

import click
from flask import Flask
from gunicorn.app.base import Application

from commands.configuration import policy_of
from database.engine import parse_url
from jobs.catalog import load_job_types
from settings import SOURCE, Settings

CONFIGURATION = SOURCE / "gunicorn.conf.py"


class Server(Application):  # type: ignore[misc] # gunicorn has no types
    """Gunicorn, configured by gunicorn.conf.py and the given settings."""

    def __init__(self, settings: Settings, make_server: Callable[[], Flask]) -> None:
        self._settings = settings
        self._make_server = make_server
        super().__init__()

    def load_config(self) -> None:
        """Loads gunicorn.conf.py, which reads our settings from the environment."""
        os.environ.update(self._settings.as_environment())
        self.load_config_from_file(str(CONFIGURATION))

    def load(self) -> Flask:
        """Creates the application in the process that serves it: threads don't survive a fork."""
        return self._make_server()


def address(settings: Settings) -> str:
    """The dashboard's URL."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def check_start(settings: Settings) -> None:
    """Checks what a server needs, and says what is open to others.

    Raises click.ClickException for a port in use, CatalogError for an unusable job type,
    AccessError for rules that can't be used and DatabaseError for a URL of another kind.
    """
    if settings.database_url is not None:
        parse_url(settings.database_url)
    policy = policy_of(settings)
    if warning := policy.exposure(settings.host):
        click.echo(f"Warning: {warning}", err=True)
    _check_port(settings)
    load_job_types(settings.jobs_module)


def _check_port(settings: Settings) -> None:
    """Raises click.ClickException if the server can't listen on the address."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise click.ClickException(
                f"Can't serve on {address(settings)}: {error.strerror}. "
                "Stop what uses it, or choose another with PORT=8051."
            ) from error
