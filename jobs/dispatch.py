"""Hands tasks to Dask workers, a bounded number at a time, and collects what comes back."""

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
from jobs.task_rows import Ending
from jobs.worker import Order, Outcome, Parcel
from jobs.workers import Future, SchedulerLost, Workers

# Waiting parcels a worker thread, so that none idles while the runner writes what others did.
DEPTH = 4
# So much work is in a parcel, where tasks are that short; and so many tasks at the most.
PARCEL_SECONDS = 0.1
LARGEST_PARCEL = 200
# How long tasks take is known from the last ones; before there are so many, a parcel holds one.
KNOWN, REMEMBERED = 8, 100
# Tasks taken from the tables at once, at the least: looking for the next ones goes through all.
LEAST_TAKEN = 100


class Newsroom:
    """What workers tell of tasks that run, kept for the stage that handed them out."""

    def __init__(self, client: Client, topic: str) -> None:
        self.topic = topic
        self._news: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        self._lock = threading.Lock()
        client.subscribe_topic(topic, self._hear)

    def take(self, prefix: str) -> list[dict[str, Any]]:
        """The news of a stage's tasks: task_id, worker, age (seconds since it began)."""
        with self._lock:
            heard = self._news.pop(prefix, {})
        now = time.monotonic()
        return [
            {"task_id": task_id, "worker": item["worker"], "age": now - item["began"]}
            for task_id, item in heard.items()
        ]

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        _, news = event
        with self._lock:
            of_stage = self._news[news["task_id"].rpartition("-")[0]]
            began = time.monotonic() - news["seconds"]
            of_stage.setdefault(news["task_id"], {**news, "began": began})


@dataclass(frozen=True)
class Sent:
    """Tasks that are with a worker; `alone` is one that is suspected to kill them."""

    tasks: Sequence[Task]
    future: Future
    alone: bool


class Dispatch:
    """The tasks of one stage that are with the workers, or about to be.

    Short tasks go in parcels, so that handing them out does not take longer than doing them.

    When a worker dies, Dask blames every task that was with it, so a task that was there when
    too many died is tried once more with no other beside it before it counts as failed.
    """

    def __init__(
        self,
        workers: Workers,
        newsroom: Newsroom,
        storage: Storage,
        stage: Stage,
        heartbeat_seconds: float,
    ) -> None:
        self._workers = workers
        self._newsroom = newsroom
        self._storage = storage
        self._stage = stage
        self._heartbeat_seconds = heartbeat_seconds
        self._ended: queue.SimpleQueue[Future] = queue.SimpleQueue()
        # Dask forgets a task whose future nobody keeps.
        self._sent: dict[Key, Sent] = {}
        self._waiting: deque[Task] = deque()
        self._suspects: deque[Task] = deque()
        self._seconds: deque[float] = deque(maxlen=REMEMBERED)
        # When a task that is at work began, as far as its worker told, by time.monotonic().
        self._began: dict[str, float] = {}

    def room(self) -> int:
        """How many more tasks it would take now; none while it has enough."""
        wanted = self._workers.threads() * DEPTH * self._parcel_size()
        return 0 if len(self._waiting) >= wanted else max(wanted, LEAST_TAKEN)

    @property
    def busy(self) -> bool:
        """Whether tasks are with the workers, or about to be."""
        return bool(self._sent or self._waiting or self._suspects)

    def take(self, tasks: Sequence[Task]) -> None:
        """Takes over tasks that are to be done."""
        self._waiting.extend(tasks)

    def note(self, news: Sequence[Mapping[str, Any]]) -> None:
        """Takes what workers told of tasks at work: task_id, age (seconds since it began)."""
        now = time.monotonic()
        self._began |= {item["task_id"]: now - item["age"] for item in news}

    def endings(self, patience: float) -> list[Ending]:
        """The tasks that have ended since the last call; waits at most `patience` seconds for one.

        Raises SchedulerLost when the cluster is gone.
        """
        self._workers.check()
        self._send_next()
        futures = self._collect(patience)
        finished = {future.key: future for future in futures if future.status == "finished"}
        outcomes = self._workers.outcomes(finished) if finished else {}
        ended = [ending for future in futures for ending in self._endings(future, outcomes)]
        return ended + self._overdue()

    def cancel(self) -> None:
        """Takes back what the workers have not begun; what they have begun is forgotten."""
        futures = [sent.future for sent in self._sent.values()]
        for tasks in (self._sent, self._waiting, self._suspects, self._began):
            tasks.clear()
        with suppress(SchedulerLost):
            self._workers.forget(futures)

    def end(self) -> None:
        """Ends everything: a worker that does not stop by itself is started again."""
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
        # What is left at the end is for all threads.
        size = min(self._parcel_size(), -(-len(self._waiting) // threads))
        parcels: list[list[Task]] = []
        while self._waiting and len(parcels) < free:
            parcels.append([self._waiting.popleft() for _ in range(min(size, len(self._waiting)))])
        self._send(parcels)

    def _parcel_size(self) -> int:
        if len(self._seconds) < KNOWN:
            return 1
        mean = sum(self._seconds) / len(self._seconds)
        return max(1, min(LARGEST_PARCEL, int(PARCEL_SECONDS / max(mean, 1e-6))))

    def _send(self, parcels: Sequence[Sequence[Task]], alone: bool = False) -> None:
        # A key of its own each time: Dask gives the same result for the same key.
        keys = [f"{tasks[0].task_id}-{uuid4().hex[:8]}" for tasks in parcels]
        packed = {key: self._packed(tasks) for key, tasks in zip(keys, parcels, strict=True)}
        futures = self._workers.start(packed, len(self._sent))
        for tasks, future in zip(parcels, futures, strict=True):
            self._forget_start(tasks)
            self._sent[future.key] = Sent(tasks, future, alone)
            future.add_done_callback(self._ended.put)

    def _packed(self, tasks: Sequence[Task]) -> Parcel:
        assert self._stage.work is not None
        orders = tuple(Order(task.task_id, task.parameters) for task in tasks)
        topic, pulse = self._newsroom.topic, self._heartbeat_seconds
        return Parcel(orders, self._stage.work, self._storage, topic, pulse)

    def _collect(self, patience: float) -> list[Future]:
        try:
            futures = [self._ended.get(timeout=patience)]
        except queue.Empty:
            return []
        while not self._ended.empty():
            futures.append(self._ended.get())
        return futures

    def _endings(self, future: Future, gathered: Mapping[Key, list[Outcome]]) -> list[Ending]:
        if future.key not in self._sent:
            return []
        sent, outcomes = self._sent[future.key], gathered.get(future.key)
        if outcomes is None and future.status == "cancelled":
            raise SchedulerLost(f"Dask gave up task {sent.tasks[0].task_id}")
        if outcomes is None and future.status != "error":
            # The worker that held the outcome died before it was fetched: Dask does the task again.
            future.add_done_callback(self._ended.put)
            return []
        self._forget(sent)
        if outcomes is None:
            return self._broken(sent)
        self._seconds.extend(outcome.seconds for outcome in outcomes)
        self._waiting.extendleft(reversed(sent.tasks[len(outcomes) :]))
        return [_ending(task, outcome) for task, outcome in zip(sent.tasks, outcomes, strict=False)]

    def _broken(self, sent: Sent) -> list[Ending]:
        error = sent.future.exception()
        # Of several tasks, only one need be to blame.
        if len(sent.tasks) > 1 or (isinstance(error, KilledWorker) and not sent.alone):
            self._suspects.extend(sent.tasks)
            return []
        reason = f"The worker died while doing this task: {error}"
        return [Ending(sent.tasks[0], None, reason, 0.0, "")]

    def _forget(self, sent: Sent) -> None:
        del self._sent[sent.future.key]
        self._forget_start(sent.tasks)

    def _forget_start(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            self._began.pop(task.task_id, None)

    def _overdue(self) -> list[Ending]:
        """Tasks that take longer than their stage allows; what was sent with them is done again."""
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
            Ending(task, None, reason, late[task.task_id], "")
            for sent in found
            for task in sent.tasks
            if task.task_id in late
        ]


def _ending(task: Task, outcome: Outcome) -> Ending:
    return Ending(
        task,
        outcome.result,
        outcome.error,
        outcome.seconds,
        outcome.worker,
        outcome.metadata,
    )
