"""The latest snapshot of each pipeline, shared by all viewers and renewed in the background."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from database.engine import explain
from pipelines.models import Pipeline
from pipelines.registry import Registry
from queries.observed import UNOBSERVED, Observer
from queries.snapshot import Snapshot

log = logging.getLogger(__name__)

# Of the time between two readings, at the most this share is spent reading.
BUSIEST = 0.2


@dataclass(frozen=True)
class Reading:
    """The last good snapshot, and what is wrong with the database now, if anything."""

    snapshot: Snapshot | None = None
    error: str | None = None
    taken: float = field(default_factory=time.monotonic)

    @property
    def age(self) -> float:
        """Seconds since the snapshot was taken, by this process's clock."""
        return time.monotonic() - self.taken


class Snapshots:
    """One reading a pipeline; the database is asked once however many viewers there are.

    `take` reads a pipeline's snapshot. Between two readings of a pipeline at least `interval`
    seconds pass, more when a reading is slow.
    """

    def __init__(
        self,
        registry: Registry,
        take: Callable[[Pipeline], Snapshot],
        interval: float,
        observer: Observer = UNOBSERVED,
    ) -> None:
        self._take = take
        self._observer = observer
        self._interval = interval
        self._shelves = {pipeline.id: _Shelf(pipeline) for pipeline in registry.values()}
        self._stopped = threading.Event()

    def start(self) -> None:
        """Starts a background thread a pipeline, so that a slow one delays no other."""
        for shelf in self._shelves.values():
            threading.Thread(
                target=self._keep_fresh,
                args=(shelf,),
                name=f"snapshot-{shelf.pipeline.id}",
                daemon=True,
            ).start()

    def stop(self) -> None:
        """Ends the background threads after their present reading."""
        self._stopped.set()

    def latest(self, pipeline_id: str) -> Reading:
        """The latest reading, without waiting for the database."""
        reading = self._shelves[pipeline_id].reading
        self._observer.looked("snapshots", reading.snapshot is not None)
        return reading

    def has_read(self, pipeline_id: str) -> bool:
        """Whether there is a good reading of a pipeline, of whatever age."""
        return self._shelves[pipeline_id].reading.snapshot is not None

    def renew(self, pipeline_id: str) -> Reading:
        """A reading that began after this call; callers at the same time share one."""
        reading, shared = self._read(self._shelves[pipeline_id])
        self._observer.looked("snapshots", shared)
        return reading

    def _read(self, shelf: _Shelf) -> tuple[Reading, bool]:
        """A reading that began after this call, and whether it was another's."""
        asked = time.monotonic()
        with shelf.lock:
            shared = shelf.began >= asked
            if not shared:
                shelf.began = time.monotonic()
                shelf.reading = self._attempt(shelf)
            return shelf.reading, shared

    def _attempt(self, shelf: _Shelf) -> Reading:
        last, began = shelf.reading, time.monotonic()
        try:
            reading = Reading(self._take(shelf.pipeline))
            self._observer.refreshed(shelf.pipeline.id, time.monotonic() - began)
            return reading
        except (DBAPIError, PoolTimeoutError) as error:
            reason = explain(error)
        except Exception:
            # The thread has to outlive what nobody thought of; the page says that there is one.
            log.exception("Reading pipeline %s failed", shelf.pipeline.id)
            reason = "an unexpected error; the server's log has it"
        self._observer.unanswered("snapshots", False)
        if reason != last.error:
            log.warning("Pipeline %s can't be read: %s", shelf.pipeline.id, reason)
        return Reading(last.snapshot, reason, last.taken)

    def _keep_fresh(self, shelf: _Shelf) -> None:
        while not self._stopped.is_set():
            began = time.monotonic()
            self._read(shelf)
            self._stopped.wait(max(self._interval, (time.monotonic() - began) / BUSIEST))


class _Shelf:
    """A pipeline's latest reading, and who may renew it."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.reading = Reading()
        self.lock = threading.Lock()
        self.began = float("-inf")
