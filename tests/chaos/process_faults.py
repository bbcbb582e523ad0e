"""Faults of processes: runners, workers and the scheduler."""

from __future__ import annotations

import time

import psutil

from tests.chaos.world import Chance, World
from tests.monitor import lives, suspended, wait_for


def runner_is_killed(world: World, chance: Chance) -> None:
    """SIGKILL to the runner, whose workers go on; another is started."""
    victim = world.start_runner()

    def strike() -> None:
        victim.kill()
        victim.join()
        world.start_runner()

    world.work(chance, strike)


def runner_is_killed_with_its_cluster(world: World, chance: Chance) -> None:
    """SIGKILL to a runner with a local cluster, whose workers end with it; another is started."""
    victim = world.start_runner(DASK_SCHEDULER="", WORKERS="2")

    def strike() -> None:
        workers = psutil.Process(victim.pid).children(recursive=True)
        victim.kill()
        victim.join()
        world.start_runner()
        wait_for(lambda: not any(lives(worker) for worker in workers))

    world.work(chance, strike)


def runner_is_stopped_past_its_lease(world: World, chance: Chance) -> None:
    """SIGSTOP to one of two runners for longer than its lease, then SIGCONT."""
    first = world.start_runner()

    def strike() -> None:
        world.start_runner()
        world.outlast_lease(suspended([psutil.Process(first.pid)]))

    world.work(chance, strike)


def runner_alone_is_stopped_past_its_lease(world: World, chance: Chance) -> None:
    """SIGSTOP to the only runner for longer than its lease, then SIGCONT."""
    only = psutil.Process(world.start_runner().pid)
    world.work(chance, lambda: world.outlast_lease(suspended([only])))


def worker_is_killed(world: World, chance: Chance) -> None:
    """SIGKILL to a worker process; Dask starts another."""
    world.start_runner()
    world.work(chance, lambda: chance.random.choice(world.lane.cluster.workers()).kill())


def worker_is_stopped(world: World, chance: Chance) -> None:
    """SIGSTOP to a worker process for a few seconds."""
    world.start_runner()

    def strike() -> None:
        with suspended([chance.random.choice(world.lane.cluster.workers())]):
            time.sleep(chance.random.uniform(1, 4))

    world.work(chance, strike)


def scheduler_is_killed_and_comes_back(world: World, chance: Chance) -> None:
    """SIGKILL to the scheduler; then it, its workers and the runner are started again."""
    runner = world.start_runner()

    def strike() -> None:
        world.lane.cluster.kill_scheduler()
        # It ends by itself, to be started again by who watches over it.
        runner.join(60)
        world.lane.cluster.start()
        world.start_runner()

    world.work(chance, strike)


def scheduler_is_stopped(world: World, chance: Chance) -> None:
    """SIGSTOP to the scheduler for longer than the lease."""
    world.start_runner()
    world.work(chance, lambda: world.outlast_lease(world.lane.cluster.scheduler_stopped()))
