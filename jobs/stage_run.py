"""Runs one stage of a claimed job, and advances the job when the stage has ended."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from psycopg2.errors import QueryCanceled
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError

from database.engine import error_message
from jobs import job_rows, results, task_rows
from jobs.dispatch import Dispatch, ProgressListener
from jobs.lease import Lease, is_passing
from jobs.stage_lock import take_lock
from jobs.stages import Parameters, Stage, Task, TaskError, as_json, errors_named, record_nothing
from jobs.task_rows import TaskResult

PATIENCE = 0.25


class StageRun:
    """One stage of one job, from plan to end; may be killed between any two statements."""

    def __init__(
        self,
        engine: Engine,
        runner_id: str,
        lease: Lease,
        stage: Stage,
        last: bool,
        dispatch: Dispatch,
        listener: ProgressListener,
    ) -> None:
        self._engine = engine
        self._runner_id = runner_id
        self._lease = lease
        self._job = lease.job
        self._stage = stage
        self._last = last
        self._dispatch = dispatch
        self._listener = listener

    def run(self) -> None:
        """Runs the rest of the stage.

        Raises Stopped, JobLost, OutOfTime, SchedulerLost or DBAPIError.
        """
        try:
            self._plan()
            self._lock()
        except TaskError as error:
            self._fail(str(error))
            return
        self._do()
        while not self._lease.write(self._end_stage):
            # Tasks were reset or added from outside while the last ones ended.
            self._lease.pause(PATIENCE)
            self._lease.write(self._requeue)
            self._do()

    def give_back(self) -> None:
        """Requeues the job, for a runner that stops properly."""
        self._dispatch.cancel()

        def release(connection: Connection) -> None:
            self._requeue(connection)
            job_rows.release_job(connection, self._job)

        self._lease.write(release)

    def cancel(self) -> None:
        """Withdraws tasks that have not started, before the stage is run again."""
        self._dispatch.cancel()

    def abandon(self) -> None:
        """Ends the stage's tasks on the workers, and writes nothing."""
        self._dispatch.end()

    def _requeue(self, connection: Connection) -> None:
        task_rows.requeue(connection, self._job)

    def _plan(self) -> None:
        with self._engine.connect() as connection:
            planned = job_rows.stage_is_planned(connection, self._job)
            stale = planned and job_rows.plan_is_stale(connection, self._job)
        if planned:
            # Planned earlier, by a runner that stopped or before the job was rerun.
            self._lease.write(self._requeue)
        if stale or not planned:
            with self._engine.begin() as connection, self._lease.statement(connection):
                # Planning may take long, so the job's row is locked only at the end.
                self._refresh(connection) if stale else self._make(connection)

    def _make(self, connection: Connection) -> None:
        plan = self._lease.checked(self._planned(connection))
        task_rows.plan_tasks(connection, self._job, self._stage, plan)
        self._lease.assert_held(connection)
        job_rows.mark_planned(connection, self._job)

    def _refresh(self, connection: Connection) -> None:
        """Updates the tasks: files may have been added or changed since they were planned."""
        plan = self._lease.checked(self._planned(connection))
        task_rows.refresh_tasks(connection, self._job, self._stage, plan)
        self._lease.assert_held(connection)
        job_rows.mark_refreshed(connection, self._job)

    def _planned(self, connection: Connection) -> Iterator[Parameters]:
        with errors_named("plan", self._stage):
            yield from self._stage.plan(connection, self._job)

    def _lock(self) -> None:
        """Waits until this job has the stage's lock, if it has one."""
        if self._stage.lock is None:
            return
        job, seconds = self._job, self._lease.seconds
        with errors_named("lock", self._stage):
            name = self._stage.lock(job)
        while not self._lease.write(lambda connection: take_lock(connection, job, name, seconds)):
            self._lease.pause(PATIENCE)

    def _do(self) -> None:
        if self._stage.query is None:
            self._fan_out()
        else:
            self._query()

    def _query(self) -> None:
        """Runs the stage's query and completes its task in one transaction."""
        for task in self._dequeue(1):
            began = time.monotonic()
            try:
                self._answer(task, began)
            except (TaskError, DBAPIError) as error:
                seconds = time.monotonic() - began
                self._record(
                    [TaskResult(task, None, self._reason(error), seconds, self._runner_id)]
                )

    def _answer(self, task: Task, began: float) -> None:
        assert self._stage.query is not None
        with self._engine.begin() as connection, self._lease.statement(connection):
            limit = str(round(self._stage.time_limit * 1000))
            connection.execute(select(func.set_config("statement_timeout", limit, True)))
            with errors_named("query", self._stage):
                result = self._stage.query(connection, self._job)
                as_json(result, "The result", exactly=False)
            self._lease.assert_held(connection)
            seconds = time.monotonic() - began
            one = TaskResult(task, result, None, seconds, self._runner_id)
            task_rows.end_tasks(connection, [one])

    def _dequeue(self, most: int) -> list[Task]:
        return self._lease.write(lambda rows: task_rows.dequeue(rows, self._job, most))

    def _fan_out(self) -> None:
        left = True
        while left or self._dispatch.busy:
            left = left and self._refill()
            self._follow()
            ended_tasks = self._dispatch.results(PATIENCE)
            if ended_tasks:
                self._record(ended_tasks)
            self._lease.check()

    def _refill(self) -> bool:
        """Adds as many tasks as there is room for. Returns whether more may be pending."""
        room = self._dispatch.room()
        if room == 0:
            return True
        tasks = self._dequeue(room)
        self._dispatch.take(tasks)
        return len(tasks) == room

    def _follow(self) -> None:
        if updates := self._listener.take(f"{self._job.job_id[:8]}-s{self._job.stage}"):
            self._dispatch.note(updates)
            self._lease.write(lambda connection: task_rows.write_heartbeats(connection, updates))

    def _record(self, ended_tasks: Sequence[TaskResult]) -> None:
        # Another job may have locked rows of the same files: if the two transactions deadlock, the
        # database ends one, and it is safe to retry it.
        def record(connection: Connection) -> None:
            task_rows.end_tasks(connection, self._recorded(connection, ended_tasks))

        self._lease.write(record)

    def _recorded(
        self, connection: Connection, ended_tasks: Sequence[TaskResult]
    ) -> Sequence[TaskResult]:
        """Records all results in one savepoint; if one fails, each in a savepoint of its own."""
        if self._stage.record is record_nothing:
            return ended_tasks
        try:
            with connection.begin_nested():
                return [self._record_one(connection, one) for one in ended_tasks]
        except (TaskError, DBAPIError) as error:
            self._reason(error)
        return [self._recorded_alone(connection, one) for one in ended_tasks]

    def _recorded_alone(self, connection: Connection, one: TaskResult) -> TaskResult:
        """Records one result; an error fails only this task."""
        try:
            with connection.begin_nested():
                return self._record_one(connection, one)
        except (TaskError, DBAPIError) as error:
            return replace(one, result=None, error=self._reason(error))

    def _record_one(self, connection: Connection, one: TaskResult) -> TaskResult:
        if one.result is None:
            return one
        with errors_named("record", self._stage):
            remaining = self._stage.record(connection, self._job, one.task, one.result)
            as_json(remaining, "What is left of the result", exactly=False)
        return one if remaining is None else replace(one, result=remaining)

    def _end_stage(self, connection: Connection) -> bool:
        """Advances or ends the job. Returns False, with no change, while tasks are unfinished."""
        count = task_rows.count_stage(connection, self._job)
        if count.unfinished:
            return False
        result = results.stage_result(connection, self._job, count)
        job_rows.record_stage(connection, self._job, result)
        status, summary, error = results.job_result(connection, self._job)
        if count.tasks and count.failed == count.tasks:
            job_rows.end_job(connection, self._job, "failed", summary, error)
        elif self._last:
            job_rows.end_job(connection, self._job, status, {**summary, **result}, error)
        else:
            job_rows.advance_job(connection, self._job)
        return True

    def _fail(self, reason: str) -> None:
        def end(connection: Connection) -> None:
            job_rows.end_job(connection, self._job, "failed", None, reason)

        self._lease.write(end)

    def _reason(self, error: TaskError | DBAPIError) -> str:
        """Why a task failed; raises temporary database errors again."""
        if is_passing(error):
            raise error
        if isinstance(error, DBAPIError) and isinstance(error.orig, QueryCanceled):
            # The end of a lease raises another error, so this is the statement timeout.
            return f"{error_message(error)} (the time limit is {self._stage.time_limit:g} seconds)"
        return error_message(error) if isinstance(error, DBAPIError) else str(error)
