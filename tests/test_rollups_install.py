"""Installing, removing and reading the rollups: with which rights, and over which tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Engine, make_url, text

from database.engine import DatabaseError, open_engine
from database.rollups.compaction import compact
from database.rollups.install import install, remove
from database.rollups.keeper import Keeper
from database.rollups.migrate import alembic_config
from database.rollups.state import TASKS
from database.rollups.status import status
from database.rollups.verify import verify
from pipelines.registry import Registry
from queries.frames import read_transaction
from queries.snapshot_reader import SnapshotReader
from tests.factories import CIV, RWA, add_files, add_job, add_task, read_now

SUBJECTS = ("fathom", TASKS)


def install_quietly(engine: Engine, registry: Registry) -> list[str]:
    lines: list[str] = []
    install(engine, registry, lines.append)
    return lines


def fathom_alone(registry: Registry, **changes: Any) -> Registry:
    return {"fathom": registry["fathom"].model_copy(update=changes)}


def add_rows(engine: Engine) -> None:
    with engine.begin() as connection:
        add_files(connection, 8, metadata=RWA, group="g1", phase1="20 minutes")
        add_files(connection, 8, metadata=CIV, group="g2", phase1="3 days", phase2="1 hour")
        add_files(connection, 8, metadata=None, group="g3", size=None)
        job = add_job(connection, "job-1")
        add_task(connection, job, "g1", "completed", seconds=9)
        add_task(connection, job, "g3", "failed", seconds=9)


def test_the_platforms_own_tables_can_be_kept(tables: Engine, registry: Registry) -> None:
    fathom = registry["fathom"]
    add_rows(tables)
    install(tables, fathom_alone(registry), lambda _: None)
    counted = read_now(tables, fathom)
    assert int(counted.files["total"].sum()) == 24
    add_rows_again(tables)
    read_now(tables, fathom)
    for subject in SUBJECTS:
        compact(tables, subject)
        assert verify(tables, subject) == []
    read_now(tables, fathom)


def add_rows_again(engine: Engine) -> None:
    with engine.begin() as connection:
        add_files(connection, 2, metadata=RWA, group="g4", phase1="1 minute")
        connection.execute(text("UPDATE app.tasks SET status = 'quarantined', updated_at = now()"))


def test_installing_again_changes_nothing(engine: Engine, registry: Registry) -> None:
    assert install_quietly(engine, registry) == [
        "fathom: is installed",
        "raster_v2: is installed",
        "app.tasks: is installed",
    ]


def test_an_entry_that_changes_is_counted_anew(engine: Engine, registry: Registry) -> None:
    add_rows(engine)
    fewer = fathom_alone(registry, groupings=registry["fathom"].groupings[:1])
    stale = SnapshotReader(engine, fewer["fathom"], 10).read()
    assert (stale.read_mode.rollups, stale.read_mode.reason) == (
        False,
        "its rollups are of another version of its registry entry",
    )
    assert "fathom: counted and installed" in install_quietly(engine, fewer)
    regions = read_now(engine, fewer["fathom"]).files["by:region"]
    assert sorted(regions) == ["civ", "not set", "rwa"]
    assert verify(engine, TASKS) == []


def test_a_group_key_without_an_index_is_told(engine: Engine, registry: Registry) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX app.idx_etl_source_files_phase2_group_key"))
    install_quietly(engine, registry)
    add_rows(engine)
    assert [one.state for one in status(engine, registry) if one.subject == "fathom"] == [
        "installed, but phase2_group_key has no index: no filtered average time"
    ]
    assert verify(engine, TASKS) == []


def test_a_trigger_that_is_disabled_is_noticed_and_mended(
    engine: Engine, registry: Registry
) -> None:
    disable = "ALTER TABLE app.etl_source_files DISABLE TRIGGER monitor_files_insert"
    with engine.begin() as connection:
        connection.execute(text(disable))
        add_files(connection, 3, metadata=RWA)
    snapshot = SnapshotReader(engine, registry["fathom"], 10).read()
    assert not snapshot.read_mode.rollups
    assert "disabled" in snapshot.read_mode.reason
    assert int(snapshot.files["total"].sum()) == 3
    # It is the trigger of all pipelines: none of their counts can be believed.
    assert install_quietly(engine, registry) == [
        "fathom: counted and installed",
        "raster_v2: counted and installed",
        "app.tasks: is installed",
    ]
    assert verify(engine, "fathom") == []


def test_a_pipeline_that_comes_later_leaves_the_others_as_they_are(
    engine: Engine, registry: Registry
) -> None:
    add_rows(engine)
    later = registry["fathom"].model_copy(update={"id": "later", "etl_type": "later"})
    assert install_quietly(engine, {**registry, "later": later}) == [
        "fathom: is installed",
        "raster_v2: is installed",
        "later: counted and installed",
        "app.tasks: counted and installed",
    ]
    with engine.begin() as connection:
        add_files(connection, 5, etl_type="later")
        connection.execute(text("UPDATE app.etl_source_files SET etl_type = 'later' WHERE id < 9"))
    assert int(SnapshotReader(engine, later, 10).read().files["total"].sum()) == 13
    for subject in ("fathom", "later"):
        compact(engine, subject)
        assert verify(engine, subject) == []


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004"])
def test_rollups_of_an_earlier_version_are_installed_anew(
    engine: Engine, registry: Registry, revision: str
) -> None:
    add_rows(engine)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), revision)
        if revision == "0001":
            connection.execute(text(FIRST_VERSION))
    snapshot = SnapshotReader(engine, registry["fathom"], 10).read()
    assert snapshot.read_mode.reason.startswith("the rollups are of an earlier version: run")
    assert int(snapshot.files["total"].sum()) == 24
    Keeper(engine, 60, registry).migrate()
    with engine.begin() as connection:
        add_files(connection, 4, metadata=RWA)
    assert verify(engine, "fathom") == []
    found = text("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'app.etl_source_files'::regclass")
    with engine.connect() as connection:
        assert connection.execute(found).scalar_one() == 4


# A trigger as the first version named it: beside the new one, it would count everything twice.
FIRST_VERSION = """
    CREATE FUNCTION monitor.fathom_files_changed() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER first AFTER INSERT ON app.etl_source_files
    FOR EACH STATEMENT EXECUTE FUNCTION monitor.fathom_files_changed()
"""


def test_another_ones_schema_is_left_alone(empty_database: str, registry: Registry) -> None:
    engine = open_engine(empty_database)
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA monitor"))
        connection.execute(text("CREATE TABLE monitor.theirs (id int)"))
    with pytest.raises(DatabaseError, match="not Pipeline Monitor's"):
        install(engine, registry, lambda _: None)
    assert not remove(engine)
    engine.dispose()


def test_an_empty_schema_of_the_name_is_used(platform: Engine, registry: Registry) -> None:
    with platform.begin() as connection:
        connection.execute(text("CREATE SCHEMA monitor"))
    install(platform, registry, lambda _: None)
    assert {one.state.split(",")[0] for one in status(platform, registry)} == {"installed"}


@pytest.mark.parametrize("named", ["completed_field", "group_key"])
def test_a_column_that_is_missing_is_told(platform: Engine, registry: Registry, named: str) -> None:
    phase = registry["fathom"].phases[0].model_copy(update={named: "phase9"})
    with pytest.raises(DatabaseError, match="no column phase9"):
        install(platform, fathom_alone(registry, phases=(phase,)), lambda _: None)


def test_removing_leaves_no_trigger_and_writers_go_on(engine: Engine, registry: Registry) -> None:
    snapshots = SnapshotReader(engine, registry["fathom"], 10)
    assert snapshots.read().read_mode.rollups
    assert remove(engine)
    add_rows(engine)
    snapshot = snapshots.read()
    assert (snapshot.read_mode.rollups, int(snapshot.files["total"].sum())) == (False, 24)
    assert status(engine, registry) == []


@pytest.fixture
def reader(engine: Engine) -> Iterator[Engine]:
    """An engine of a role that may read the platform's tables and nothing else."""
    role = f"reader_{engine.url.database}"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        connection.execute(text(f"GRANT USAGE ON SCHEMA app TO {role}"))
        connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA app TO {role}"))
    url = make_url(str(engine.url)).set(username=role, password=None)
    limited = open_engine(url.render_as_string())
    yield limited
    limited.dispose()
    with engine.begin() as connection:
        connection.execute(text(f"DROP OWNED BY {role}"))
        connection.execute(text(f"DROP ROLE {role}"))


def test_a_role_without_the_right_counts_and_says_so(
    engine: Engine, reader: Engine, registry: Registry
) -> None:
    add_rows(engine)
    snapshot = SnapshotReader(reader, registry["fathom"], 10).read()
    assert (snapshot.read_mode.rollups, snapshot.read_mode.reason) == (
        False,
        "this database has no rollups",
    )
    assert int(snapshot.files["total"].sum()) == 24


def test_who_may_read_the_files_may_read_and_fold_after_installing(
    engine: Engine, reader: Engine, registry: Registry
) -> None:
    add_rows(engine)
    install_quietly(engine, registry)
    snapshots = SnapshotReader(reader, registry["fathom"], 10)
    assert snapshots.read().read_mode.rollups
    assert [compact(reader, subject) for subject in SUBJECTS] == [24, 2]
    with read_transaction(reader, 10) as connection:
        assert int(snapshots.read_in(connection).files["total"].sum()) == 24


def test_an_installation_does_not_make_believe_what_a_restore_left_in_doubt(
    engine: Engine, registry: Registry
) -> None:
    add_rows(engine)
    compact(engine, "fathom")
    with engine.begin() as connection:
        # As after a restore: other triggers, and a change that none of them saw.
        connection.execute(text("UPDATE monitor.rollups SET origin = 'elsewhere'"))
        connection.execute(text("UPDATE monitor.fathom_cells SET files = files + 1"))
        connection.execute(
            text("UPDATE monitor.rollups SET digest = 'x' WHERE subject = 'raster_v2'")
        )
    install_quietly(engine, registry)
    assert verify(engine, "fathom") == []
