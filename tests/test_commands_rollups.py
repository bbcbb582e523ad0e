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
