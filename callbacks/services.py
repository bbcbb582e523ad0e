"""What the callbacks read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.submission import Submitter
from layouts.page_values import PageValues
from pipelines.registry import Registry
from queries.cache import RenderCache
from queries.cached_queries import CachedQueries
from queries.snapshots import Snapshots


@dataclass(frozen=True)
class Services:
    """The registry, the shared readings, what is drawn of them and what pages are told of that, and
    where submitted jobs go."""

    registry: Registry
    snapshots: Snapshots
    queries: CachedQueries
    submitter: Submitter
    rendered: RenderCache[tuple[PageValues, str | None]] = field(default_factory=RenderCache)
    diffs: RenderCache[Mapping[str, Any]] = field(default_factory=RenderCache)
