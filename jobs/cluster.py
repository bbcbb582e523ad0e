"""Reaches the Dask cluster that does the tasks: one that is there, or one of this machine."""

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
    # Dask keeps the last messages to each worker, to look into mistakes of its own; a batch of
    # tasks is one message, and a thousand of them are much memory.
    "distributed.admin.low-level-log-length": 20,
    # Fifteen seconds after a worker was lost the cluster looks whether it is back, and gives its
    # place up for ever if it is just being started once more. Ours are always started again.
    "distributed.deploy.lost-worker-timeout": "365 days",
}


class ClusterError(MonitorError):
    """The Dask cluster can't be reached: the message says which and what to check."""


@contextmanager
def open_client(scheduler: str | None, workers: int | None, folder: Path) -> Iterator[Client]:
    """A client of the scheduler, or of a local cluster with one process per core.

    `folder` takes what local workers put on disk. Raises ClusterError when nothing answers.
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
    """Gives the scheduler and all workers, those to come too, a file whose functions they call."""
    if file is not None:
        # Named after the file: several runners may share a cluster, and each starts many times.
        for kind in (SchedulerUploadFile, UploadFile):
            client.register_plugin(kind(str(file)), name=f"pipeline-monitor-{file.name}")


def _local_cluster(workers: int | None, folder: Path) -> LocalCluster:
    # A terminal's Ctrl-C reaches every process in it. The cluster's thread, and through it all of
    # its workers, inherit that SIGINT is blocked here: it is for their runner to end them.
    # Multiprocessing's tracker unblocks it when it is started, so it is started first.
    resource_tracker.ensure_running()
    allowed = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return _start_local_cluster(workers, folder)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, allowed)


def _start_local_cluster(workers: int | None, folder: Path) -> LocalCluster:
    # Rasters are decoded in C with the lock held for parts of it: processes, one thread each.
    return LocalCluster(
        n_workers=workers or psutil.cpu_count() or 1,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        # Without it the scheduler asks for port 8787, which another runner may have.
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        local_directory=str(folder),
        silence_logs=logging.ERROR,
    )
