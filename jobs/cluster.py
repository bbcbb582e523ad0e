"""Connects to the Dask cluster that runs the tasks: an existing one or a local one."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from pathlib import Path

import dask
import psutil
from distributed import Client, LocalCluster
from distributed.diagnostics.plugin import SchedulerUploadFile, UploadFile

from pipelines.errors import MonitorError

OWN = {
    # Dask keeps the last messages to each worker for debugging. A batch of tasks is one message,
    # and a thousand of them take a lot of memory.
    "distributed.admin.low-level-log-length": 20,
    # By default, the cluster checks 15 seconds after losing a worker whether it is back, and gives
    # it up for good if it is still restarting. Our workers are always restarted.
    "distributed.deploy.lost-worker-timeout": "365 days",
}


class ClusterError(MonitorError):
    """The Dask cluster can't be reached; the message says which and what to check."""


@contextmanager
def open_client(scheduler: str | None, workers: int | None, folder: Path) -> Iterator[Client]:
    """A client of the scheduler, or of a local cluster, by default with one process per core.

    `folder` is for files of the local workers. Raises ClusterError if no scheduler answers.
    """
    if scheduler is None:
        with (
            dask.config.set(OWN),
            _local_cluster(workers, folder) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = Client(scheduler, timeout=10)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"No Dask scheduler answers at {scheduler}: {error}. Check DASK_SCHEDULER."
        ) from error
    with client:
        yield client


def share_file(client: Client, file: Path | None) -> None:
    """Sends a module's file to the scheduler and to all present and future workers."""
    if file is not None:
        # Named after the file: several runners may share a cluster, and each starts many times.
        for kind in (SchedulerUploadFile, UploadFile):
            client.register_plugin(kind(str(file)), name=f"pipeline-monitor-{file.name}")


def _local_cluster(workers: int | None, folder: Path) -> LocalCluster:
    # Ctrl-C reaches every process of the terminal, but the runner should stop the workers itself:
    # SIGINT is blocked here, and the cluster's thread and its workers inherit that. Multiprocessing
    # unblocks SIGINT when it starts its resource tracker, so the tracker is started first.
    resource_tracker.ensure_running()
    allowed = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return _start_local_cluster(workers, folder)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, allowed)


def _start_local_cluster(workers: int | None, folder: Path) -> LocalCluster:
    # Decoding rasters holds the GIL part of the time: several processes with one thread each.
    return LocalCluster(
        n_workers=workers or psutil.cpu_count() or 1,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        # Otherwise the scheduler uses port 8787, which another runner may already use.
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        local_directory=str(folder),
        silence_logs=logging.ERROR,
    )
