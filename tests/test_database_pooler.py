"""Behind a pooler that gives a connection to another client after each transaction."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from distributed import Client
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from database.embedded import EmbeddedDatabase
from database.engine import open_engine
from database.rollups.install import install
from database.rollups.keeper import Keeper
from database.rollups.rebuild import rebuild
from database.rollups.state import TASKS
from database.rollups.verify import verify
from jobs.storage import Storage
from pipelines.models import Pipeline
from pipelines.registry import Registry
from queries.frames import read_transaction
from queries.snapshot_reader import SnapshotReader
from tests.agreement import assert_agree
from tests.factories import RWA, add_files, add_task, read_now
from tests.factories import add_job as add_row
from tests.monitor import free_port, wait_for
from tests.test_jobs_runner import add_job, job, running, wait_until_ended

pytestmark = pytest.mark.skipif(not shutil.which("pgbouncer"), reason="needs pgbouncer")
# Fewer than anybody here asks for at once.
CONNECTIONS = 4


@pytest.fixture
def pooled(server: EmbeddedDatabase, engine: Engine, tmp_path: Path) -> Iterator[Engine]:
    """The test's database, behind PgBouncer in transaction mode."""
    port, name = free_port(), engine.url.database
    settings = f"""
        [databases]
        {name} = host={server.folder} dbname={name} user=postgres
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        unix_socket_dir =
        auth_type = any
        pool_mode = transaction
        default_pool_size = {CONNECTIONS}
    """
    file = tmp_path / "pgbouncer.ini"
    file.write_text("\n".join(line.strip() for line in settings.splitlines()))
    # It refuses to be root; the server's folder is open to the server's user.
    for folder in (tmp_path, *list(tmp_path.parents)[:2]):
        folder.chmod(0o755)
    user = ["-u", "pgserver"] if os.geteuid() == 0 else []
    with subprocess.Popen(["pgbouncer", "-q", *user, str(file)]) as process:
        url = engine.url.set(host="127.0.0.1", port=port, query={})
        behind = open_engine(url.render_as_string(hide_password=False))
        try:
            wait_for(lambda: answers(behind), 10)
            yield behind
        finally:
            behind.dispose()
            process.terminate()


def answers(engine: Engine) -> bool:
    try:
        with engine.connect() as connection:
            return bool(connection.execute(text("SELECT true")).scalar_one())
    except OperationalError:
        return False


def test_counts_are_kept_and_read(pooled: Engine, registry: Registry, fathom: Pipeline) -> None:
    with pooled.begin() as connection:
        connection.execute(text("DROP SCHEMA monitor CASCADE"))
    install(pooled, registry, lambda _: None)

    def write(number: int) -> None:
        with pooled.begin() as connection:
            add_files(connection, 5, metadata=RWA, group=f"g{number}", phase1="9 minutes")
            row = add_row(connection, f"job-{number}")
            add_task(connection, row, f"g{number}", "failed", seconds=3)

    def read(_: int) -> None:
        with read_transaction(pooled, 10) as connection:
            SnapshotReader(pooled, fathom, 10).read_in(connection)

    def count() -> None:
        for _ in range(6):
            Keeper(pooled, 60).compact_all()
            rebuild(pooled, "fathom")
            rebuild(pooled, TASKS)

    with ThreadPoolExecutor(6) as pool:
        counting = pool.submit(count)
        each = [pool.submit(work, n) for n in range(12) for work in (write, read)]
        for one in [counting, *each]:
            one.result(60)
    assert [verify(pooled, subject) for subject in ("fathom", TASKS)] == [[], []]
    with read_transaction(pooled, 10) as connection:
        rollup = SnapshotReader(pooled, fathom, 10).read_in(connection)
    assert rollup.files["total"].sum() == 60
    assert_agree(rollup, read_now(pooled, fathom))


def test_a_lock_that_waits_belongs_to_its_transaction(pooled: Engine) -> None:
    """A session's lock would stay with a connection that somebody else has by then."""
    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(rebuild, pooled, "fathom") for _ in range(6)]:
            one.result(30)
    left = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
    settings = text("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
    for _ in range(CONNECTIONS):
        with pooled.connect() as connection:
            assert connection.execute(left).scalar_one() == 0
            assert tuple(connection.execute(settings).one()) == ("0", "0")


def test_jobs_run(pooled: Engine, cluster: Client, tmp_path: Path) -> None:
    names = [add_job(pooled, f"job-{n}", tasks=20) for n in range(5)]
    with running(pooled, cluster, Storage(str(tmp_path))):
        wait_until_ended(pooled, *names)
    assert {job(pooled, name).status for name in names} == {"completed"}
    assert len(list((tmp_path / "notes").iterdir())) == 100
