"""Makes a database of any number of files, as a run of 200 regions leaves it halfway."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from database.rollups.install import remove
from database.schema import install_schema
from pipelines.registry import Registry

HERE = Path(__file__).parent
SCRIPTS = ("groups", "files", "tasks")
GROUPS_AT_A_TIME = 50_000
OLDEST = "20 minutes"
TABLE = "app.etl_source_files"


def make_files(engine: Engine, registry: Registry, files: int) -> None:
    """Fills the platform's tables with files, their jobs and their tasks, if they are not there.

    What another number or version of the scripts has made is made anew. Phase 1 has completed
    60 % of the files within 24 hours, phase 2 20 %; 64 groups are processing, 20 have failed, two
    jobs are active. Every completed group has its task.
    """
    facts = {"files": files, "scripts": _version()}
    if _made(engine) == facts:
        return
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA IF EXISTS app CASCADE")
    remove(engine)
    install_schema(engine, registry)
    autocommit = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with autocommit as connection:
        _load(connection, files)
        note = json.dumps(facts).replace("'", "''")
        connection.exec_driver_sql(f"COMMENT ON SCHEMA app IS '{note}'")


def keep_fresh(engine: Engine) -> None:
    """Moves the work of the newest hour to the hour before now, when it is old.

    Triggers that count see it as any other change.
    """
    facts = _made(engine)
    with engine.begin() as connection:
        shift, old = connection.execute(SHIFT, {"oldest": OLDEST}).one()
        if old:
            _run(connection, "fresh", {"files": facts["files"], "shift": shift})


# The active jobs began 61 minutes before the newest work.
SHIFT = text(
    """
    SELECT CAST(shift AS text), shift > CAST(:oldest AS interval)
    FROM (SELECT localtimestamp - interval '61 minutes' - min(created_at) AS shift
          FROM app.jobs WHERE status = 'processing') AS since
    """
)


def _version() -> str:
    scripts = b"".join((HERE / f"{name}.sql").read_bytes() for name in SCRIPTS)
    return sha256(scripts).hexdigest()[:12]


def _made(engine: Engine) -> dict[str, Any]:
    query = text("SELECT obj_description(to_regnamespace('app'), 'pg_namespace')")
    with engine.connect() as connection:
        note = connection.execute(query).scalar_one()
    return json.loads(note) if note else {}


def _load(connection: Connection, files: int) -> None:
    connection.exec_driver_sql(
        "SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; SET work_mem = '128MB'"
    )
    # As text: the tables' moments are naive, in the server's zone.
    now = connection.execute(text("SELECT localtimestamp::text")).scalar_one()
    values = {"files": files, "now": now}
    _run(connection, "groups", values)
    with _without_indexes(connection):
        groups = -(-files // 8)
        for first in range(0, groups, GROUPS_AT_A_TIME):
            part = {"first": first, "end": first + GROUPS_AT_A_TIME}
            _run(connection, "files", {**values, **part})
    _run(connection, "tasks", values)
    connection.exec_driver_sql("VACUUM ANALYZE app.etl_source_files, app.jobs, app.tasks")
    connection.exec_driver_sql("DROP TABLE groups, work")


def _run(connection: Connection, name: str, values: dict[str, Any]) -> None:
    for statement in (HERE / f"{name}.sql").read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            connection.execute(text(statement), values)


@contextmanager
def _without_indexes(connection: Connection) -> Iterator[None]:
    """Takes the table's indexes and constraints away and makes them again from what is there."""
    constraints = connection.execute(CONSTRAINTS, {"name": TABLE}).all()
    for name, _ in constraints:
        connection.exec_driver_sql(f"ALTER TABLE {TABLE} DROP CONSTRAINT {name}")
    indexes = connection.execute(INDEXES, {"name": TABLE}).all()
    for name, _ in indexes:
        connection.exec_driver_sql(f"DROP INDEX app.{name}")
    yield
    for name, definition in constraints:
        connection.exec_driver_sql(f"ALTER TABLE {TABLE} ADD CONSTRAINT {name} {definition}")
    for _, definition in indexes:
        connection.exec_driver_sql(definition)


CONSTRAINTS = text(
    """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid = to_regclass(:name) AND contype IN ('p', 'u') ORDER BY contype
    """
)
INDEXES = text(
    """
    SELECT relname, pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON oid = indexrelid
    WHERE indrelid = to_regclass(:name) ORDER BY relname
    """
)
