"""Runs one stage of a claimed job, and moves the job on when the stage has ended."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from database.engine import explain
from jobs import job_rows, outcomes, task_rows
from jobs.dispatch import Dispatch, Newsroom
from jobs.stages import Job, Stage, Task, TaskError, record_nothing
from jobs.task_rows import Ending

log = logging.getLogger(__name__)

PATIENCE = 0.25
ATTEMPTS = 5


class Stopped(Exception):
    """The runner is stopping: the job goes back into the queue."""


class StageRun:
    """One stage of one job, from its plan to its end; safe to kill between any two statements."""

    def __init__(
        self,
        engine: Engine,
        runner_id: str,
        job: Job,
        stage: Stage,
        last: bool,
        dispatch: Dispatch,
        newsroom: Newsroom,
        stopping: threading.Event,
    ) -> None:
        self._engine = engine
        self._runner_id = runner_id
        self._job = job
        self._stage = stage
        self._last = last
        self._dispatch = dispatch
        self._newsroom = newsroom
        self._stopping = stopping

    def run(self) -> None:
        """Does what is left of the stage. Raises Stopped, JobLost, SchedulerLost or DBAPIError."""
        try:
            self._plan()
        except TaskError as error:
            self._fail(str(error))
            return
        with self._locked():
            if self._stage.query is None:
                self._fan_out()
            else:
                self._query()
        self._end_stage()

    def give_back(self) -> None:
        """Puts the job back in the queue, for a runner that stops in order."""
        self._dispatch.cancel()
        with self._holding() as connection:
            task_rows.put_back(connection, self._job)
            job_rows.release_job(connection, self._job)

    def abandon(self) -> None:
        """Stops what the workers still do for the stage, and writes nothing."""
        self._dispatch.cancel()

    @contextmanager
    def _holding(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            job_rows.hold_job(connection, self._job)
            yield connection

    def _plan(self) -> None:
        with self._engine.begin() as connection:
            if job_rows.stage_is_planned(connection, self._job):
                self._take_up(connection)
                return
            plan = self._stage.plan(connection, self._job)
            task_rows.plan_tasks(connection, self._job, self._stage, plan)
            job_rows.hold_job(connection, self._job)
            job_rows.mark_planned(connection, self._job)

    def _take_up(self, connection: Connection) -> None:
        """Goes on with tasks that are there: of a runner that stopped, or of a job run again."""
        task_rows.put_back(connection, self._job)
        if job_rows.plan_is_stale(connection, self._job):
            # Files may have come or changed since: a group that failed may be whole by now.
            plan = self._stage.plan(connection, self._job)
            task_rows.refresh_tasks(connection, self._job, plan)
            job_rows.hold_job(connection, self._job)
            job_rows.mark_refreshed(connection, self._job)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self._stage.lock is None:
            yield
            return
        with self._engine.connect() as connection:
            key = {"key": self._stage.lock(self._job)}
            while not connection.execute(TRY_LOCK, key).scalar_one():
                connection.rollback()
                self._pause()
            connection.commit()
            try:
                yield
            finally:
                connection.execute(UNLOCK, key)
                connection.commit()

    def _pause(self) -> None:
        if self._stopping.wait(PATIENCE):
            raise Stopped

    def _query(self) -> None:
        """The stage's one statement and the end of its task: both happen, or neither."""
        with self._engine.begin() as connection:
            handed = task_rows.hand_out(connection, self._job, 1)
        if not handed:
            return
        task, began = handed[0], time.monotonic()
        try:
            self._answer(task, began)
        except (TaskError, DBAPIError) as error:
            seconds = time.monotonic() - began
            self._record([Ending(task, None, _reason(error), seconds, self._runner_id)])

    def _answer(self, task: Task, began: float) -> None:
        assert self._stage.query is not None
        with self._engine.begin() as connection:
            result = self._stage.query(connection, self._job)
            job_rows.hold_job(connection, self._job)
            seconds = time.monotonic() - began
            ending = Ending(task, result, None, seconds, self._runner_id)
            task_rows.end_tasks(connection, [ending])

    def _fan_out(self) -> None:
        left = True
        while left or self._dispatch.busy:
            left = left and self._refill()
            self._follow()
            endings = self._dispatch.endings(PATIENCE)
            if endings:
                self._record(endings)
            if self._stopping.is_set():
                raise Stopped

    def _refill(self) -> bool:
        """Hands out as many tasks as there is room for; says whether more may be waiting."""
        room = self._dispatch.room()
        if room == 0:
            return True
        with self._holding() as connection:
            tasks = task_rows.hand_out(connection, self._job, room)
        self._dispatch.take(tasks)
        return len(tasks) == room

    def _follow(self) -> None:
        if news := self._newsroom.take(f"{self._job.job_id[:8]}-s{self._job.stage}"):
            with self._engine.begin() as connection:
                task_rows.note_news(connection, news)

    def _record(self, endings: Sequence[Ending]) -> None:
        # Another job may hold rows of the same files: the database then ends one of the two
        # transactions, and doing it again is right.
        _again(lambda: self._record_once(endings))

    def _record_once(self, endings: Sequence[Ending]) -> None:
        with self._holding() as connection:
            task_rows.end_tasks(connection, self._kept(connection, endings))

    def _kept(self, connection: Connection, endings: Sequence[Ending]) -> Sequence[Ending]:
        """Records results, in a savepoint; where the tables refuse one, each in its own."""
        if self._stage.record is record_nothing:
            return endings
        try:
            with connection.begin_nested():
                for ending in endings:
                    self._keep(connection, ending)
        except (TaskError, DBAPIError) as error:
            _reason(error)
            return [self._kept_alone(connection, ending) for ending in endings]
        return endings

    def _kept_alone(self, connection: Connection, ending: Ending) -> Ending:
        """What the tables refuse fails this task alone."""
        try:
            with connection.begin_nested():
                self._keep(connection, ending)
        except (TaskError, DBAPIError) as error:
            return replace(ending, result=None, error=_reason(error))
        return ending

    def _keep(self, connection: Connection, ending: Ending) -> None:
        if ending.result is not None:
            self._stage.record(connection, self._job, ending.task, ending.result)

    def _end_stage(self) -> None:
        with self._holding() as connection:
            count = task_rows.count_stage(connection, self._job)
            result = outcomes.stage_result(connection, self._job, count)
            job_rows.record_stage(connection, self._job, result)
            status, summary, error = outcomes.job_result(connection, self._job)
            if count.tasks and count.failed == count.tasks:
                job_rows.end_job(connection, self._job, "failed", summary, error)
            elif self._last:
                job_rows.end_job(connection, self._job, status, {**summary, **result}, error)
            else:
                job_rows.advance_job(connection, self._job)

    def _fail(self, reason: str) -> None:
        with self._holding() as connection:
            job_rows.end_job(connection, self._job, "failed", None, reason)


TRY_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended(:key, 0))")
UNLOCK = text("SELECT pg_advisory_unlock(hashtextextended(:key, 0))")


def _reason(error: TaskError | DBAPIError) -> str:
    """Why a task failed; an error that is the database's own, not the task's, is raised again."""
    if isinstance(error, DBAPIError) and (
        isinstance(error, OperationalError) or error.connection_invalidated
    ):
        raise error
    return explain(error) if isinstance(error, DBAPIError) else str(error)


def _again(attempt: Callable[[], None]) -> None:
    for number in range(1, ATTEMPTS + 1):
        try:
            attempt()
        except OperationalError as error:
            if number == ATTEMPTS:
                raise
            log.warning("The database refused to record tasks, trying again: %s", error.orig)
            time.sleep(0.2 * 2**number)
        else:
            return
