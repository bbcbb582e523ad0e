"""The Dask workers as the runner uses them, and one error for a lost cluster."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any

from dask.typing import Key
from distributed import Client, Nanny, Worker
from distributed import Future as DaskFuture

from jobs.worker import TaskBatch, WorkerResult, execute
from pipelines.errors import MonitorError

log = logging.getLogger(__name__)

# How long the number of threads is cached.
KNOWN_SECONDS = 1.0
# How long cancelled tasks may run before their workers are restarted.
GRACE_SECONDS = 2.0
# A worker that does not answer within this time counts as busy.
ANSWER_SECONDS = 3.0
RESTART_SECONDS = 20.0
# A local cluster that has had no workers for this long will not get new ones.
ALONE_SECONDS = 60.0

Future = DaskFuture[Any]
# What Dask raises if the scheduler does not answer; other errors need a closer look.
GONE = (OSError, TimeoutError, asyncio.TimeoutError, asyncio.CancelledError, CancelledError)


class SchedulerLost(MonitorError):
    """The Dask scheduler is gone; the runner has to be restarted."""


class Workers:
    """The workers of one Dask cluster. Every method raises SchedulerLost if the cluster is gone."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._threads = 0
        self._counted_at = float("-inf")
        self._alive_at = time.monotonic()

    def check(self) -> None:
        """Raises SchedulerLost if the connection to the scheduler has ended."""
        if self._client.status != "running":
            raise SchedulerLost(f"The Dask scheduler is gone ({self._client.status})")

    def threads(self) -> int:
        """How many tasks can run at the same time; 0 while there are no workers."""
        if time.monotonic() - self._counted_at > KNOWN_SECONDS:
            with self._reaching():
                self._threads = int(sum(self._client.nthreads().values()))
            self._counted_at = time.monotonic()
            self._check_own()
        return self._threads

    def _check_own(self) -> None:
        """Raises SchedulerLost if a local cluster has had no workers for ALONE_SECONDS.

        A shared cluster may have none for as long as nobody needs them.
        """
        if self._threads or self._client.cluster is None:
            self._alive_at = self._counted_at
        elif self._counted_at - self._alive_at > ALONE_SECONDS:
            raise SchedulerLost("The local Dask cluster has had no workers for a minute")

    def start(self, batches: Mapping[str, TaskBatch], behind: int) -> list[Future]:
        """Submits batches by key; `behind` batches of the same job have already been submitted.

        The first batch of a job has priority over the second batch of any other, so a short job
        need not wait for earlier long ones.
        """
        with self._reaching():
            return [
                self._client.submit(execute, batch, key=key, pure=False, priority=-(behind + place))
                for place, (key, batch) in enumerate(batches.items())
            ]

    def results(self, futures: Mapping[Key, Future]) -> dict[Key, list[WorkerResult]]:
        """The results of finished batches by key, without those whose worker has died since."""
        with self._reaching():
            return dict(self._client.gather(dict(futures), errors="skip"))

    def forget(self, futures: Sequence[Future]) -> None:
        """Cancels batches that have not started; results of those that have are ignored."""
        if futures:
            with self._reaching():
                self._client.cancel(list(futures))

    def assigned(self, keys: Collection[Key]) -> list[str]:
        """The addresses of the workers that are running these batches or have them queued."""
        with self._reaching():
            found: dict[str, Sequence[Key]] = self._client.processing()
        return [address for address, batches in found.items() if set(batches) & set(keys)]

    def free(
        self,
        addresses: Collection[str],
        keys: Collection[Key],
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        """Restarts the workers that are still running these batches after `grace_seconds`.

        A thread can't be killed, but its process can: Dask sends the worker's other tasks to other
        workers.
        """
        until = time.monotonic() + grace_seconds
        while busy := [one for one in addresses if self._is_busy(one, keys)]:
            if time.monotonic() >= until:
                self._restart(busy)
                return
            time.sleep(0.1)

    def _is_busy(self, address: str, keys: Collection[Key]) -> bool:
        """Whether a worker is running one of these batches; True if it does not answer."""
        self.check()
        try:
            # `Client.run` passes `callback_timeout` on to `Client.sync`, not to the function.
            doing: dict[str, list[Key]] = self._client.run(
                _doing,
                workers=[address],
                on_error="ignore",
                callback_timeout=ANSWER_SECONDS,
            )
        except TimeoutError:
            return True
        except Exception:  # noqa: BLE001 - a lost worker raises various errors
            # A lost worker runs nothing; if the scheduler is gone too, this raises SchedulerLost.
            self.check()
            return False
        return any(set(batches) & set(keys) for batches in doing.values())

    def _restart(self, addresses: Sequence[str]) -> None:
        for address in addresses:
            try:
                if not self._kill(address):
                    # Without a nanny, the worker ends for good, unless its owner starts another.
                    self._client.restart_workers([address], timeout=0.1, raise_for_error=False)
            except Exception as error:  # noqa: BLE001 - a worker that is lost or does not answer
                self.check()
                log.warning("A worker that does not stop can't be started again: %r", error)

    def _kill(self, address: str) -> bool:
        """Kills a worker through its nanny, which then starts a new one.

        Returns whether it has a nanny. Dask's own restart first asks the worker to end, which takes
        seconds if a thread does not stop.
        """
        killed: dict[str, bool] = self._client.run(
            _kill_worker,
            workers=[address],
            nanny=True,
            callback_timeout=RESTART_SECONDS,
        )
        return bool(killed)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        self.check()
        try:
            yield
        except GONE as error:
            raise SchedulerLost(f"The Dask scheduler does not answer: {error!r}") from error
        except Exception as error:
            if self._client.status != "running":
                raise SchedulerLost(f"The Dask scheduler is gone: {error!r}") from error
            raise


def _kill_worker(dask_worker: Nanny) -> bool:
    """Runs in a worker's nanny."""
    if dask_worker.pid is not None:
        os.kill(dask_worker.pid, signal.SIGKILL)
    return True


def _doing(dask_worker: Worker) -> list[Key]:
    """The keys of the batches that a worker's threads are running."""
    with dask_worker.active_threads_lock:
        return list(dask_worker.active_threads.values())
