"""Faults of the places that files are read from and written to."""

from __future__ import annotations

import functools
import os
import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.chaos.lane import JOBS
from tests.chaos.world import Chance, World

PAGE, ROOM = 4096, 2**28
UNLIMITED = resource.RLIM_INFINITY


@functools.cache
def may_mount() -> bool:
    """Whether this user may mount a file system of limited size."""
    with tempfile.TemporaryDirectory() as name:
        try:
            with _limited(Path(name)):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


def disk_is_full(world: World, chance: Chance) -> None:
    """The outputs' file system is full after so many pages; then there is room.

    The runs of this fault go through all numbers of free pages, from none to enough.
    """
    set_size = world.resources.enter_context(_limited(world.storage))
    # Something has to lie there: a size of 0 would be no limit.
    (world.storage / "filler").write_bytes(bytes(PAGE))
    world.start_runner()
    for job in JOBS:
        needed = world.lane.pages[job]
        set_size(_used(world.storage) + PAGE * (chance.number * needed // chance.of))
        job_id = _do(world, job)
        set_size(ROOM)
        _mend(world, job_id)


def file_sizes_are_limited(world: World, chance: Chance) -> None:
    """No file of a worker may grow beyond a size; then any may."""
    world.start_runner()
    for job in JOBS:
        workers = world.lane.cluster.workers()
        size = chance.random.randrange(0, 12 * PAGE, 512)
        for worker in workers:
            worker.rlimit(psutil.RLIMIT_FSIZE, (size, UNLIMITED))
        job_id = _do(world, job)
        for worker in workers:
            worker.rlimit(psutil.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))
        _mend(world, job_id)


def source_is_gone(world: World, chance: Chance) -> None:
    """Some source files are not there when the job comes to them."""
    _with_broken_sources(world, chance, lambda file: None)


def source_is_a_pipe(world: World, chance: Chance) -> None:
    """Some source files are pipes that nobody writes to."""
    _with_broken_sources(world, chance, os.mkfifo)


def source_is_truncated(world: World, chance: Chance) -> None:
    """Some source files end early."""

    def shorten(file: Path) -> None:
        file.write_bytes(file.with_suffix(".kept").read_bytes()[: chance.random.randint(0, 900)])

    _with_broken_sources(world, chance, shorten)


def _with_broken_sources(world: World, chance: Chance, spoil: Callable[[Path], object]) -> None:
    world.own_sources()
    files = chance.random.sample(sorted(world.sources.rglob("*.tif")), 5)
    for file in files:
        file.rename(file.with_suffix(".kept"))
        spoil(file)
    world.start_runner()
    job_id = _do(world, JOBS[0])
    assert world.status(job_id) == "completed_with_errors", world.status(job_id)
    for file in files:
        file.with_suffix(".kept").replace(file)
    _mend(world, job_id)
    _do(world, JOBS[1])


def _do(world: World, job: str) -> str:
    job_id = world.submit(job)
    world.wait_until_ended(job_id)
    return job_id


def _mend(world: World, job_id: str) -> None:
    """What a person does when the cause is gone."""
    if world.status(job_id) != "completed":
        world.rerun(job_id)
        world.wait_until_ended(job_id)


def _used(folder: Path) -> int:
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


@contextmanager
def _limited(place: Path) -> Iterator[Callable[[int], None]]:
    """A file system of its own at a place; what is given sets its size in bytes."""

    def set_size(size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", place], check=True)

    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", place]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield set_size
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
