"""Connects to the Dask cluster that runs the tasks: an existing one or a local one."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from pathlib import Path

import dask
import psutil
from distributed import Client, LocalCluster
from distributed.diagnostics.plugin import SchedulerUploadFile, UploadFile
from distributed.security import Security

from access.hosts import is_loopback
from pipelines.errors import MonitorError

OWN = {
    # Dask keeps the last messages to each worker for debugging. A batch of tasks is one message,
    # and a thousand of them take a lot of memory.
    "distributed.admin.low-level-log-length": 20,
    # By default, the cluster checks 15 seconds after losing a worker whether it is back, and gives
    # it up for good if it is still restarting. Our workers are always restarted.
    "distributed.deploy.lost-worker-timeout": "365 days",
    # Without a page of its own, it tells nobody on this machine what is done.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


class ClusterError(MonitorError):
    """The Dask cluster can't be reached; the message says which and what to check."""


@contextmanager
def open_client(
    scheduler: str | None, workers: int | None, folder: Path, security: Security | None = None
) -> Iterator[Client]:
    """A client of the scheduler, or of a local cluster, by default with one process per core.

    `folder` is for files of the local workers; `security` has the certificates for a scheduler at
    `tls://…`. Raises ClusterError if no scheduler answers.
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
        client = Client(scheduler, timeout=10, security=security)
    except (OSError, ValueError, TypeError) as error:
        raise ClusterError(
            f"No Dask scheduler answers at {scheduler}: {error}. Check DASK_SCHEDULER."
        ) from error
    with client:
        yield client


def security_of(
    scheduler: str | None, certificates: Sequence[Path | None], insecure: bool
) -> Security | None:
    """What a scheduler's address needs: its authority's certificate, our own one and its key.

    None for a scheduler without TLS, which has to be on this machine unless `insecure`: whoever
    reaches its port can run code as the runner. Raises ClusterError.
    """
    if scheduler is None:
        return None
    scheme, _, place = scheduler.rpartition("://")
    if scheme == "tls":
        ca, certificate, key = (_existing(path) for path in certificates)
        return Security(
            require_encryption=True, tls_ca_file=ca, tls_client_cert=certificate, tls_client_key=key
        )
    if not insecure and not is_loopback(place.rpartition(":")[0].strip("[]")):
        raise ClusterError(
            f"DASK_SCHEDULER={scheduler} is neither encrypted nor on this machine: whoever reaches "
            "that network runs code as the runner. Use tls:// with DASK_TLS_CA, DASK_TLS_CERT and "
            "DASK_TLS_KEY, or set DASK_INSECURE=yes if only runners reach it"
        )
    return None


def _existing(path: Path | None) -> str:
    if path is None or not path.is_file():
        what = "is not there" if path else "are needed"
        raise ClusterError(
            f"A scheduler at tls:// needs DASK_TLS_CA, DASK_TLS_CERT and DASK_TLS_KEY: "
            f"{path or 'they'} {what}"
        )
    return str(path)


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
        # Every user of this machine reaches its ports: they take only who has these keys.
        security=Security.temporary(),
        protocol="tls://",
        dashboard_address=None,
        # Otherwise the scheduler uses port 8787, which another runner may already use.
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        local_directory=str(folder),
        silence_logs=logging.ERROR,
    )
