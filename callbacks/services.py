"""What callbacks need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.actions import Actions
from layouts.page_values import PageValues
from pipelines.registry import Registry
from queries.cache import RenderCache
from queries.cached_queries import CachedQueries
from queries.snapshots import Snapshots


@dataclass(frozen=True)
class Services:
    """The registry, what all viewers share, and where submitted jobs go.

    snapshots, queries: what is read from the database; rendered: page values and what failed of
    them, by page; diffs: payloads of refreshes, by the digests before and after.
    """

    registry: Registry
    snapshots: Snapshots
    queries: CachedQueries
    actions: Actions
    rendered: RenderCache[tuple[PageValues, str | None]] = field(default_factory=RenderCache)
    diffs: RenderCache[Mapping[str, Any]] = field(default_factory=RenderCache)
