"""The Dask workers as a runner uses them, and one error for a cluster that is gone."""

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

# How long the number of threads is taken for known.
KNOWN_SECONDS = 1.0
# Tasks that nobody waits for any more may end by themselves for so long.
GRACE_SECONDS = 2.0
# A worker that does not say within this time what it does is as good as busy.
ANSWER_SECONDS = 3.0
RESTART_SECONDS = 20.0
# A cluster of our own that has had no workers for so long will get no more.
ALONE_SECONDS = 60.0

Future = DaskFuture[Any]
# What Dask raises when nobody answers; everything else is looked at more closely.
GONE = (OSError, TimeoutError, asyncio.TimeoutError, asyncio.CancelledError, CancelledError)


class SchedulerLost(MonitorError):
    """The Dask scheduler is gone: the runner has to be started again."""


class Workers:
    """The workers of one Dask cluster. Every method raises SchedulerLost when it is gone."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._threads = 0
        self._counted_at = float("-inf")
        self._alive_at = time.monotonic()

    def check(self) -> None:
        """Raises SchedulerLost when the connection to the scheduler has ended."""
        if self._client.status != "running":
            raise SchedulerLost(f"The Dask scheduler is gone ({self._client.status})")

    def threads(self) -> int:
        """How many tasks can be done at the same time; none while no worker is there."""
        if time.monotonic() - self._counted_at > KNOWN_SECONDS:
            with self._reaching():
                self._threads = int(sum(self._client.nthreads().values()))
            self._counted_at = time.monotonic()
            self._check_own()
        return self._threads

    def _check_own(self) -> None:
        """Raises SchedulerLost where a cluster of our own has had no workers for long.

        Somebody else's may have none for as long as nobody needs them.
        """
        if self._threads or self._client.cluster is None:
            self._alive_at = self._counted_at
        elif self._counted_at - self._alive_at > ALONE_SECONDS:
            raise SchedulerLost("The local Dask cluster has had no workers for a minute")

    def start(self, batches: Mapping[str, TaskBatch], behind: int) -> list[Future]:
        """Sends batches by their keys; `behind` of the same job are on their way already.

        A job's first batch goes before the second one of every other: a short job does not wait
        until the long ones that came before it have ended.
        """
        with self._reaching():
            return [
                self._client.submit(execute, batch, key=key, pure=False, priority=-(behind + place))
                for place, (key, batch) in enumerate(batches.items())
            ]

    def results(self, futures: Mapping[Key, Future]) -> dict[Key, list[WorkerResult]]:
        """What came of finished batches, by key; those whose worker has died since are left out."""
        with self._reaching():
            return dict(self._client.gather(dict(futures), errors="skip"))

    def forget(self, futures: Sequence[Future]) -> None:
        """Takes back what is not begun; what is goes on, and nobody waits for it."""
        if futures:
            with self._reaching():
                self._client.cancel(list(futures))

    def assigned(self, keys: Collection[Key]) -> list[str]:
        """The addresses of the workers that have batches of these keys, or wait to begin them."""
        with self._reaching():
            found: dict[str, Sequence[Key]] = self._client.processing()
        return [address for address, batches in found.items() if set(batches) & set(keys)]

    def free(
        self,
        addresses: Collection[str],
        keys: Collection[Key],
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        """Restarts those of the workers that still do batches of these keys after the grace.

        A thread can't be ended from outside, its process can: Dask sends what else was there to
        other workers.
        """
        until = time.monotonic() + grace_seconds
        while busy := [one for one in addresses if self._is_busy(one, keys)]:
            if time.monotonic() >= until:
                self._restart(busy)
                return
            time.sleep(0.1)

    def _is_busy(self, address: str, keys: Collection[Key]) -> bool:
        """Whether a worker does a batch of these keys at this moment; so does one that is mute."""
        self.check()
        try:
            # What is not for the function is for `Client.sync`: how long to wait for an answer.
            doing: dict[str, list[Key]] = self._client.run(
                _doing,
                workers=[address],
                on_error="ignore",
                callback_timeout=ANSWER_SECONDS,
            )
        except TimeoutError:
            return True
        except Exception:  # noqa: BLE001 - a worker that has just gone is told in many ways
            # What it did is gone with it. The scheduler may be gone too, which is told apart here.
            self.check()
            return False
        return any(set(batches) & set(keys) for batches in doing.values())

    def _restart(self, addresses: Sequence[str]) -> None:
        for address in addresses:
            try:
                if not self._kill(address):
                    # Without a nanny it ends for good, and whoever started it may start another.
                    self._client.restart_workers([address], timeout=0.1, raise_for_error=False)
            except Exception as error:  # noqa: BLE001 - a worker that has just gone, or is mute
                self.check()
                log.warning("A worker that does not stop can't be started again: %r", error)

    def _kill(self, address: str) -> bool:
        """Has a worker's nanny kill it, and start another as for any that has died.

        Returns whether it has a nanny.

        Dask's own way asks the worker to end first, which takes seconds with a thread that does
        not stop.
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
    """The keys of the batches that a worker's threads do."""
    with dask_worker.active_threads_lock:
        return list(dask_worker.active_threads.values())
