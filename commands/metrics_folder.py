"""The in-memory folder in which the processes of one server share the values of /metrics.

It is created before they start. A single process needs none.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

# The environment variable with the folder: prometheus_client reads it when it is imported.
MEASURED = "PROMETHEUS_MULTIPROC_DIR"
BEGINNING = "pipeline-monitor-"
MEMORY = Path("/dev/shm")


def make_metrics_folder() -> Path:
    """Creates the folder and sets this process's environment variable; other users can't read it.

    Also removes the folders of killed servers.
    """
    root = MEMORY if os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    for left in root.glob(f"{BEGINNING}*"):
        _remove_if_left(left)
    folder = Path(tempfile.mkdtemp(prefix=BEGINNING, dir=root))
    # This process and its forks hold the lock until the last of them ends.
    fcntl.flock(os.open(folder / "lock", os.O_CREAT | os.O_RDWR), fcntl.LOCK_EX)
    os.environ[MEASURED] = str(folder)
    return folder


def metrics_folder() -> Path | None:
    """The folder that this process shares with others, or None."""
    named = os.environ.get(MEASURED)
    return Path(named) if named else None


def remove_metrics_folder() -> None:
    """Removes the folder, if `make_metrics_folder` created it."""
    folder = metrics_folder()
    if folder is not None and folder.name.startswith(BEGINNING):
        shutil.rmtree(folder, ignore_errors=True)


def _remove_if_left(folder: Path) -> None:
    try:
        lock = os.open(folder / "lock", os.O_RDWR)
    except OSError:
        # It belongs to another user, or is being created.
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return
    finally:
        os.close(lock)
