"""What happens on a Dask worker: one task, watched for its memory, never raising."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psutil
from distributed import get_worker

from jobs.stages import Parameters, Result, TaskError
from jobs.storage import Storage, StorageError

SAMPLING_SECONDS = 0.2
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Order:
    """A task as it is sent to a worker; `topic` is where the runner listens for news of it."""

    task_id: str
    work: Callable[[Parameters, Storage], Result]
    parameters: Parameters
    storage: Storage
    topic: str
    heartbeat_seconds: float


@dataclass(frozen=True)
class Outcome:
    """What came of a task: a result, or an error for a person to read. Durations in seconds."""

    result: Result | None
    error: str | None
    seconds: float
    worker: str
    metadata: dict[str, Any] = field(default_factory=dict)


def execute(order: Order) -> Outcome:
    """Does a task and says how it went: an error is an outcome, as it concerns this task alone."""
    worker = get_worker()
    # Workers of a local cluster have numbers for names.
    name = f"worker-{worker.name}" if isinstance(worker.name, int) else str(worker.name)
    with _Watch(order, worker, name) as watch:
        began = time.monotonic()
        result, error = _attempt(order)
        seconds = time.monotonic() - began
    return Outcome(result, error, seconds, name, watch.metadata())


def _attempt(order: Order) -> tuple[Result | None, str | None]:
    try:
        return order.work(order.parameters, order.storage), None
    except (TaskError, StorageError) as error:
        return None, str(error)
    except Exception as error:  # noqa: BLE001 - whatever a file does to a library fails its task alone
        return None, f"{type(error).__name__}: {error}"


class _Watch:
    """Tells the runner that a task has started and is alive, and measures the worker's memory."""

    def __init__(self, order: Order, worker: Any, name: str) -> None:
        self._order = order
        self._worker = worker
        self._name = name
        self._memory = psutil.Process().memory_info
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="task-watch", daemon=True)
        self._snapshots: list[dict[str, Any]] = []
        self._peak = 0.0
        self._peak_at = ""

    def __enter__(self) -> _Watch:
        self._tell("started")
        self._snapshot("start")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._snapshot("end")

    def metadata(self) -> dict[str, Any]:
        """The task row's metadata, in the platform's keys."""
        return {
            "peak_memory_mb": round(self._peak, 1),
            "peak_memory_at": self._peak_at,
            "memory_snapshots": self._snapshots,
        }

    def _sample(self) -> None:
        told = time.monotonic()
        while not self._ended.wait(SAMPLING_SECONDS):
            self._measure()
            if time.monotonic() - told >= self._order.heartbeat_seconds:
                told = time.monotonic()
                self._tell("alive")

    def _measure(self) -> float:
        used = self._memory().rss / MEGABYTE
        if used > self._peak:
            self._peak, self._peak_at = used, datetime.now(UTC).isoformat()
        return float(used)

    def _snapshot(self, checkpoint: str) -> None:
        used = round(self._measure(), 1)
        self._snapshots.append({"checkpoint": checkpoint, "process_rss_mb": used})

    def _tell(self, event: str) -> None:
        news = {"task_id": self._order.task_id, "event": event, "worker": self._name}
        self._worker.log_event(self._order.topic, news)
