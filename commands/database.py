"""Opens the settings' database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from database.embedded import EmbeddedDatabase
from database.engine import open_engine
from database.rollups.install import install
from database.schema import install_schema
from pipelines.registry import Registry
from settings import Settings


@contextmanager
def database_url(settings: Settings, registry: Registry) -> Iterator[str]:
    """URL of the database, which is available during the block.

    The embedded database is started, gets its tables and rollups, and stops with its last user. The
    database at DATABASE_URL is used without changes.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    embedded = EmbeddedDatabase(settings.workspace / "postgres")
    try:
        engine = open_engine(embedded.url)
        install_schema(engine, registry)
        install(engine, registry, lambda _: None)
        engine.dispose()
        yield embedded.url
    finally:
        embedded.stop()


@contextmanager
def open_database(settings: Settings, registry: Registry) -> Iterator[Engine]:
    """An engine for the settings' database."""
    with database_url(settings, registry) as url:
        engine = open_engine(url)
        try:
            yield engine
        finally:
            engine.dispose()
