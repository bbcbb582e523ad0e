"""What the processes of one server share: a folder in memory, made before they start.

It holds page values (callbacks/shared_values.py) and the numbers of /metrics. A single process
needs neither.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

# Names the folder to the processes. prometheus_client asks for its own when it is imported.
SHARED = "PIPELINE_MONITOR_SHARED"
MEASURED = "PROMETHEUS_MULTIPROC_DIR"
BEGINNING = "pipeline-monitor-"
MEMORY = Path("/dev/shm")


def make_shared_folder() -> Path:
    """Makes the folder and names it in this process's environment; other users can't read it.

    Folders of servers that were killed are removed.
    """
    root = MEMORY if os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    for left in root.glob(f"{BEGINNING}*"):
        _remove_if_left(left)
    folder = Path(tempfile.mkdtemp(prefix=BEGINNING, dir=root))
    # The lock is held, by this process and those it forks, until the last of them ends.
    fcntl.flock(os.open(folder / "lock", os.O_CREAT | os.O_RDWR), fcntl.LOCK_EX)
    measured = folder / "metrics"
    measured.mkdir()
    os.environ[SHARED], os.environ[MEASURED] = str(folder), str(measured)
    return folder


def shared_folder() -> Path | None:
    """The folder that this process shares with others, if it does."""
    named = os.environ.get(SHARED)
    return Path(named) if named else None


def remove_shared_folder() -> None:
    """Removes the folder, if there is one."""
    folder = shared_folder()
    if folder is not None:
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
