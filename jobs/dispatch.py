"""Hands tasks to Dask workers, a bounded number at a time, and collects what comes back."""

from __future__ import annotations

import queue
import threading
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from distributed import Client, KilledWorker
from distributed import Future as DaskFuture

from jobs.stages import Stage, Task
from jobs.storage import Storage
from jobs.task_rows import Ending
from jobs.worker import Order, Outcome, execute

# Waiting tasks a worker thread, so that none idles while the runner writes what others did.
DEPTH = 4


Future = DaskFuture[Any]


class SchedulerLost(Exception):
    """The Dask scheduler is gone: the runner has to be started again."""


class Newsroom:
    """What workers tell of tasks that run, kept for the stage that handed them out."""

    def __init__(self, client: Client, topic: str) -> None:
        self.topic = topic
        self._news: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        self._lock = threading.Lock()
        client.subscribe_topic(topic, self._hear)

    def take(self, prefix: str) -> list[dict[str, Any]]:
        """The news of a stage's tasks: task_id, worker, age (seconds since it was heard)."""
        with self._lock:
            heard = self._news.pop(prefix, {})
        now = time.monotonic()
        return [
            {"task_id": task_id, "worker": item["worker"], "age": now - item["heard"]}
            for task_id, item in heard.items()
        ]

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        _, news = event
        with self._lock:
            of_stage = self._news[news["task_id"].rpartition("-")[0]]
            of_stage.setdefault(news["task_id"], {**news, "heard": time.monotonic()})


@dataclass(frozen=True)
class Sent:
    """A task that is with the workers; `alone` when it is suspected to kill them."""

    task: Task
    order: Order
    future: Future
    alone: bool


class Dispatch:
    """The tasks of one stage that are with the workers.

    When a worker dies, Dask blames every task that was with it, so a task that was there when
    too many died is tried once more with no other beside it before it counts as failed.
    """

    def __init__(
        self, client: Client, newsroom: Newsroom, storage: Storage, heartbeat_seconds: float
    ) -> None:
        self._client = client
        self._newsroom = newsroom
        self._storage = storage
        self._heartbeat_seconds = heartbeat_seconds
        self._ended: queue.SimpleQueue[Future] = queue.SimpleQueue()
        # Dask forgets a task whose future nobody keeps.
        self._sent: dict[object, Sent] = {}
        self._suspects: deque[Sent] = deque()

    def room(self) -> int:
        """How many more tasks the cluster can take now."""
        if self._suspects or any(sent.alone for sent in self._sent.values()):
            return 0
        threads = sum(self._client.nthreads().values())
        return max(0, int(max(1, threads)) * DEPTH - len(self._sent))

    @property
    def busy(self) -> bool:
        """Whether tasks are with the workers."""
        return bool(self._sent or self._suspects)

    def send(self, stage: Stage, tasks: Sequence[Task]) -> None:
        """Hands tasks to the workers."""
        assert stage.work is not None
        orders = [
            Order(
                task.task_id,
                stage.work,
                task.parameters,
                self._storage,
                self._newsroom.topic,
                self._heartbeat_seconds,
            )
            for task in tasks
        ]
        self._send(tasks, orders)

    def endings(self, patience: float) -> list[Ending]:
        """The tasks that have ended since the last call; waits at most `patience` seconds for one.

        Raises SchedulerLost when the cluster is gone.
        """
        if self._client.status != "running":
            raise SchedulerLost(f"The Dask scheduler is gone ({self._client.status})")
        if self._suspects and not self._sent:
            suspect = self._suspects.popleft()
            self._send([suspect.task], [suspect.order], alone=True)
        futures = self._collect(patience)
        finished = {future.key: future for future in futures if future.status == "finished"}
        outcomes = self._client.gather(finished, errors="skip")
        endings = (self._ending(future, outcomes.get(future.key)) for future in futures)
        return [ending for ending in endings if ending is not None]

    def cancel(self) -> None:
        """Takes back what the workers have not begun; what they have begun is forgotten."""
        self._client.cancel([sent.future for sent in self._sent.values()])
        self._sent.clear()
        self._suspects.clear()

    def _send(self, tasks: Sequence[Task], orders: Sequence[Order], alone: bool = False) -> None:
        # A key of its own each time: Dask gives the same result for the same key.
        keys = [f"{task.task_id}-{uuid4().hex[:8]}" for task in tasks]
        futures = self._client.map(execute, orders, key=keys, pure=False)
        for task, order, future in zip(tasks, orders, futures, strict=True):
            self._sent[future.key] = Sent(task, order, future, alone)
            future.add_done_callback(self._ended.put)

    def _collect(self, patience: float) -> list[Future]:
        try:
            futures = [self._ended.get(timeout=patience)]
        except queue.Empty:
            return []
        while not self._ended.empty():
            futures.append(self._ended.get())
        return futures

    def _ending(self, future: Future, outcome: Outcome | None) -> Ending | None:
        sent = self._sent[future.key]
        if outcome is None and future.status == "cancelled":
            raise SchedulerLost(f"Dask gave up task {sent.task.task_id}")
        if outcome is None and future.status != "error":
            # The worker that held the outcome died before it was fetched: Dask does the task again.
            future.add_done_callback(self._ended.put)
            return None
        del self._sent[future.key]
        if outcome is None:
            return self._broken(sent)
        return Ending(
            sent.task,
            outcome.result,
            outcome.error,
            outcome.seconds,
            outcome.worker,
            outcome.metadata,
        )

    def _broken(self, sent: Sent) -> Ending | None:
        error = sent.future.exception()
        if isinstance(error, KilledWorker) and not sent.alone:
            self._suspects.append(sent)
            return None
        reason = f"The worker died while doing this task: {error}"
        return Ending(sent.task, None, reason, 0.0, "")
