"""Where counts can be kept: which shapes of tables, under which limits, in which encodings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from database.embedded import EmbeddedDatabase
from database.engine import DatabaseError, open_engine
from database.rollups.compaction import compact
from database.rollups.install import install
from database.rollups.rebuild import rebuild
from database.schema import install_schema
from pipelines.models import Pipeline
from pipelines.registry import Registry
from queries.snapshot_reader import SnapshotReader
from tests.serving import Api
from tests.test_jobs_leases import execute
from tests.test_rollups_writers import SUBJECTS, right, some_work, standing

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
    with pytest.raises(DatabaseError, match=r"can't be installed: app\.(tasks|etl_source_files) "):
        install(engine, registry, lambda _: None)
    with engine.connect() as connection:
        query = text("SELECT count(*) FROM pg_namespace WHERE nspname = 'monitor'")
        assert connection.execute(query).scalar_one() == 0


def test_a_table_that_is_inherited_from_later_is_not_believed(
    engine: Engine, registry: Registry, fathom: Pipeline
) -> None:
    some_work(engine)
    snapshots = SnapshotReader(engine, fathom, 10)
    assert snapshots.read().read_mode.rollups
    execute(engine, "CREATE TABLE app.more () INHERITS (app.etl_source_files)")
    assert not snapshots.read().read_mode.rollups
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


@pytest.mark.parametrize("wanted", ["日本", "café", "g2"])
def test_text_that_a_database_can_not_hold_is_found_nowhere(
    encoded: Engine, registry: Registry, wanted: str
) -> None:
    install_schema(encoded, registry)
    some_work(encoded)
    api = Api(encoded, registry)
    api.renew()
    found = int(wanted == "g2")
    assert api.json("/api/jobs", q=wanted)["total"] == 0
    assert api.json("/api/jobs/job-1/tasks", q=wanted)["total"] == 0
    groups = {"etl_type": "fathom", "phase": "phase1", "state": "pending", "q": wanted}
    assert api.json("/api/etl/groups", **groups)["total"] == found


def test_counts_are_kept_in_every_encoding(encoded: Engine, registry: Registry) -> None:
    install_schema(encoded, registry)
    install(encoded, registry, lambda _: None)
    some_work(encoded)
    odd = b"caf\xc3\xa9" if "latin1" not in str(encoded.url) else "café".encode()
    execute(encoded, "UPDATE app.etl_source_files SET phase1_group_key = :key", key=odd.decode())
    for subject in SUBJECTS:
        compact(encoded, subject)
    right(encoded)
    install(encoded, registry, lambda _: None)
    for subject in SUBJECTS:
        rebuild(encoded, subject)
    right(encoded)
