"""Sends a real database away, and lets it come back."""

from __future__ import annotations

from sqlalchemy import make_url, text

from database.embedded import EmbeddedDatabase
from database.engine import open_engine


class Door:
    """Closes a database as its administrator would: it takes no connections, and ends those."""

    def __init__(self, server: EmbeddedDatabase, url: str) -> None:
        self._admin = open_engine(server.url).execution_options(isolation_level="AUTOCOMMIT")
        self._name = make_url(url).database

    def close(self) -> None:
        """Nobody gets in, and who is in is thrown out."""
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
        with self._admin.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS false"))
            connection.execute(text(end), {"name": self._name})

    def open(self) -> None:
        """Everybody gets in again."""
        with self._admin.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS true"))

    def leave(self) -> None:
        """Lets go of the server."""
        self._admin.dispose()
