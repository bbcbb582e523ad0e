"""`python app.py runner`: runs the jobs that were submitted for this project's runner."""

from __future__ import annotations

import logging
import threading

from sqlalchemy import Engine

from commands.configuration import storage_of
from commands.supervise import on_request_to_end
from jobs.catalog import file_of, load_job_types
from jobs.cluster import open_client, security_of, share_file
from jobs.limits import with_limits
from jobs.runner import Runner
from pipelines.public_text import without_secrets
from pipelines.registry import Registry
from settings import Settings

log = logging.getLogger("jobs.runner")


def run_jobs(settings: Settings, engine: Engine, registry: Registry) -> None:
    """Runs jobs until SIGINT or SIGTERM; then requeues unfinished jobs and returns.

    Raises CatalogError for a job type that can't be loaded, and ClusterError or SchedulerLost if
    the Dask cluster can't be reached or is lost.
    """
    job_types = load_job_types(settings.jobs_module)
    storage = storage_of(settings)
    log.info("Containers are in %s", without_secrets(storage.root))
    for name, place in storage.places.items():
        log.info("Container %s is %s", name, without_secrets(place))
    storage.remove_abandoned()
    # Ending while the cluster starts would leave processes behind, so signals wait until then.
    asked_to_end = threading.Event()
    on_request_to_end(asked_to_end.set)
    certificates = settings.dask_tls_ca, settings.dask_tls_cert, settings.dask_tls_key
    scheduler, folder = settings.dask_scheduler, settings.workspace / "dask"
    security = security_of(scheduler, certificates, settings.dask_insecure)
    with open_client(scheduler, settings.workers, folder, security) as client:
        share_file(client, file_of(settings.jobs_module))
        runner = Runner(
            engine,
            client,
            storage,
            with_limits(job_types, registry),
            registry,
            # One or two heartbeats may fail before the lease expires.
            heartbeat_seconds=min(settings.heartbeat_seconds, settings.job_lease_seconds / 3),
            lease_seconds=settings.job_lease_seconds,
        )
        on_request_to_end(runner.stop)
        if asked_to_end.is_set():
            runner.stop()
        runner.run()


def log_to_terminal() -> None:
    """Logs to the terminal: the runner's messages, and only warnings of libraries."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("jobs").setLevel(logging.INFO)
