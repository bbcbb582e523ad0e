"""A full count while other processes write."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import Engine, text

from database.rollups.compaction import compact
from database.rollups.rebuild import rebuild
from database.rollups.state import TASKS
from database.rollups.triggers import drop_triggers, make_triggers
from database.rollups.verify import verify
from pipelines.models import Pipeline
from queries.snapshot_reader import SnapshotReader
from tests.factories import RWA, add_files, add_job, add_task, read_now
from tests.monitor import wait_for

WRITER = """
import sys
from pathlib import Path
from sqlalchemy import text
from database.engine import open_engine
from tests.random_writes import INSERT_FILES, INSERT_TASKS

url, name, enough = sys.argv[1:]
engine, rounds = open_engine(url), 0
files = {"number": 8, "kind": "fathom", "region": "rwa", "size": 9, "first": None, "second": None}
tasks = {"status": "processing", "lasted": "1 second", "ended": "0 seconds", "region": "rwa"}
tasks |= {"job_region": "civ"}
DONE = "UPDATE app.etl_source_files SET phase1_completed_at = now() WHERE phase1_group_key = :group"
ENDED = "UPDATE app.tasks SET status = 'completed' WHERE parameters #>> '{tile_group,output_name}'"
GONE = "DELETE FROM app.etl_source_files WHERE phase1_group_key = :group"
while rounds <= 5 or not Path(enough).exists():
    group = {"group": f"{name}-{rounds}"}
    with engine.begin() as connection:
        connection.execute(text(INSERT_FILES), files | group)
        connection.execute(text(INSERT_TASKS), tasks | group)
    with engine.begin() as connection:
        connection.execute(text(DONE), group)
        connection.execute(text(ENDED + " = :group"), group)
        if rounds % 3 == 0:
            connection.execute(text(GONE), group)
    rounds += 1
print(rounds)
"""
ROOT = Path(__file__).resolve().parents[1]


def test_two_processes_write_while_all_is_counted_anew(
    engine: Engine, fathom: Pipeline, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        add_job(connection, "job-1")
        add_files(connection, 400, metadata=RWA, group="before")
        add_task(connection, "job-1", "before", "failed", seconds=1)
    url, enough = engine.url.render_as_string(hide_password=False), tmp_path / "enough"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, url, name, str(enough)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in ("a", "b")
    ]
    wait_for(lambda: _both_write(engine))
    for _ in range(8):
        for subject in ("fathom", TASKS):
            rebuild(engine, subject)
            assert verify(engine, subject) == []
            compact(engine, subject)
        time.sleep(0.05)
    enough.touch()
    outputs = [writer.communicate()[0] for writer in writers]
    assert all(words.strip().isdigit() and int(words) > 5 for words in outputs), outputs
    snapshot = SnapshotReader(engine, fathom, 10).read()
    assert (snapshot.read_mode.rollups, int(snapshot.files["total"].sum())) == (
        True,
        _files(engine),
    )
    for subject in ("fathom", TASKS):
        assert verify(engine, subject) == []


def _both_write(engine: Engine) -> bool:
    begun = "count(DISTINCT left(phase1_group_key, 2)) FILTER (WHERE phase1_group_key ~ '^[ab]-')"
    with engine.connect() as connection:
        query = text(f"SELECT {begun} FROM app.etl_source_files")
        return bool(connection.execute(query).scalar_one() == 2)


def _files(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(
            connection.execute(text("SELECT count(*) FROM app.etl_source_files")).scalar_one()
        )


def test_what_was_changed_behind_the_triggers_is_mended(engine: Engine, fathom: Pipeline) -> None:
    with engine.begin() as connection:
        add_files(connection, 2, metadata=RWA)
        add_task(connection, add_job(connection, "job-1"), "g1", "failed")
    with engine.begin() as connection:
        drop_triggers(connection, "etl_source_files")
        drop_triggers(connection, "tasks")
        add_files(connection, 3, metadata=RWA)
        connection.execute(text("DELETE FROM app.tasks"))
        make_triggers(connection, "etl_source_files", "monitor.files_changed")
        make_triggers(connection, "tasks", "monitor.tasks_changed")
    assert [one.what for one in verify(engine, "fathom")] == [
        "files of {rwa,fluvial,defended,2020}"
    ]
    assert len(verify(engine, TASKS)) == 2
    for subject in ("fathom", TASKS):
        rebuild(engine, subject)
        assert verify(engine, subject) == []
    read_now(engine, fathom)
