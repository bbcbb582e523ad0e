"""A short form of `make chaos`, and whether it would notice."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import fields

import pytest
from sqlalchemy import text

from tests.chaos.faults import FAULTS, Fault, measure, try_once
from tests.chaos.lane import Lane, open_lane
from tests.chaos.outcome import OUTPUTS, Outcome, Verdict, judge
from tests.chaos.world import World, open_world

# One of each kind; the others take long, or are tried for themselves elsewhere.
SHORT = (
    "runner_is_killed",
    "runner_alone_is_stopped_past_its_lease",
    "jobs_table_is_locked_past_the_lease",
    "connections_are_swallowed_past_the_lease",
    "database_is_killed",
    "database_is_dumped_under_writers",
    "worker_is_killed",
    "disk_is_full",
    "file_sizes_are_limited",
    "five_runners_share_a_queue",
    "job_is_cancelled",
)


@pytest.fixture(scope="module")
def lane() -> Iterator[Lane]:
    with open_lane() as lane:
        measure(lane)
        yield lane


@pytest.mark.parametrize(
    "fault",
    [fault for fault in FAULTS if fault.run.__name__ in SHORT],
    ids=lambda fault: fault.run.__name__,
)
def test_nothing_is_lost(lane: Lane, fault: Fault) -> None:
    if not fault.possible():
        pytest.skip("needs the right to mount a file system")
    verdict = try_once(lane, fault, 1, 3)
    assert verdict.holds, verdict.message()


@pytest.fixture(scope="module")
def done(lane: Lane) -> Iterator[World]:
    """A world whose work is done."""
    with open_world(lane) as world:
        world.start_runner()
        world.measure()
        world.stop_runners()
        yield world


def broken(verdict: Verdict) -> dict[str, int]:
    kinds = (field.name for field in fields(verdict) if field.name != "log")
    return {kind: len(getattr(verdict, kind)) for kind in kinds if getattr(verdict, kind)}


def expected(lane: Lane) -> Outcome:
    assert lane.expected is not None
    return lane.expected


def test_an_output_that_is_not_there_or_another_one_is_lost(lane: Lane, done: World) -> None:
    found = sorted((done.storage / OUTPUTS).rglob("*.tif"))
    contents = [file.read_bytes() for file in found[:3]]
    found[0].unlink()
    found[1].write_bytes(contents[2])
    found[2].write_bytes(contents[2][:-900])
    assert broken(judge(done.engine, done.storage, expected(lane))) == {"lost": 3}
    for file, content in zip(found, contents, strict=False):
        file.write_bytes(content)
    assert broken(judge(done.engine, done.storage, expected(lane))) == {}


@pytest.mark.parametrize(
    ("statement", "kinds"),
    [
        ("UPDATE app.etl_source_files SET phase2_completed_at = NULL WHERE id = 7", {"lost": 1}),
        ("UPDATE app.etl_source_files SET phase1_output_blob = 'x' WHERE id = 7", {"lost": 1}),
        ("UPDATE app.tasks SET status = 'failed' WHERE task_id ="
         " (SELECT min(task_id) FROM app.tasks WHERE task_type = 'fathom_band_stack')",
         {"lost": 1, "stuck": 1}),
        ("UPDATE app.tasks SET task_type = one.task_type, parameters = one.parameters FROM"
         " (SELECT * FROM app.tasks WHERE stage = 2 LIMIT 1) AS one WHERE tasks.task_id ="
         " (SELECT min(task_id) FROM app.tasks WHERE task_type = 'fathom_stac_register')",
         {"twice": 1}),
        ("UPDATE app.jobs SET status = 'processing' WHERE job_type = 'process_fathom_merge'",
         {"stuck": 1}),
        ("UPDATE monitor.fathom_cells SET files = files + 1 WHERE cell_id = 1", {"miscounted": 1}),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_tables_is_noticed(
    lane: Lane, done: World, statement: str, kinds: dict[str, int]
) -> None:
    with done.copied() as engine:
        with engine.begin() as connection:
            connection.execute(text(statement))
        assert broken(judge(engine, done.storage, expected(lane))) == kinds


def test_what_a_writer_still_holds_is_noticed(lane: Lane, done: World) -> None:
    left = done.storage / OUTPUTS / ".parts" / "someone"
    left.mkdir(parents=True)
    (left / "half.tif").touch()
    assert broken(judge(done.engine, done.storage, expected(lane)))["stuck"] >= 1
    shutil.rmtree(left.parent)
