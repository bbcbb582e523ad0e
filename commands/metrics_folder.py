"""The folder in memory in which the processes of one server keep the numbers of /metrics.

It is made before they start. A single process needs none.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

# Names the folder to the processes: prometheus_client asks for it when it is imported.
MEASURED = "PROMETHEUS_MULTIPROC_DIR"
BEGINNING = "pipeline-monitor-"
MEMORY = Path("/dev/shm")


def make_metrics_folder() -> Path:
    """Makes the folder and names it in this process's environment; other users can't read it.

    Folders of servers that were killed are removed.
    """
    root = MEMORY if os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    for left in root.glob(f"{BEGINNING}*"):
        _remove_if_left(left)
    folder = Path(tempfile.mkdtemp(prefix=BEGINNING, dir=root))
    # The lock is held, by this process and those it forks, until the last of them ends.
    fcntl.flock(os.open(folder / "lock", os.O_CREAT | os.O_RDWR), fcntl.LOCK_EX)
    os.environ[MEASURED] = str(folder)
    return folder


def metrics_folder() -> Path | None:
    """The folder that this process shares with others, if it does."""
    named = os.environ.get(MEASURED)
    return Path(named) if named else None


def remove_metrics_folder() -> None:
    """Removes the folder, if there is one that was made here."""
    folder = metrics_folder()
    if folder is not None and folder.name.startswith(BEGINNING):
        shutil.rmtree(folder, ignore_errors=True)


def _remove_if_left(folder: Path) -> None:
    try:
        lock = os.open(folder / "lock", os.O_RDWR)
    except OSError:
        # Another user's, or one that is being made.
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return
    finally:
        os.close(lock)
