"""Sends tasks to Dask workers, a limited number at a time, and collects their results."""

from __future__ import annotations

import queue
import threading
import time
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from dask.typing import Key
from distributed import Client, KilledWorker

from jobs.stages import Stage, Task
from jobs.storage import Storage
from jobs.task_rows import TaskResult
from jobs.worker import TaskBatch, TaskSpec, WorkerResult
from jobs.workers import Future, SchedulerLost, Workers

# Batches per worker thread, so that no thread is idle while the runner writes results.
DEPTH = 4
# Short tasks are sent in batches: work per batch in seconds, and the maximum number of tasks.
BATCH_SECONDS = 0.1
LARGEST_BATCH = 200
# Batch sizes follow the mean duration of the last REMEMBERED tasks. Until KNOWN tasks have ended, a
# batch holds one task.
KNOWN, REMEMBERED = 8, 100
# The fewest tasks to dequeue at once: each dequeue scans all of the stage's tasks.
LEAST_TAKEN = 100


class ProgressListener:
    """Collects the updates that workers send about running tasks, by stage."""

    def __init__(self, client: Client, topic: str) -> None:
        self.topic = topic
        self._updates: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        self._lock = threading.Lock()
        client.subscribe_topic(topic, self._hear)

    def take(self, prefix: str) -> list[dict[str, Any]]:
        """New updates of a stage's tasks: task_id, worker, age (seconds since start), progress."""
        with self._lock:
            heard = self._updates.pop(prefix, {})
        now = time.monotonic()
        return [
            {
                "task_id": task_id,
                "worker": item["worker"],
                "age": now - item["began"],
                "progress": item.get("progress"),
            }
            for task_id, item in heard.items()
        ]

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        _, updates = event
        with self._lock:
            of_stage = self._updates[updates["task_id"].rpartition("-")[0]]
            began = time.monotonic() - updates["seconds"]
            # The first update gives the best start time, the last one the current progress.
            first = of_stage.get(updates["task_id"], {"began": began})
            of_stage[updates["task_id"]] = {**updates, "began": first["began"]}


@dataclass(frozen=True)
class Sent:
    """Tasks sent to a worker; `alone` means one task that is suspected of killing workers."""

    tasks: Sequence[Task]
    future: Future
    alone: bool


class Dispatch:
    """The tasks of one stage that were sent to the workers or are waiting to be sent.

    Short tasks are sent in batches, so that sending them does not take longer than running them.

    When a worker dies, Dask blames every task that it had. So a task that Dask gives up because too
    many workers died is tried once more, alone, before it counts as failed.
    """

    def __init__(
        self,
        workers: Workers,
        listener: ProgressListener,
        storage: Storage,
        stage: Stage,
        heartbeat_seconds: float,
    ) -> None:
        self._workers = workers
        self._listener = listener
        self._storage = storage
        self._stage = stage
        self._heartbeat_seconds = heartbeat_seconds
        self._ended: queue.SimpleQueue[Future] = queue.SimpleQueue()
        # Dask drops a task when its last future is released.
        self._sent: dict[Key, Sent] = {}
        self._waiting: deque[Task] = deque()
        self._suspects: deque[Task] = deque()
        self._seconds: deque[float] = deque(maxlen=REMEMBERED)
        # When running tasks started, as reported by their workers, in time.monotonic() seconds.
        self._began: dict[str, float] = {}

    def room(self) -> int:
        """How many more tasks to add now; 0 while enough are waiting."""
        wanted = self._workers.threads() * DEPTH * self._batch_size()
        return 0 if len(self._waiting) >= wanted else max(wanted, LEAST_TAKEN)

    @property
    def busy(self) -> bool:
        """Whether any tasks are running or waiting."""
        return bool(self._sent or self._waiting or self._suspects)

    def take(self, tasks: Sequence[Task]) -> None:
        """Adds tasks to run."""
        self._waiting.extend(tasks)

    def note(self, updates: Sequence[Mapping[str, Any]]) -> None:
        """Notes when running tasks started, from updates: task_id, age (seconds since start)."""
        now = time.monotonic()
        self._began |= {item["task_id"]: now - item["age"] for item in updates}

    def results(self, patience: float) -> list[TaskResult]:
        """The tasks that ended since the last call; waits up to `patience` seconds for the first.

        Raises SchedulerLost if the cluster is gone.
        """
        self._workers.check()
        self._send_next()
        futures = self._collect(patience)
        finished = {future.key: future for future in futures if future.status == "finished"}
        results = self._workers.results(finished) if finished else {}
        ended = [one for future in futures for one in self._results_of(future, results)]
        return ended + self._overdue()

    def cancel(self) -> None:
        """Withdraws tasks that have not started, and ignores the results of those that have."""
        futures = [sent.future for sent in self._sent.values()]
        for tasks in (self._sent, self._waiting, self._suspects, self._began):
            tasks.clear()
        with suppress(SchedulerLost):
            self._workers.forget(futures)

    def end(self) -> None:
        """Cancels all tasks, and restarts workers that do not stop running them."""
        keys, workers = list(self._sent), self._workers
        with suppress(SchedulerLost):
            addresses = workers.assigned(keys) if keys else []
            self.cancel()
            workers.free(addresses, keys)
        self.cancel()

    def _send_next(self) -> None:
        threads = self._workers.threads()
        if threads == 0 or any(sent.alone for sent in self._sent.values()):
            return
        if self._suspects:
            if not self._sent:
                self._send([[self._suspects.popleft()]], alone=True)
            return
        free = max(0, threads * DEPTH - len(self._sent))
        # The last tasks are spread over all threads.
        size = min(self._batch_size(), -(-len(self._waiting) // threads))
        batches: list[list[Task]] = []
        while self._waiting and len(batches) < free:
            batches.append([self._waiting.popleft() for _ in range(min(size, len(self._waiting)))])
        self._send(batches)

    def _batch_size(self) -> int:
        if len(self._seconds) < KNOWN:
            return 1
        mean = sum(self._seconds) / len(self._seconds)
        return max(1, min(LARGEST_BATCH, int(BATCH_SECONDS / max(mean, 1e-6))))

    def _send(self, batches: Sequence[Sequence[Task]], alone: bool = False) -> None:
        # A new key each time: for a known key, Dask returns the earlier result.
        keys = [f"{tasks[0].task_id}-{uuid4().hex[:8]}" for tasks in batches]
        packed = {key: self._packed(tasks) for key, tasks in zip(keys, batches, strict=True)}
        futures = self._workers.start(packed, len(self._sent))
        for tasks, future in zip(batches, futures, strict=True):
            self._forget_start(tasks)
            self._sent[future.key] = Sent(tasks, future, alone)
            future.add_done_callback(self._ended.put)

    def _packed(self, tasks: Sequence[Task]) -> TaskBatch:
        assert self._stage.work is not None
        specs = tuple(TaskSpec(task.task_id, task.parameters) for task in tasks)
        topic, pulse = self._listener.topic, self._heartbeat_seconds
        return TaskBatch(specs, self._stage.work, self._storage, topic, pulse)

    def _collect(self, patience: float) -> list[Future]:
        try:
            futures = [self._ended.get(timeout=patience)]
        except queue.Empty:
            return []
        while not self._ended.empty():
            futures.append(self._ended.get())
        return futures

    def _results_of(
        self, future: Future, gathered: Mapping[Key, list[WorkerResult]]
    ) -> list[TaskResult]:
        if future.key not in self._sent:
            return []
        sent, results = self._sent[future.key], gathered.get(future.key)
        if results is None and future.status == "cancelled":
            raise SchedulerLost(f"Dask gave up task {sent.tasks[0].task_id}")
        if results is None and future.status != "error":
            # The worker died before its result was fetched: Dask runs the task again.
            future.add_done_callback(self._ended.put)
            return []
        self._forget(sent)
        if results is None:
            return self._broken(sent)
        self._seconds.extend(result.seconds for result in results)
        self._waiting.extendleft(reversed(sent.tasks[len(results) :]))
        return [
            _task_result(task, result) for task, result in zip(sent.tasks, results, strict=False)
        ]

    def _broken(self, sent: Sent) -> list[TaskResult]:
        error = sent.future.exception()
        # If there were several tasks, perhaps only one is to blame.
        if len(sent.tasks) > 1 or (isinstance(error, KilledWorker) and not sent.alone):
            self._suspects.extend(sent.tasks)
            return []
        reason = f"The worker died while running this task: {error}"
        return [TaskResult(sent.tasks[0], None, reason, 0.0, "")]

    def _forget(self, sent: Sent) -> None:
        del self._sent[sent.future.key]
        self._forget_start(sent.tasks)

    def _forget_start(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            self._began.pop(task.task_id, None)

    def _overdue(self) -> list[TaskResult]:
        """Fails tasks that exceed their stage's time limit; the rest of their batch runs again."""
        now, limit = time.monotonic(), self._stage.time_limit
        late = {task: now - began for task, began in self._began.items() if now - began > limit}
        found = [sent for sent in self._sent.values() if any(t.task_id in late for t in sent.tasks)]
        if not found:
            return []
        for sent in found:
            self._forget(sent)
            self._waiting.extendleft(t for t in reversed(sent.tasks) if t.task_id not in late)
        keys = [sent.future.key for sent in found]
        addresses = self._workers.assigned(keys)
        self._workers.forget([sent.future for sent in found])
        self._workers.free(addresses, keys, grace_seconds=0)
        reason = f"It took longer than {limit:g} seconds, the time limit of {self._stage.task_type}"
        return [
            TaskResult(task, None, reason, late[task.task_id], "")
            for sent in found
            for task in sent.tasks
            if task.task_id in late
        ]


def _task_result(task: Task, result: WorkerResult) -> TaskResult:
    return TaskResult(
        task,
        result.result,
        result.error,
        result.seconds,
        result.worker,
        result.metadata,
    )
