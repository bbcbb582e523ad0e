"""Watches a worker's tasks: tells that they run, and measures the worker's memory."""

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
# What a task reports is sent on so often at the most.
PROGRESS_SECONDS = 1.0
MEGABYTE = 1_000_000


class RunningTask:
    """What was seen of one task while it ran."""

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
        """Notes how much memory the worker uses (MB); at a checkpoint it is kept by name."""
        if used > self._peak:
            self._peak, self._peak_at = used, datetime.now(UTC).isoformat()
        if checkpoint is not None:
            self._snapshots.append({"checkpoint": checkpoint, "process_rss_mb": round(used, 1)})

    def report(self, progress: Progress) -> None:
        """Takes what the task says of its progress."""
        self.progress = progress

    def is_due(self, now: float, heartbeat_seconds: float) -> bool:
        """Whether there is something to tell: a heartbeat, or progress that nobody knows of."""
        fresh = self.progress is not self._noted
        return now - self.noted_at >= (
            min(PROGRESS_SECONDS, heartbeat_seconds) if fresh else heartbeat_seconds
        )

    def update_at(self, now: float) -> dict[str, Any]:
        """What there is to tell: task_id, seconds since it began, and progress where it says."""
        self.noted_at, self._noted = now, self.progress
        own = {} if self.progress is None else {"progress": asdict(self.progress)}
        return {"task_id": self.task_id, "seconds": now - self.began, **own}

    def metadata(self) -> dict[str, Any]:
        """The task row's metadata, in the platform's keys."""
        return {
            "peak_memory_mb": round(self._peak, 1),
            "peak_memory_at": self._peak_at,
            "memory_snapshots": self._snapshots,
        }


class Watch:
    """Looks at the task of the moment, regularly, from a thread of its own.

    `tell` gets the news of a task that has been running for a while, of one that still does, and of
    one that reports progress: task_id, seconds since it began, and the progress where it has any.
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
        """From now on this task is looked at."""
        running = RunningTask(task_id)
        running.note(self._used(), "start")
        self._running = running
        return running

    def end(self) -> None:
        """The task of the moment has ended."""
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
