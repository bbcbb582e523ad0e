"""What happens on a Dask worker: a batch of tasks, one after the other, none ever raising."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from distributed import get_worker

from jobs.progress import listening
from jobs.stages import Parameters, Result, TaskError, check_json
from jobs.storage import Storage, StorageError
from jobs.watch import Watch

# A batch is brought back after so long, whatever is left of it: nobody waits for short tasks'
# results because a long one came after them, nor for the ones behind it.
BATCH_SECONDS = 0.2


@dataclass(frozen=True)
class TaskSpec:
    """A task as it is sent to a worker."""

    task_id: str
    parameters: Parameters


@dataclass(frozen=True)
class TaskBatch:
    """Tasks of one stage for one worker; `topic` is where the runner listens for news of them."""

    specs: tuple[TaskSpec, ...]
    work: Callable[[Parameters, Storage], Result]
    storage: Storage
    topic: str
    heartbeat_seconds: float


@dataclass(frozen=True)
class WorkerResult:
    """What came of a task: a result, or an error for a person to read. Durations in seconds."""

    result: Result | None
    error: str | None
    seconds: float
    worker: str
    metadata: dict[str, Any] = field(default_factory=dict)


def execute(batch: TaskBatch) -> list[WorkerResult]:
    """Does tasks in their order and says how they went: an error concerns its task alone.

    At least one is done; those that are not begun in BATCH_SECONDS are left out.
    """
    worker = get_worker()
    # Workers of a local cluster have numbers for names.
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
        check_json(result, "The result")
        return result, None
    except (TaskError, StorageError) as error:
        return None, str(error)
    except Exception as error:  # noqa: BLE001 - whatever a file does to a library fails its task alone
        return None, f"{type(error).__name__}: {error}"
