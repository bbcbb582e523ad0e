"""`python app.py database …`, as a person uses it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from alembic import command
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from app import main
from database.rollups.migrate import alembic_config
from tests.factories import RWA, add_files

Call = Callable[[str], Result]


@pytest.fixture
def call(database: str) -> Call:
    """Calls a command over the test's database."""
    environment = {"DATABASE_URL": database}
    return lambda command: CliRunner().invoke(main, ["database", command], env=environment)


def test_status_tells_what_is_kept(call: Call, engine: Engine) -> None:
    with engine.begin() as connection:
        add_files(connection, 1, metadata=RWA)
    lines = call("status").output.splitlines()
    assert [line.split(", counted ")[0] for line in lines] == [
        "fathom: installed",
        "raster_v2: installed",
        "app.tasks: installed",
    ]
    assert lines[0].endswith("1 changes to be compacted")


def test_status_of_an_earlier_versions_rollups_tells_the_remedy_once(
    call: Call, engine: Engine
) -> None:
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0004")
    assert call("status").output == (
        "the rollups are of an earlier version: run `python app.py database install`\n"
    )


def test_a_difference_is_shown_and_a_rebuild_mends_it(call: Call, engine: Engine) -> None:
    with engine.begin() as connection:
        add_files(connection, 2, metadata=RWA)
        connection.execute(text("UPDATE monitor.fathom_changes SET files = files + 1"))
    verified = call("verify")
    assert verified.exit_code == 1
    assert "fathom: 1 differences" in verified.output
    assert "files of {rwa,fluvial,defended,2020}: rollup {4," in verified.output
    assert "database rebuild` repairs them" in verified.output
    assert "fathom: recounted" in call("rebuild").output
    assert call("verify").exit_code == 0


def test_removed_and_installed_again(call: Call) -> None:
    assert "are removed" in call("remove").output
    assert call("remove").output == "There are no rollups.\n"
    assert call("status").output == (
        "this database has no rollups: run `python app.py database install`\n"
    )
    assert call("verify").exit_code == 1
    assert "fathom: counted and installed" in call("install").output
    assert "fathom: is installed" in call("install").output
    assert call("verify").exit_code == 0


def test_create_makes_what_the_pipelines_need_and_only_that(empty_database: str) -> None:
    environment = {"DATABASE_URL": empty_database}
    for _ in range(2):
        created = CliRunner().invoke(main, ["database", "create"], env=environment)
        assert (created.exit_code, created.output[:22]) == (0, "Schema app has the tab")
    found = CliRunner().invoke(main, ["database", "status"], env=environment)
    assert found.output.startswith("this database has no rollups")


def test_create_leaves_tables_that_are_there(platform: Engine) -> None:
    statuses = text("SELECT enum_range(NULL::app.job_status)::text")
    with platform.connect() as connection:
        before = connection.execute(statuses).scalar_one()
    environment = {"DATABASE_URL": platform.url.render_as_string(hide_password=False)}
    created = CliRunner().invoke(main, ["database", "create"], env=environment)
    assert created.exit_code == 0, created.output
    with platform.connect() as connection:
        assert connection.execute(statuses).scalar_one() == before


def test_create_says_what_the_database_refuses(empty_database: str) -> None:
    environment = {
        "DATABASE_URL": empty_database,
        "PGOPTIONS": "-c default_transaction_read_only=on",
    }
    created = CliRunner().invoke(main, ["database", "create"], env=environment)
    assert created.exit_code == 1
    assert "The tables were not created: cannot execute CREATE SCHEMA" in created.output
