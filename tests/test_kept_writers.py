"""Writers come first: whatever they write, and whatever becomes of the tables, they may."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from database.embedded import EmbeddedDatabase
from database.engine import DatabaseError, open_engine
from database.kept.fold import fold
from database.kept.install import install
from database.kept.keeper import Keeper
from database.kept.rebuild import rebuild
from database.kept.state import TASKS
from database.kept.status import status
from database.kept.verify import verify
from database.schema import install_schema
from pipelines.models import Pipeline
from pipelines.registry import Registry
from queries.takes import Taker
from tests.factories import RWA, add_files, add_job, add_task, look
from tests.test_jobs_leases import execute

SUBJECTS = ("fathom", TASKS)
LONG = secrets.token_urlsafe(4500)
# Values that nobody expects, by table and column.
ODD = [
    ("tasks", "parameters", f'{{"tile_group": {{"output_name": "{LONG}"}}}}'),
    ("tasks", "parameters", "[1, 2]"),
    ("tasks", "parameters", "null"),
    ("tasks", "parameters", '{"tile_group": {"output_name": 1e400}}'),
    ("tasks", "parameters", '{"tile_group": [[]]}'),
    *(
        ("tasks", column, moment)
        for column in ("updated_at", "execution_started_at", "created_at")
        for moment in (
            "infinity",
            "-infinity",
            "4713-01-02 BC",
            "0100-03-01 BC",
            "20000-01-01",
            "294276-12-30",
            "2999-01-01",
        )
    ),
    ("tasks", "stage", "-2147483648"),
    ("tasks", "task_type", "x" * 100),
    ("etl_source_files", "source_metadata", f'{{"region": "{LONG}"}}'),
    ("etl_source_files", "source_metadata", "[]"),
    ("etl_source_files", "source_metadata", "3"),
    ("etl_source_files", "source_metadata", '{"region": {"a": 1}, "year": 1e400}'),
    ("etl_source_files", "source_metadata", None),
    ("etl_source_files", "file_size_bytes", "9223372036854775807"),
    ("etl_source_files", "file_size_bytes", "-9223372036854775808"),
    *(
        ("etl_source_files", f"phase{number}_completed_at", moment)
        for number in (1, 2)
        for moment in ("infinity", "-infinity", "4713-01-02 BC", "20000-01-01", "294276-12-30")
    ),
]


def some_work(engine: Engine) -> None:
    with engine.begin() as connection:
        add_files(connection, 8, metadata=RWA, group="g1", phase1="20 minutes")
        add_files(connection, 8, metadata=RWA, group="g2")
        job = add_job(connection, "job-1")
        for group, ended in (("g1", "completed"), ("g2", "completed"), ("g3", "failed")):
            add_task(connection, job, group, ended, seconds=9)


@pytest.mark.parametrize(("table", "column", "value"), ODD)
def test_an_odd_value_is_written_and_counted(
    engine: Engine, fathom: Pipeline, table: str, column: str, value: str | None
) -> None:
    some_work(engine)
    where = "task_id LIKE '%g1%'" if table == "tasks" else "phase1_group_key = 'g1'"
    execute(engine, f"UPDATE app.{table} SET {column} = :value WHERE {where}", value=value)
    right(engine)
    for subject in SUBJECTS:
        fold(engine, subject)
    right(engine)
    for subject in SUBJECTS:
        rebuild(engine, subject)
    right(engine)
    execute(engine, f"UPDATE app.{table} SET {column} = :value", value=value)
    execute(engine, f"DELETE FROM app.{table}")
    right(engine)


def right(engine: Engine) -> None:
    assert {subject: verify(engine, subject) for subject in SUBJECTS} == {"fathom": [], "": []}
    with engine.connect() as connection:
        assert connection.execute(text("SELECT reason FROM monitor.distrust")).all() == []


@pytest.mark.parametrize(("table", "column", "value"), ODD)
def test_odd_rows_do_not_stop_an_installation(
    engine: Engine, registry: Registry, table: str, column: str, value: str | None
) -> None:
    some_work(engine)
    execute(engine, "DROP SCHEMA monitor CASCADE")
    execute(engine, f"UPDATE app.{table} SET {column} = :value", value=value)
    install(engine, registry, lambda _: None)
    right(engine)


# What a platform's next version may do to its tables while it runs.
DRIFT = {
    "renamed column": "ALTER TABLE app.tasks RENAME COLUMN execution_started_at TO began_at",
    "dropped column": "ALTER TABLE app.tasks DROP COLUMN created_at",
    "retyped column": "ALTER TABLE app.tasks ALTER updated_at TYPE text",
    "retyped parameters": "ALTER TABLE app.tasks ALTER parameters TYPE text",
    "retyped status": "DROP INDEX app.idx_tasks_heartbeat;"
    " ALTER TABLE app.tasks ALTER status DROP DEFAULT, ALTER status TYPE text",
    "renamed column of files": "ALTER TABLE app.etl_source_files RENAME file_size_bytes TO size",
    "dropped column of files": "ALTER TABLE app.etl_source_files DROP source_metadata CASCADE",
    "retyped column of files": "ALTER TABLE app.etl_source_files ALTER file_size_bytes TYPE text",
    "retyped time": "ALTER TABLE app.etl_source_files ALTER phase1_completed_at TYPE date",
    "renamed tables": "ALTER TABLE app.tasks RENAME TO former_tasks;"
    " ALTER TABLE app.etl_source_files RENAME TO former_files",
    "moved table": "CREATE SCHEMA former; ALTER TABLE app.tasks SET SCHEMA former",
    "no changes table": "DROP TABLE monitor.fathom_changes; DROP TABLE monitor.task_changes",
    "no schema": "DROP SCHEMA monitor CASCADE",
    "no rights": "REVOKE ALL ON ALL TABLES IN SCHEMA monitor FROM CURRENT_USER",
    "no distrust": "DROP TABLE monitor.distrust; ALTER TABLE app.tasks DROP COLUMN created_at",
}


@pytest.mark.parametrize("statements", [1, 70])
@pytest.mark.parametrize("drift", DRIFT)
def test_a_table_that_changes_is_still_written(engine: Engine, drift: str, statements: int) -> None:
    some_work(engine)
    for before in (0, statements):
        with engine.begin() as connection:
            # Also in the transaction that changes it.
            for _ in range(before):
                write(connection)
            if before == 0:
                connection.exec_driver_sql(DRIFT[drift])
            for _ in range(statements):
                write(connection)


def write(connection: Connection) -> None:
    """Changes a row of each table, whatever it is called now."""
    for table in connection.execute(TABLES).scalars():
        key = "task_id" if "tasks" in table else "source_blob_path"
        one = f"(SELECT min({key}) FROM {table})"
        connection.exec_driver_sql(f"UPDATE {table} SET {key} = {key} WHERE {key} = {one}")
        status = "retry_count = retry_count + 1" if "tasks" in table else "phase2_job_id = 'x'"
        connection.exec_driver_sql(f"UPDATE {table} SET {status} WHERE {key} = {one}")


TABLES = text(
    """
    SELECT format('%I.%I', nspname, relname) FROM pg_class
    JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relname IN ('tasks', 'etl_source_files', 'former_tasks', 'former_files')
      AND nspname IN ('app', 'former')
    """
)


def standing(engine: Engine, registry: Registry) -> dict[str, str]:
    return {one.subject: one.state for one in status(engine, registry)}


def test_a_renamed_column_is_told_and_mended_when_it_is_back(
    engine: Engine, registry: Registry, fathom: Pipeline
) -> None:
    some_work(engine)
    execute(engine, "ALTER TABLE app.tasks RENAME COLUMN created_at TO made_at")
    execute(engine, "UPDATE app.tasks SET status = 'failed'")
    told = standing(engine, registry)
    assert told[TASKS].startswith("column created_at of app.tasks is gone: run `python app.py")
    taken = Taker(engine, fathom, 10)
    keeper = Keeper(engine, 1)
    with pytest.raises(DatabaseError, match="column created_at of app.tasks is gone"):
        keeper.fold_all()
    execute(engine, "ALTER TABLE app.tasks RENAME COLUMN made_at TO created_at")
    assert "could not be counted" in taken.take().way.reason
    keeper.fold_all()
    right(engine)
    assert taken.take().way.kept


def test_another_type_is_told_and_mended_by_an_installation(
    engine: Engine, registry: Registry, fathom: Pipeline
) -> None:
    some_work(engine)
    execute(engine, "ALTER TABLE app.etl_source_files ALTER file_size_bytes TYPE numeric")
    execute(engine, "UPDATE app.etl_source_files SET file_size_bytes = 7")
    told = standing(engine, registry)["fathom"]
    assert told.startswith("column file_size_bytes of app.etl_source_files has another type")
    install(engine, registry, lambda _: None)
    assert standing(engine, registry)["fathom"] == "kept"
    right(engine)
    look(engine, fathom)


def test_triggers_that_were_off_for_a_while_are_not_believed(
    engine: Engine, registry: Registry, fathom: Pipeline
) -> None:
    some_work(engine)
    execute(engine, "ALTER TABLE app.etl_source_files DISABLE TRIGGER ALL")
    execute(engine, "DELETE FROM app.etl_source_files WHERE phase1_group_key = 'g1'")
    execute(engine, "ALTER TABLE app.etl_source_files ENABLE TRIGGER ALL")
    assert not Taker(engine, fathom, 10).take().way.kept
    assert "were disabled for a while" in standing(engine, registry)["fathom"]
    install(engine, registry, lambda _: None)
    right(engine)


def test_what_a_restore_or_a_replica_writes_is_counted(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        add_files(connection, 3, metadata=RWA)
    right(engine)


SHAPES = {
    "inherited": "CREATE TABLE app.more () INHERITS (app.tasks)",
    "partitioned": "ALTER TABLE app.etl_source_files RENAME TO first;"
    " CREATE TABLE app.etl_source_files (LIKE app.first) PARTITION BY LIST (etl_type);",
    "foreign": "ALTER TABLE app.etl_source_files RENAME TO first; CREATE FOREIGN DATA WRAPPER w;"
    " CREATE SERVER s FOREIGN DATA WRAPPER w;"
    " CREATE FOREIGN TABLE app.etl_source_files (id integer) SERVER s",
    "a view": "ALTER TABLE app.etl_source_files RENAME TO first;"
    " CREATE VIEW app.etl_source_files AS SELECT * FROM app.first",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_whose_changes_are_not_seen_is_refused(
    engine: Engine, registry: Registry, shape: str
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA monitor CASCADE")
        connection.exec_driver_sql(SHAPES[shape])
    with pytest.raises(DatabaseError, match=r"can't be kept: app\.(tasks|etl_source_files) "):
        install(engine, registry, lambda _: None)
    with engine.connect() as connection:
        query = text("SELECT count(*) FROM pg_namespace WHERE nspname = 'monitor'")
        assert connection.execute(query).scalar_one() == 0


def test_a_table_that_is_inherited_from_later_is_not_believed(
    engine: Engine, registry: Registry, fathom: Pipeline
) -> None:
    some_work(engine)
    taker = Taker(engine, fathom, 10)
    assert taker.take().way.kept
    execute(engine, "CREATE TABLE app.more () INHERITS (app.etl_source_files)")
    assert not taker.take().way.kept
    assert "inherit from it" in standing(engine, registry)["fathom"]


def test_an_installation_goes_through_under_a_roles_short_limits(
    engine: Engine, database: str, registry: Registry
) -> None:
    some_work(engine)
    execute(engine, "DROP SCHEMA monitor CASCADE")
    limits = "-c statement_timeout=1 -c lock_timeout=1 -c standard_conforming_strings=off"
    limited = open_engine(f"{database}&options={limits.replace(' ', '%20')}")
    with pytest.raises(DBAPIError), limited.connect() as connection:
        connection.execute(text("SELECT pg_sleep(0.1)"))
    limited.dispose()
    execute(engine, f"ALTER DATABASE {engine.url.database} SET standard_conforming_strings = off")
    execute(engine, f"ALTER DATABASE {engine.url.database} SET statement_timeout = '50ms'")
    short = open_engine(database)
    install(short, registry, lambda _: None)
    short.dispose()
    right(engine)


@pytest.fixture(params=["LATIN1", "SQL_ASCII", "UTF8"])
def encoded(request: pytest.FixtureRequest, server: EmbeddedDatabase) -> Iterator[Engine]:
    """An empty database in an encoding."""
    name = f"encoded_{request.param.lower()}"
    admin = open_engine(server.url).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
        connection.exec_driver_sql(
            f"CREATE DATABASE {name} ENCODING '{request.param}' LOCALE 'C' TEMPLATE template0"
        )
    engine = open_engine(admin.url.set(database=name).render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


def test_counts_are_kept_in_every_encoding(encoded: Engine, registry: Registry) -> None:
    install_schema(encoded, registry)
    install(encoded, registry, lambda _: None)
    some_work(encoded)
    odd = b"caf\xc3\xa9" if "latin1" not in str(encoded.url) else "café".encode()
    execute(encoded, "UPDATE app.etl_source_files SET phase1_group_key = :key", key=odd.decode())
    for subject in SUBJECTS:
        fold(encoded, subject)
    right(encoded)
    install(encoded, registry, lambda _: None)
    for subject in SUBJECTS:
        rebuild(encoded, subject)
    right(encoded)
