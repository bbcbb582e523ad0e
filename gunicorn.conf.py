"""Gunicorn's configuration, for `gunicorn 'app:server()'` and `python app.py serve` alike.

What depends on the deployment is a setting (README.md); docs/serving.md says why the rest is so.
"""

import gc
import resource

import click

from commands.metrics_folder import (
    MEMORY,
    make_metrics_folder,
    metrics_folder,
    remove_metrics_folder,
)
from commands.serve import address
from settings import Settings

_settings = Settings()

bind = address(_settings).removeprefix("http://")

# Threads share a process's snapshots; every process reads the database for itself.
worker_class = "gthread"
workers = _settings.serve_processes
threads = _settings.serve_threads
# Threads and connections don't survive a fork: each process makes the application for itself.
preload_app = False
# A process that starts again is to read everything again: none is ended for its age.
max_requests = 0

# Longer than the tick of a page (30 s, or 60 s), so that a tab stays with its process.
keepalive = 75
# Open connections of a process, most of them waiting for the next tick. Each is a file.
_now, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
_files = 20_000 if _most == resource.RLIM_INFINITY else min(_most, 20_000)
worker_connections = min(10_000, max(_files - 200, 100))

# A process whose main thread is silent for so long is ended; a slow answer is none of its business.
timeout = 60
# An answer takes milliseconds; a file that is being streamed is cut off.
graceful_timeout = 3

worker_tmp_dir = str(MEMORY) if MEMORY.is_dir() else None
control_socket_disable = True
loglevel = "warning"


def on_starting(server):
    """Allows so many files, and makes the folder in which several processes measure."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(_now, _files), _most))
    if server.cfg.workers > 1:
        make_metrics_folder()


def when_ready(server):
    """Says where the dashboard is."""
    places = " and ".join(map(str, server.LISTENERS))
    click.echo(f"Pipeline Monitor is at {places} — Ctrl-C stops it.")


def post_worker_init(_worker):
    """Takes what was made at the start, and stays, out of the garbage collector's sight.

    Looking through it takes 85 ms, during which no thread answers.
    """
    gc.collect()
    gc.freeze()


def child_exit(_server, worker):
    """Takes the numbers of a process that ended out of what only living ones have."""
    if metrics_folder() is not None:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)


def on_exit(_server):
    """Removes the folder in which the processes measured."""
    remove_metrics_folder()
