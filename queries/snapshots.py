"""The latest snapshot of each pipeline, shared by all viewers and renewed in the background."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pipelines.models import Pipeline
from pipelines.registry import Registry
from queries.cache import CachedResult, QueryCache
from queries.observed import UNOBSERVED, Observer
from queries.snapshot import Snapshot

# Of the time between two reads, at most this share is spent reading.
BUSIEST = 0.2


class Snapshots:
    """One read per pipeline and interval, however many viewers there are.

    `read` reads a pipeline's snapshot. Between two reads of a pipeline at least `interval` seconds
    pass, more when a read is slow.
    """

    def __init__(
        self,
        registry: Registry,
        read: Callable[[Pipeline], Snapshot],
        interval: float,
        observer: Observer = UNOBSERVED,
    ) -> None:
        def timed(pipeline_id: str) -> Snapshot:
            began = time.monotonic()
            snapshot = read(registry[pipeline_id])
            observer.refreshed(pipeline_id, time.monotonic() - began)
            return snapshot

        self._observer = observer
        self._interval = interval
        self._ids = [pipeline.id for pipeline in registry.values()]
        self._cache = QueryCache(timed, interval, "snapshots", observer, len(self._ids))
        self._stopped = threading.Event()

    def start(self) -> None:
        """Starts a background thread per pipeline, so that a slow one delays no other."""
        for pipeline_id in self._ids:
            threading.Thread(
                target=self._keep_fresh,
                args=(pipeline_id,),
                name=f"snapshot-{pipeline_id}",
                daemon=True,
            ).start()

    def stop(self) -> None:
        """Ends the background threads after their current read."""
        self._stopped.set()

    def latest(self, pipeline_id: str, *, renew: bool = False) -> CachedResult[Snapshot]:
        """The latest snapshot, without waiting for the database; with `renew` a new one."""
        if renew:
            return self.renew(pipeline_id)
        result = self._cache.peek(pipeline_id)
        self._observer.looked_up("snapshots", result.value is not None)
        return result

    def has_read(self, pipeline_id: str) -> bool:
        """Whether a pipeline was ever read."""
        return self._cache.peek(pipeline_id).value is not None

    def renew(self, pipeline_id: str) -> CachedResult[Snapshot]:
        """A snapshot whose reading began after this call."""
        return self._cache.latest(pipeline_id, renew=True)

    def _keep_fresh(self, pipeline_id: str) -> None:
        while not self._stopped.is_set():
            began = time.monotonic()
            self.renew(pipeline_id)
            self._stopped.wait(max(self._interval, (time.monotonic() - began) / BUSIEST))
