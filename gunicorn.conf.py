"""Gunicorn's configuration, both for `gunicorn 'app:server()'` and for `python app.py serve`.

What depends on the deployment is a setting (README.md); docs/serving.md explains the other values.
"""

import gc
import resource
import sys

import click

from access.hosts import AccessError
from commands.configuration import policy_of
from commands.metrics_folder import (
    MEMORY,
    make_metrics_folder,
    metrics_folder,
    remove_metrics_folder,
)
from commands.serve import address
from settings import Settings

_settings = Settings()
try:
    # Here a mistake is one line; in the processes that serve it would be many.
    policy_of(_settings)
except AccessError as error:
    sys.exit(f"Error: {error}")

bind = address(_settings).removeprefix("http://")

# Threads share their process's snapshots; each process reads the database itself.
worker_class = "gthread"
workers = _settings.serve_processes
threads = _settings.serve_threads
# Threads and connections don't survive a fork: each process creates its own application.
preload_app = False
# Processes are never recycled, because a new one has to read everything again.
max_requests = 0

# In seconds; longer than the refresh interval of a page (30 or 60 s), so that a tab stays with its
# process.
keepalive = 75
# The maximum number of open connections per process, most of them idle between refreshes. Each
# needs a file descriptor.
_now, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
_files = 20_000 if _most == resource.RLIM_INFINITY else min(_most, 20_000)
worker_connections = min(10_000, max(_files - 200, 100))

# A process is killed if its main thread does not respond for this many seconds; slow requests don't
# count, because they run in other threads.
timeout = 60
# In seconds. Requests take milliseconds; downloads that are still streaming are cut off.
graceful_timeout = 3

worker_tmp_dir = str(MEMORY) if MEMORY.is_dir() else None
control_socket_disable = True
loglevel = "warning"


def on_starting(server):
    """Raises the limit of open files, and creates the metrics folder for several processes."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(_now, _files), _most))
    if server.cfg.workers > 1:
        make_metrics_folder()


def when_ready(server):
    """Prints the dashboard's URL."""
    places = " and ".join(map(str, server.LISTENERS))
    click.echo(f"Pipeline Monitor is at {places} — Ctrl-C stops it.")


def post_worker_init(_worker):
    """Excludes long-lived objects from startup from garbage collection.

    Scanning them takes 85 ms, during which no thread can answer.
    """
    gc.collect()
    gc.freeze()


def child_exit(_server, worker):
    """Removes an ended process from the metrics that count only live processes."""
    if metrics_folder() is not None:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)


def on_exit(_server):
    """Removes the metrics folder."""
    remove_metrics_folder()
