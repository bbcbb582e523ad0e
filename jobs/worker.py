"""What happens on a Dask worker: a parcel of tasks, one after the other, none ever raising."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from distributed import get_worker

from jobs.stages import Parameters, Result, TaskError
from jobs.storage import Storage, StorageError
from jobs.watch import Watch

# A parcel is brought back after so long, whatever is left of it: nobody waits for short tasks'
# outcomes because a long one came after them, nor for the ones behind it.
PARCEL_SECONDS = 0.2


@dataclass(frozen=True)
class Order:
    """A task as it is sent to a worker."""

    task_id: str
    parameters: Parameters


@dataclass(frozen=True)
class Parcel:
    """Tasks of one stage for one worker; `topic` is where the runner listens for news of them."""

    orders: tuple[Order, ...]
    work: Callable[[Parameters, Storage], Result]
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


def execute(parcel: Parcel) -> list[Outcome]:
    """Does tasks in their order and says how they went: an error concerns its task alone.

    At least one is done; those that are not begun in PARCEL_SECONDS are left out.
    """
    worker = get_worker()
    # Workers of a local cluster have numbers for names.
    name = f"worker-{worker.name}" if isinstance(worker.name, int) else str(worker.name)
    until = time.monotonic() + PARCEL_SECONDS
    outcomes: list[Outcome] = []
    with Watch(
        lambda news: worker.log_event(parcel.topic, {**news, "worker": name}),
        parcel.heartbeat_seconds,
    ) as watch:
        for order in parcel.orders:
            if outcomes and time.monotonic() >= until:
                break
            outcomes.append(_do(parcel, order, watch, name))
    return outcomes


def _do(parcel: Parcel, order: Order, watch: Watch, name: str) -> Outcome:
    watched = watch.begin(order.task_id)
    began = time.monotonic()
    result, error = _attempt(parcel, order)
    seconds = time.monotonic() - began
    watch.end()
    return Outcome(result, error, seconds, name, watched.metadata())


def _attempt(parcel: Parcel, order: Order) -> tuple[Result | None, str | None]:
    try:
        return parcel.work(order.parameters, parcel.storage), None
    except (TaskError, StorageError) as error:
        return None, str(error)
    except Exception as error:  # noqa: BLE001 - whatever a file does to a library fails its task alone
        return None, f"{type(error).__name__}: {error}"
