"""Every fault that is tried, and one try of it."""

from __future__ import annotations

import random
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos import database_faults as database
from tests.chaos import process_faults as process
from tests.chaos import queue_faults as queue
from tests.chaos import storage_faults as storage
from tests.chaos import writer_faults as writer
from tests.chaos.lane import Lane
from tests.chaos.outcome import Verdict, judge, outcome
from tests.chaos.world import LEASE_SECONDS, Chance, World, open_world


@dataclass(frozen=True)
class Fault:
    """A way to break things: a name for the table, and what does the work and breaks it.

    of_lease: what is silent for a claim's time is also tried once with the settings' defaults.
    possible: whether this machine allows it.
    """

    name: str
    run: Callable[[World, Chance], None]
    of_lease: bool = False
    possible: Callable[[], bool] = lambda: True


FAULTS = (
    Fault("runner killed, its workers go on", process.runner_is_killed),
    Fault("runner killed with its local cluster", process.runner_is_killed_with_its_cluster),
    Fault(
        "runner stopped past its lease, another beside it",
        process.runner_is_stopped_past_its_lease,
        of_lease=True,
    ),
    Fault(
        "the only runner stopped past its lease",
        process.runner_alone_is_stopped_past_its_lease,
        of_lease=True,
    ),
    Fault(
        "`app.jobs` locked past the lease",
        database.jobs_table_is_locked_past_the_lease,
        of_lease=True,
    ),
    Fault(
        "database stopped past the lease",
        database.database_is_stopped_past_the_lease,
        of_lease=True,
    ),
    Fault(
        "connections swallowed past the lease",
        database.connections_are_swallowed_past_the_lease,
        of_lease=True,
    ),
    Fault("database killed", database.database_is_killed),
    Fault("connections ended by the server", database.connections_are_ended),
    Fault("database dumped and restored under writers", writer.database_is_dumped_under_writers),
    Fault("writers, compaction and full counts", writer.writers_write_during_compaction),
    Fault("worker killed", process.worker_is_killed),
    Fault("worker stopped", process.worker_is_stopped),
    Fault("scheduler killed, and back", process.scheduler_is_killed_and_comes_back),
    Fault("scheduler stopped past the lease", process.scheduler_is_stopped, of_lease=True),
    Fault("disk full (a tmpfs of limited size)", storage.disk_is_full, possible=storage.may_mount),
    Fault("disk full (an injected limit of file sizes)", storage.file_sizes_are_limited),
    Fault("source files gone", storage.source_is_gone),
    Fault("source files are pipes", storage.source_is_a_pipe),
    Fault("source files truncated", storage.source_is_truncated),
    Fault("five runners on one queue", queue.five_runners_share_a_queue),
    Fault(
        "50 equal submits at once, database killed meanwhile",
        queue.equal_jobs_are_submitted_at_once,
    ),
    Fault(
        "50 different submits at once, database killed meanwhile",
        queue.different_jobs_are_submitted_at_once,
    ),
    Fault("job cancelled, and run again", queue.job_is_cancelled),
    Fault("job ended by SQL, and run again", queue.job_is_ended_by_hand),
)


def measure(lane: Lane) -> None:
    """Does the work with nothing that breaks; what comes out is what every run has to give."""
    with open_world(lane) as world:
        world.start_runner()
        world.measure()
        lane.expected = outcome(world.engine, world.storage)
    assert len(lane.expected.outputs) > len(lane.expected.completed) > 0


def try_once(lane: Lane, fault: Fault, number: int, of: int, *, defaults: bool = False) -> Verdict:
    """One run of a fault. The same number of the same fault draws the same random numbers."""
    assert lane.expected is not None
    chance = Chance(random.Random(f"{fault.run.__name__} {number}"), number, of)
    with open_world(lane, None if defaults else LEASE_SECONDS) as world:
        try:
            fault.run(world, chance)
        except Exception:  # noqa: BLE001 - whatever it is, the table has to say so
            stopped = [traceback.format_exc()]
        else:
            stopped = []
        world.stop_runners()
        verdict = judge(world.engine, world.storage, lane.expected)
        verdict.stuck += stopped
        if not verdict.holds:
            verdict.log = world.log()
        return verdict
