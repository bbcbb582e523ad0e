"""A database whose counts are kept, as `python app.py database install` makes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Engine, text

import database.rollups
from database.engine import open_engine
from database.rollups.install import install, remove
from database.rollups.keeper import Keeper
from pipelines.registry import Registry

COMPACT_SECONDS = 5.0


@contextmanager
def rollup_engine(url: str, registry: Registry) -> Iterator[Engine]:
    """An engine of a database that keeps the counts, folded as a dashboard folds them.

    What was installed by other code than today's is reinstalled.
    """
    engine = open_engine(url)
    keeper = Keeper(engine, COMPACT_SECONDS)
    try:
        _install(engine, registry)
        keeper.compact_all()
        keeper.start()
        yield engine
    finally:
        keeper.stop()
        engine.dispose()


def _install(engine: Engine, registry: Registry) -> None:
    today = _version()
    with engine.connect() as connection:
        installed = connection.execute(NOTE).scalar_one()
    if installed != today:
        remove(engine)
    install(engine, registry, lambda _: None)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"COMMENT ON SCHEMA monitor IS '{today}'")


NOTE = text("SELECT obj_description(to_regnamespace('monitor'), 'pg_namespace')")


def _version() -> str:
    folder = Path(database.rollups.__file__).parent
    code = sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".sql"))
    return sha256(b"".join(path.read_bytes() for path in code)).hexdigest()[:12]
