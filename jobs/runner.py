"""The runner: claims queued jobs and walks their stages, several jobs at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from distributed import Client
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from database.engine import explain
from jobs.dispatch import Dispatch, Newsroom, SchedulerLost
from jobs.job_rows import JobLost, claim_job, end_job, hold_job, keep_alive
from jobs.stage_run import StageRun, Stopped
from jobs.stages import Job, JobType
from jobs.storage import Storage

log = logging.getLogger(__name__)

JOBS_AT_ONCE = 4
POLL_SECONDS = 0.5


class Runner:
    """Walks jobs until `stop` is called. Any number of runners may share a database.

    Killed at any point, what it held is taken over after `lease_seconds`, by itself or another.
    """

    def __init__(
        self,
        engine: Engine,
        client: Client,
        storage: Storage,
        job_types: Mapping[str, JobType],
        *,
        heartbeat_seconds: float,
        lease_seconds: float,
    ) -> None:
        self.runner_id = f"runner-{uuid4().hex[:12]}"
        self._engine = engine
        self._client = client
        self._storage = storage
        self._job_types = job_types
        self._heartbeat_seconds = heartbeat_seconds
        self._lease_seconds = lease_seconds
        self._newsroom = Newsroom(client, f"pipeline-monitor-{self.runner_id}")
        self._held: set[str] = set()
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._lost: SchedulerLost | None = None

    def stop(self) -> None:
        """Asks the runner to give its jobs back and to end; returns at once."""
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Claims and walks jobs until stopped. Raises SchedulerLost when the cluster is gone."""
        log.info("%s waits for jobs", self.runner_id)
        beat = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        beat.start()
        with ThreadPoolExecutor(JOBS_AT_ONCE, thread_name_prefix="job") as walkers:
            while not self._stopping.is_set():
                self._wake.clear()
                job = self._claim() if len(self._held) < JOBS_AT_ONCE else None
                if job is None:
                    self._wake.wait(POLL_SECONDS)
                else:
                    self._held.add(job.job_id)
                    walkers.submit(self._walk, job)
        beat.join()
        if self._lost is not None:
            raise self._lost

    def _claim(self) -> Job | None:
        try:
            with self._engine.begin() as connection:
                types, held = list(self._job_types), list(self._held)
                return claim_job(connection, self.runner_id, types, self._lease_seconds, held)
        except DBAPIError as error:
            log.warning("No job can be claimed: %s", explain(error))
            return None

    def _walk(self, job: Job) -> None:
        """Does one stage of a job; whatever comes of it, the runner has room for another then."""
        try:
            stages = len(self._job_types[job.job_type].stages)
            if 1 <= job.stage <= stages:
                self._walk_stage(job, self._stage_run(job))
            else:
                self._end(job, f"Job type '{job.job_type}' has {stages} stages, no {job.stage}")
        finally:
            self._held.discard(job.job_id)
            self._wake.set()

    def _walk_stage(self, job: Job, run: StageRun) -> None:
        """Does one stage of a job. What goes wrong here concerns this job, not the runner."""
        name = f"{job.job_type} {job.job_id[:8]} stage {job.stage}"
        log.info("%s begins", name)
        try:
            run.run()
            log.info("%s ended", name)
        except Stopped:
            run.give_back()
            log.info("%s given back", name)
        except JobLost as error:
            run.abandon()
            log.warning("%s", error)
        except SchedulerLost as error:
            self._lost = error
            self.stop()
        except DBAPIError as error:
            run.abandon()
            log.warning("%s is left for later: %s", name, explain(error))
        except Exception:
            run.abandon()
            log.exception("%s failed", name)
            self._end(job, "An error of the runner ended this job; the runner's log has it")

    def _stage_run(self, job: Job) -> StageRun:
        stages = self._job_types[job.job_type].stages
        stage, pulse = stages[job.stage - 1], self._heartbeat_seconds
        dispatch = Dispatch(self._client, self._newsroom, self._storage, stage, pulse)
        return StageRun(
            self._engine,
            self.runner_id,
            job,
            stage,
            job.stage == len(stages),
            dispatch,
            self._newsroom,
            self._stopping,
        )

    def _end(self, job: Job, reason: str) -> None:
        try:
            with self._engine.begin() as connection:
                hold_job(connection, job)
                end_job(connection, job, "failed", None, reason)
        except (DBAPIError, JobLost) as error:
            log.warning("Job %s could not be ended: %s", job.job_id[:8], error)

    def _beat(self) -> None:
        while not self._stopping.wait(self._heartbeat_seconds):
            try:
                with self._engine.begin() as connection:
                    keep_alive(connection, self.runner_id, list(self._held))
            except DBAPIError as error:
                log.warning("The heartbeat was not written: %s", explain(error))
