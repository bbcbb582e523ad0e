"""Faults of the queue: many at once, and people who change their mind."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from jobs.cancel import CancelError, cancel_job
from tests.chaos.lane import JOBS
from tests.chaos.world import Chance, World

AT_ONCE = 50
# Jobs that together do what one job of the whole region does.
WEST, MIDDLE, EAST = ([west + 0.2, -2.8, west + 0.8, -1.2] for west in (28, 29, 30))
SHARES: dict[str, list[dict[str, object]]] = {
    "process_fathom_stack": [
        {"flood_types": ["fluvial"], "bbox": WEST},
        {"flood_types": ["fluvial"], "bbox": MIDDLE},
        {"flood_types": ["fluvial"], "bbox": EAST},
        {"flood_types": ["pluvial"], "bbox": WEST},
        {"flood_types": ["pluvial"], "bbox": MIDDLE},
        {"flood_types": ["pluvial"], "bbox": EAST},
    ],
    "process_fathom_merge": [{"flood_types": ["fluvial"]}, {"flood_types": ["pluvial"]}],
}


def five_runners_share_a_queue(world: World, chance: Chance) -> None:
    """Five runners, and six jobs at once that share the work."""
    for _ in range(5):
        world.start_runner()
    for job in JOBS:
        world.wait_until_ended(*[world.submit(job, **share) for share in SHARES[job]])


def equal_jobs_are_submitted_at_once(world: World, chance: Chance) -> None:
    """Fifty people submit the same job at once, and the database is killed meanwhile."""
    world.start_runner()
    for job in JOBS:
        ids = _submit_all(world, chance, [(job, {})] * AT_ONCE)
        assert len(set(ids)) == 1, ids
        world.wait_until_ended(ids[0])


def different_jobs_are_submitted_at_once(world: World, chance: Chance) -> None:
    """Fifty different jobs at once, of which one does the work and the others only count."""
    world.start_runner()
    others = [{"dry_run": True, "output_prefix": f"other-{n}"} for n in range(AT_ONCE - 1)]
    for job in JOBS:
        ids = _submit_all(world, chance, [(job, {}), *((job, given) for given in others)])
        assert len(set(ids)) == AT_ONCE, len(set(ids))
        world.wait_until_ended(*ids)


def job_is_cancelled(world: World, chance: Chance) -> None:
    """The job is cancelled at a random moment, and run again."""
    world.start_runner()
    for job in JOBS:
        job_id = world.submit(job)
        time.sleep(chance.random.uniform(0, 1.5 * world.lane.seconds[job]))
        if _cancel(world, job_id):
            time.sleep(chance.random.uniform(0, 1))
            world.rerun(job_id)
        world.wait_until_ended(job_id)


def job_is_ended_by_hand(world: World, chance: Chance) -> None:
    """SQL sets the job's status at a random moment; it is run again."""
    world.start_runner()

    def strike() -> None:
        with world.engine.begin() as connection:
            ended = connection.execute(text(ENDED)).scalars().all()
        for job_id in ended:
            world.rerun(job_id)

    world.work(chance, strike)


ENDED = """
    UPDATE app.jobs SET status = 'failed', error_details = 'ended by hand'
    WHERE status IN ('queued', 'processing') RETURNING job_id
"""


def _submit_all(
    world: World, chance: Chance, jobs: list[tuple[str, dict[str, object]]]
) -> list[str]:
    with ThreadPoolExecutor(AT_ONCE) as people:
        asked = [people.submit(world.submit, job, **given) for job, given in jobs]
        time.sleep(chance.random.uniform(0, 0.2))
        world.lane.server.kill()
        world.lane.server.start()
        return [one.result() for one in asked]


def _cancel(world: World, job_id: str) -> bool:
    try:
        with world.engine.begin() as connection:
            cancel_job(connection, job_id)
    except CancelError:
        return False
    return True
