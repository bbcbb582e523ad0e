"""Runs a batch of tasks on a Dask worker, one after the other; errors become results."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from distributed import get_worker

from jobs.progress import listening
from jobs.stages import Parameters, Result, TaskError, as_json
from jobs.storage import Storage, StorageError
from jobs.watch import Watch

# After this time a worker starts no more tasks of the batch, and returns its results. So neither
# finished nor remaining tasks wait for the rest of a batch that takes longer than expected.
BATCH_SECONDS = 0.2


@dataclass(frozen=True)
class TaskSpec:
    """A task as sent to a worker."""

    task_id: str
    parameters: Parameters


@dataclass(frozen=True)
class TaskBatch:
    """Tasks of one stage for one worker; `topic` is the Dask topic for updates to the runner."""

    specs: tuple[TaskSpec, ...]
    work: Callable[[Parameters, Storage], Result]
    storage: Storage
    topic: str
    heartbeat_seconds: float


@dataclass(frozen=True)
class WorkerResult:
    """The outcome of a task: a result or a readable error. `seconds` is its duration."""

    result: Result | None
    error: str | None
    seconds: float
    worker: str
    metadata: dict[str, Any] = field(default_factory=dict)


def execute(batch: TaskBatch) -> list[WorkerResult]:
    """Runs tasks in order and returns their outcomes; an error fails only its own task.

    Runs at least one task, and starts no more after BATCH_SECONDS.
    """
    worker = get_worker()
    # The names of local workers are numbers.
    name = f"worker-{worker.name}" if isinstance(worker.name, int) else str(worker.name)
    until = time.monotonic() + BATCH_SECONDS
    results: list[WorkerResult] = []
    with Watch(
        lambda updates: worker.log_event(batch.topic, {**updates, "worker": name}),
        batch.heartbeat_seconds,
    ) as watch:
        for spec in batch.specs:
            if results and time.monotonic() >= until:
                break
            results.append(_do(batch, spec, watch, name))
    return results


def _do(batch: TaskBatch, spec: TaskSpec, watch: Watch, name: str) -> WorkerResult:
    running = watch.begin(spec.task_id)
    began = time.monotonic()
    with listening(running.report):
        result, error = _attempt(batch, spec)
    seconds = time.monotonic() - began
    watch.end()
    return WorkerResult(result, error, seconds, name, running.metadata())


def _attempt(batch: TaskBatch, spec: TaskSpec) -> tuple[Result | None, str | None]:
    try:
        result = batch.work(spec.parameters, batch.storage)
        as_json(result, "The result", exactly=False)
        return result, None
    except (TaskError, StorageError) as error:
        return None, str(error)
    except Exception as error:  # noqa: BLE001 - any library's error fails only this task
        return None, f"{type(error).__name__}: {error}"
