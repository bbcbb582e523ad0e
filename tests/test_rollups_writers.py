"""Writers come first: whatever they write, and whatever becomes of the tables, they may."""

from __future__ import annotations

import secrets

import pytest
from sqlalchemy import Connection, Engine, text

from database.engine import DatabaseError
from database.rollups.compaction import compact
from database.rollups.install import install
from database.rollups.keeper import Keeper
from database.rollups.rebuild import rebuild
from database.rollups.state import TASKS
from database.rollups.status import status
from database.rollups.verify import verify
from pipelines.models import Pipeline
from pipelines.registry import Registry
from queries.snapshot_reader import SnapshotReader
from tests.factories import RWA, add_files, add_job, add_task, read_now
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
        ("tasks", column, timestamp)
        for column in ("updated_at", "execution_started_at", "created_at")
        for timestamp in (
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
        ("etl_source_files", f"phase{number}_completed_at", timestamp)
        for number in (1, 2)
        for timestamp in ("infinity", "-infinity", "4713-01-02 BC", "20000-01-01", "294276-12-30")
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
        compact(engine, subject)
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
        assert connection.execute(text("SELECT reason FROM monitor.invalid")).all() == []


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
    "no reasons": "DROP TABLE monitor.invalid; ALTER TABLE app.tasks DROP COLUMN created_at",
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
    reasons = standing(engine, registry)
    assert reasons[TASKS].startswith("column created_at of app.tasks is gone: run `python app.py")
    snapshot = SnapshotReader(engine, fathom, 10)
    keeper = Keeper(engine, 1)
    with pytest.raises(DatabaseError, match="column created_at of app.tasks is gone"):
        keeper.compact_all()
    execute(engine, "ALTER TABLE app.tasks RENAME COLUMN made_at TO created_at")
    assert "could not be counted" in snapshot.read().read_mode.reason
    keeper.compact_all()
    right(engine)
    assert snapshot.read().read_mode.rollups


def test_another_type_is_told_and_mended_by_an_installation(
    engine: Engine, registry: Registry, fathom: Pipeline
) -> None:
    some_work(engine)
    execute(engine, "ALTER TABLE app.etl_source_files ALTER file_size_bytes TYPE numeric")
    execute(engine, "UPDATE app.etl_source_files SET file_size_bytes = 7")
    reasons = standing(engine, registry)["fathom"]
    assert reasons.startswith("column file_size_bytes of app.etl_source_files has another type")
    install(engine, registry, lambda _: None)
    assert standing(engine, registry)["fathom"] == "installed"
    right(engine)
    read_now(engine, fathom)


def test_triggers_that_were_off_for_a_while_are_not_believed(
    engine: Engine, registry: Registry, fathom: Pipeline
) -> None:
    some_work(engine)
    execute(engine, "ALTER TABLE app.etl_source_files DISABLE TRIGGER ALL")
    execute(engine, "DELETE FROM app.etl_source_files WHERE phase1_group_key = 'g1'")
    execute(engine, "ALTER TABLE app.etl_source_files ENABLE TRIGGER ALL")
    assert not SnapshotReader(engine, fathom, 10).read().read_mode.rollups
    assert "were disabled for a while" in standing(engine, registry)["fathom"]
    install(engine, registry, lambda _: None)
    right(engine)


def test_what_a_restore_or_a_replica_writes_is_counted(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        add_files(connection, 3, metadata=RWA)
    right(engine)
