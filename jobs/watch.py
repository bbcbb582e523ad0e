"""Watches a worker's tasks: sends heartbeats and progress, and measures memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import psutil

from jobs.progress import Progress

SAMPLING_SECONDS = 0.2
# The shortest time between two progress updates of a task.
PROGRESS_SECONDS = 1.0
MEGABYTE = 1_000_000


class RunningTask:
    """The measurements and the progress of one running task."""

    def __init__(self, task_id: str) -> None:
        self.task_id = task_id
        self.began = time.monotonic()
        self.noted_at = float("-inf")
        self.progress: Progress | None = None
        self._noted: Progress | None = None
        self._snapshots: list[dict[str, Any]] = []
        self._peak = 0.0
        self._peak_at = ""

    def note(self, used: float, checkpoint: str | None = None) -> None:
        """Notes the worker's memory use in MB, under a checkpoint's name if one is given."""
        if used > self._peak:
            self._peak, self._peak_at = used, datetime.now(UTC).isoformat()
        if checkpoint is not None:
            self._snapshots.append({"checkpoint": checkpoint, "process_rss_mb": round(used, 1)})

    def report(self, progress: Progress) -> None:
        """Stores the progress that the task reports."""
        self.progress = progress

    def is_due(self, now: float, heartbeat_seconds: float) -> bool:
        """Whether to send an update: a heartbeat, or new progress."""
        fresh = self.progress is not self._noted
        return now - self.noted_at >= (
            min(PROGRESS_SECONDS, heartbeat_seconds) if fresh else heartbeat_seconds
        )

    def update_at(self, now: float) -> dict[str, Any]:
        """The update to send: task_id, seconds since the start, and progress if reported."""
        self.noted_at, self._noted = now, self.progress
        own = {} if self.progress is None else {"progress": asdict(self.progress)}
        return {"task_id": self.task_id, "seconds": now - self.began, **own}

    def metadata(self) -> dict[str, Any]:
        """Metadata for the task's row, with the platform's keys."""
        return {
            "peak_memory_mb": round(self._peak, 1),
            "peak_memory_at": self._peak_at,
            "memory_snapshots": self._snapshots,
        }


class Watch:
    """Samples the current task at intervals, in a separate thread.

    `tell` is called with heartbeats and new progress of the task: task_id, seconds since the start,
    and progress if reported. A task that ends before the first sample sends no update.
    """

    def __init__(self, tell: Callable[[dict[str, Any]], None], heartbeat_seconds: float) -> None:
        self._tell = tell
        self._heartbeat_seconds = heartbeat_seconds
        self._memory = psutil.Process().memory_info
        self._running: RunningTask | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="task-watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def begin(self, task_id: str) -> RunningTask:
        """Starts watching a task."""
        running = RunningTask(task_id)
        running.note(self._used(), "start")
        self._running = running
        return running

    def end(self) -> None:
        """Stops watching the current task."""
        running, self._running = self._running, None
        if running is not None:
            running.note(self._used(), "end")

    def _used(self) -> float:
        return float(self._memory().rss / MEGABYTE)

    def _sample(self) -> None:
        while not self._ended.wait(SAMPLING_SECONDS):
            running = self._running
            if running is None:
                continue
            running.note(self._used())
            now = time.monotonic()
            if running.is_due(now, self._heartbeat_seconds):
                self._tell(running.update_at(now))
