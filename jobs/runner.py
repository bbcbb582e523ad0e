"""The runner: claims queued jobs and runs their stages, several jobs at a time."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

from distributed import Client
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from database.engine import DATABASE_FAILURES, error_message
from jobs.dispatch import Dispatch, ProgressListener
from jobs.job_rows import JobLost, claim_job, end_job, keep_alive, valid_leases
from jobs.lease import Lease, OutOfTime, Stopped, is_passing
from jobs.places import check_places
from jobs.stage_run import StageRun
from jobs.stages import Job, JobType, with_entry
from jobs.storage import Storage
from jobs.workers import SchedulerLost, Workers
from pipelines.parameters import ParameterErrors
from pipelines.registry import Registry

log = logging.getLogger(__name__)

# A runner runs many jobs at once, so that short ones need not wait for long ones. Beyond FIRST_JOBS
# it claims only jobs that no other runner has claimed for WAITED_SECONDS.
FIRST_JOBS, MOST_JOBS = 4, 64
WAITED_SECONDS = 2.0
POLL_SECONDS = 0.5
# How often a runner checks its leases.
LOOK_SECONDS = 1.0


class Runner:
    """Runs jobs until `stop` is called. Any number of runners may share a database.

    A runner may be killed at any time: after `lease_seconds`, other runners take over its jobs.
    """

    def __init__(
        self,
        engine: Engine,
        client: Client,
        storage: Storage,
        job_types: Mapping[str, JobType],
        registry: Registry,
        *,
        heartbeat_seconds: float,
        lease_seconds: float,
    ) -> None:
        self.runner_id = f"runner-{uuid4().hex[:12]}"
        self._engine = engine
        self._workers = Workers(client)
        self._storage = storage
        self._job_types = job_types
        self._registry = registry
        self._heartbeat_seconds = heartbeat_seconds
        self._lease_seconds = lease_seconds
        self._listener = ProgressListener(client, f"pipeline-monitor-{self.runner_id}")
        self._leases: dict[str, Lease] = {}
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._lost: SchedulerLost | None = None
        self._reported = ""

    def stop(self) -> None:
        """Asks the runner to requeue its jobs and to end; returns at once."""
        self._stopping.set()
        for lease in list(self._leases.values()):
            lease.stop()
        self._wake.set()

    def run(self) -> None:
        """Claims and runs jobs until stopped. Raises SchedulerLost if the cluster is gone."""
        log.info("%s waits for jobs", self.runner_id)
        beat = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        beat.start()
        with ThreadPoolExecutor(MOST_JOBS, thread_name_prefix="job") as walkers:
            while not self._stopping.is_set():
                self._wake.clear()
                job = self._claim()
                if job is None:
                    self._wake.wait(POLL_SECONDS)
                else:
                    walkers.submit(self._walk, self._leased(job))
        beat.join()
        if self._lost is not None:
            raise self._lost

    def _claim(self) -> Job | None:
        """Claims the next job, if there are workers and this runner has room for it."""
        leased = list(self._leases)
        try:
            if len(leased) >= MOST_JOBS or self._workers.threads() == 0:
                return None
            waited = 0.0 if len(leased) < FIRST_JOBS else WAITED_SECONDS
            with self._engine.begin() as connection:
                types = list(self._job_types)
                job = claim_job(
                    connection, self.runner_id, types, self._lease_seconds, leased, waited
                )
            self._reported = ""
            return job
        except DATABASE_FAILURES as error:
            self._report(f"No job can be claimed: {error_message(error)}")
        except SchedulerLost as error:
            self._lose_scheduler(error)
        return None

    def _report(self, problem: str) -> None:
        """Logs what keeps the runner from its work, and not again as long as it is the same."""
        if problem != self._reported:
            log.warning("%s", problem)
        self._reported = problem

    def _leased(self, claimed: Job) -> Lease:
        job = with_entry(claimed, self._job_types[claimed.job_type], self._registry)
        lease = self._leases[job.job_id] = Lease(self._engine, job, self._lease_seconds)
        if self._stopping.is_set():
            lease.stop()
        return lease

    def _lose_scheduler(self, error: SchedulerLost) -> None:
        self._lost = self._lost or error
        self.stop()

    def _walk(self, lease: Lease) -> None:
        """Runs one stage of a job; the runner then has room for another, even after an error."""
        try:
            if reason := self._unfit(lease.job):
                self._end(lease, reason)
            else:
                self._walk_stage(lease)
        except (*DATABASE_FAILURES, JobLost) as error:
            log.warning("Job %s is left for later: %s", lease.job.job_id[:8], error)
        finally:
            del self._leases[lease.job.job_id]
            self._wake.set()

    def _unfit(self, job: Job) -> str | None:
        """Why a job's row can't be run, or None if it can."""
        stages = len(self._job_types[job.job_type].stages)
        if job.stage is None:
            return f"The job's stage is not set; job type '{job.job_type}' has {stages} stages"
        if not 1 <= job.stage <= stages:
            return f"Job type '{job.job_type}' has {stages} stages, no {job.stage}"
        parameters: Any = job.parameters
        if not isinstance(parameters, dict):
            return f"The job's parameters are no JSON object but {json.dumps(parameters)[:100]}"
        # Its row may be older than the settings, or somebody else's.
        pipeline, _ = job.entry
        try:
            if pipeline is not None:
                check_places(pipeline, job.job_type, parameters, self._storage)
        except ParameterErrors as error:
            return str(error)
        return None

    def _walk_stage(self, lease: Lease) -> None:
        """Runs one stage of a job. Errors affect this job, not the runner."""
        run = self._stage_run(lease)
        name = f"{lease.job.job_type} {lease.job.job_id[:8]} stage {lease.job.stage}"
        log.info("%s begins", name)
        try:
            self._persevere(lease, run)
            log.info("%s ended", name)
        except Stopped:
            run.give_back()
            log.info("%s given back", name)
        except JobLost as error:
            log.warning("%s", error)
            run.abandon()
        except SchedulerLost as error:
            self._lose_scheduler(error)
            run.give_back()
            log.warning("%s given back: %s", name, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, _reason logs and reports it
            run.abandon()
            if reason := _reason(name, error):
                self._end(lease, reason)

    def _persevere(self, lease: Lease, run: StageRun) -> None:
        """Runs a stage; retries for `lease_seconds` while the database can't be reached."""
        until = time.monotonic() + self._lease_seconds
        while True:
            try:
                run.run()
            except DATABASE_FAILURES as error:
                if not is_passing(error) or time.monotonic() > until:
                    raise
                log.warning("The database did not answer, trying again: %s", error_message(error))
                run.cancel()
                lease.pause(POLL_SECONDS)
            else:
                return

    def _stage_run(self, lease: Lease) -> StageRun:
        stages, number = self._job_types[lease.job.job_type].stages, lease.job.stage or 0
        stage, pulse = stages[number - 1], self._heartbeat_seconds
        dispatch = Dispatch(self._workers, self._listener, self._storage, stage, pulse)
        return StageRun(
            self._engine,
            self.runner_id,
            lease,
            stage,
            number == len(stages),
            dispatch,
            self._listener,
        )

    def _end(self, lease: Lease, reason: str) -> None:
        try:
            lease.write(lambda rows: end_job(rows, lease.job, "failed", None, reason))
        except (*DATABASE_FAILURES, JobLost) as error:
            log.warning("Job %s could not be ended: %s", lease.job.job_id[:8], error)

    def _beat(self) -> None:
        """Renews the heartbeats of the leases, and detects lost leases."""
        beats: dict[str, float] = {}
        while not self._stopping.wait(min(LOOK_SECONDS, self._heartbeat_seconds)):
            leases = {lease.job.lease_token: lease for lease in list(self._leases.values())}
            # A new claim counts as a heartbeat.
            beats = {token: beats.get(token, time.monotonic()) for token in leases}
            try:
                self._lose_lost(leases)
                self._tell(beats)
            except DATABASE_FAILURES as error:
                log.warning("The heartbeat was not written: %s", error_message(error))
            except Exception:
                # Without heartbeats, other runners would take over this runner's jobs.
                log.exception("The heartbeat was not written")

    def _lose_lost(self, leases: Mapping[str, Lease]) -> None:
        if not leases:
            return
        with self._engine.connect() as connection:
            assert_held = valid_leases(connection, leases.keys())
        for token, lease in leases.items():
            limit = self._job_types[lease.job.job_type].time_limit
            if token not in assert_held:
                lease.lose()
            elif limit is not None and assert_held[token] > limit:
                lease.expire(f"The job took longer than {limit:g} seconds, its time limit")

    def _tell(self, beats: dict[str, float]) -> None:
        """Renews heartbeats that are due; those that fail are retried the next time."""
        oldest = time.monotonic() - self._heartbeat_seconds
        if due := [token for token, at in beats.items() if at <= oldest]:
            with self._engine.begin() as connection:
                beaten = keep_alive(connection, due)
            beats.update(dict.fromkeys(beaten, time.monotonic()))


def _reason(name: str, error: Exception) -> str | None:
    """Why a job fails, or None if it is retried later. Logs the details."""
    if isinstance(error, OutOfTime):
        return str(error)
    if is_passing(error):
        log.warning("%s is left for later: %s", name, error)
        return None
    if isinstance(error, DBAPIError):
        log.warning("%s failed: %s", name, error_message(error))
        return f"The database refused: {error_message(error)}"
    log.error("%s failed", name, exc_info=error)
    return "An error of the runner ended this job; the runner's log has it"
