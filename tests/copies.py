"""Copies of a database, one for each test, made while the test before still runs."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Self

from sqlalchemy import make_url, text

from database.engine import open_engine


class Copies:
    """Makes copies of a template, which nobody may be connected to.

    On a disk copying takes longer than many a test, so that one copy is always made ahead.
    """

    def __init__(self, server: str, template: str) -> None:
        self._server = server
        self._template = template
        self._numbers = count()
        self._admin = open_engine(server).execution_options(isolation_level="AUTOCOMMIT")
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="copies")
        self._next = self._maker.submit(self._make)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._maker.shutdown()
        self._admin.dispose()

    @contextmanager
    def new(self) -> Iterator[str]:
        """URL of a copy that nobody has used, for the length of the block."""
        name = self._next.result()
        self._next = self._maker.submit(self._make)
        yield url_of(self._server, name)
        self._say(f"DROP DATABASE {name} WITH (FORCE)")

    def _make(self) -> str:
        name = f"{self._template}_{next(self._numbers)}"
        self._say(f"CREATE DATABASE {name} TEMPLATE {self._template} STRATEGY FILE_COPY")
        return name

    def _say(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))


def url_of(server: str, name: str) -> str:
    """The URL of a database of the server."""
    return make_url(server).set(database=name).render_as_string(hide_password=False)
