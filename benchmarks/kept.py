"""A database whose counts are kept, as `python app.py database install` makes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from database.engine import open_engine
from database.kept.install import install
from database.kept.keeper import Keeper
from pipelines.registry import Registry


@contextmanager
def kept_engine(url: str, registry: Registry) -> Iterator[Engine]:
    """An engine of a database that keeps the counts, all of them folded."""
    engine = open_engine(url)
    try:
        install(engine, registry, lambda _: None)
        Keeper(engine, 1).fold_all()
        yield engine
    finally:
        engine.dispose()
