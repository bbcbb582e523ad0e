"""What the callbacks read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callbacks.drawn import Drawn
from jobs.submission import Submitter
from layouts.leaves import Leaves
from pipelines.registry import Registry
from queries.cache import Snapshots
from queries.readings import Readings


@dataclass(frozen=True)
class Sources:
    """The registry, the shared readings, what is drawn of them and what pages are told of that, and
    where submitted jobs go."""

    registry: Registry
    snapshots: Snapshots
    readings: Readings
    submitter: Submitter
    drawn: Drawn[tuple[Leaves, str | None]] = field(default_factory=Drawn)
    told: Drawn[Mapping[str, Any]] = field(default_factory=Drawn)
