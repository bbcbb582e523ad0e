"""One run: a database and a storage of its own, runners at work, and a fault in the middle."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from database.engine import open_engine
from jobs.runner_queue import RunnerQueue
from jobs.storage import Storage
from jobs.submission import SubmissionError, Submitter
from tests.catalog import JOB_TYPES
from tests.chaos.forked import fork_runner
from tests.chaos.lane import JOBS, REGION, TEMPLATE, Lane
from tests.monitor import wait_for

# So long a lease that tries don't take hours, and so short that it runs out within them.
LEASE_SECONDS = 2.0
# A run that has not ended so long after its lease is stuck.
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Chance:
    """What differs between the runs of a fault: random numbers, and which run of how many it is."""

    random: random.Random
    number: int
    of: int


class World:
    """One run's database, storage and runners.

    lease_seconds: none for the settings' defaults.
    """

    def __init__(self, lane: Lane, folder: Path, lease_seconds: float | None) -> None:
        self.lane = lane
        self.folder = folder
        self.storage = folder / "storage"
        self.sources = lane.sources
        self.lease_seconds = lease_seconds
        self.url = lane.server.copy_of(TEMPLATE)
        self.engine = open_engine(self.url)
        # What has to last until the run has been judged.
        self.resources = ExitStack()
        self._submitter = Submitter(
            lane.registry,
            RunnerQueue(self.engine, JOB_TYPES, lane.registry, Storage(str(self.storage))),
        )
        self._runners: list[BaseProcess] = []

    def start_runner(self, **environment: str) -> BaseProcess:
        """Starts a runner with the lane's workers, unless told otherwise."""
        settings = {
            "DATABASE_URL": self.url,
            "DATA_DIR": str(self.folder),
            "STORAGE": str(self.storage),
            "FATHOM_SOURCE": str(self.sources),
            "DASK_SCHEDULER": self.lane.cluster.address,
            **environment,
        }
        if self.lease_seconds is not None:
            settings |= {"HEARTBEAT_SECONDS": "0.5", "JOB_LEASE_SECONDS": f"{self.lease_seconds}"}
        started = fork_runner(settings, self._log)
        self._runners.append(started)
        return started

    def own_sources(self) -> None:
        """From now on, runners that are started read a copy of the sources."""
        self.sources = self.folder / "sources"
        shutil.copytree(self.lane.sources, self.sources)

    def submit(self, job_type: str, **given: Any) -> str:
        """Submits a job as a person would: until it is accepted."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._submitter.submit(job_type, {**REGION, **given}).job_id
            except SubmissionError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def rerun(self, job_id: str) -> None:
        """Runs an ended job again."""
        self._submitter.rerun(job_id)

    def status(self, job_id: str) -> str:
        """A job's status; empty while the database can't say."""
        try:
            with self.engine.connect() as connection:
                query = text("SELECT status::text FROM app.jobs WHERE job_id = :id")
                return str(connection.execute(query, {"id": job_id}).scalar_one())
        except DBAPIError:
            return ""

    def wait_until_begun(self, job_id: str) -> None:
        """Waits until a runner has the job."""
        wait_for(lambda: self.status(job_id) not in ("", "queued"), PATIENCE_SECONDS)

    def wait_until_ended(self, *job_ids: str) -> None:
        """Waits until the jobs have ended."""
        patience = PATIENCE_SECONDS + (self.lease_seconds or 60)
        unfinished = ("", "queued", "processing")
        wait_for(lambda: all(self.status(job) not in unfinished for job in job_ids), patience)

    def work(self, chance: Chance, strike: Callable[[], object]) -> None:
        """Does the whole work; at a random moment of it the fault strikes."""
        victim = chance.random.choice(JOBS)
        for job in JOBS:
            job_id = self.submit(job)
            self.wait_until_begun(job_id)
            if job == victim:
                time.sleep(chance.random.uniform(0, self.lane.seconds[job]))
                strike()
            self.wait_until_ended(job_id)

    def measure(self) -> None:
        """Does the whole work with nothing that breaks, and keeps how long and how large it was."""
        for job in JOBS:
            job_id = self.submit(job)
            self.wait_until_begun(job_id)
            began, used = time.monotonic(), _pages(self.storage)
            self.wait_until_ended(job_id)
            self.lane.seconds[job] = time.monotonic() - began
            self.lane.pages[job] = _pages(self.storage) - used

    @contextmanager
    def copied(self) -> Iterator[Engine]:
        """A copy of the database, which nobody may be connected to."""
        self.engine.dispose()
        copy = open_engine(self.lane.server.copy_of(str(self.engine.url.database)))
        try:
            yield copy
        finally:
            copy.dispose()

    def outlast_lease(self, silence: AbstractContextManager[object]) -> None:
        """Lets something be silent for longer than a claim lasts."""
        with silence:
            time.sleep(1.2 * (self.lease_seconds or 30.0))

    def log(self) -> str:
        """The last lines of what the runners said."""
        return "\n".join(self._log.read_text().splitlines()[-40:])

    @property
    def _log(self) -> Path:
        return self.folder / "runner.log"

    def stop_runners(self) -> None:
        """Asks what runs to end, and waits for it."""
        for runner in self._runners:
            runner.terminate()
        for runner in self._runners:
            runner.join(20)
            runner.kill()
            runner.join()

    def close(self) -> None:
        """Ends what runs, and lets everything go."""
        self.stop_runners()
        self.engine.dispose()
        self.resources.close()


def _pages(folder: Path) -> int:
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return sum(-(-size // 4096) for size in sizes)


@contextmanager
def open_world(lane: Lane, lease_seconds: float | None = LEASE_SECONDS) -> Iterator[World]:
    """A world in a lane, with nothing running in it yet. It is gone afterwards."""
    lane.cluster.start()
    folder = lane.folder / "run"
    folder.mkdir()
    world = World(lane, folder, lease_seconds)
    world.storage.mkdir()
    try:
        yield world
    finally:
        world.close()
        lane.server.say(f"DROP DATABASE {world.engine.url.database} WITH (FORCE)")
        shutil.rmtree(folder)
