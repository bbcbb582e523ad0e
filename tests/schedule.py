"""Which process runs what: the tests of a file stay together, and the longest begin first."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

# Files of one process, since each would start the same costly thing for itself: Pipeline Monitor
# with its first jobs, and a Dask cluster.
MONITOR = ("test_browser", "test_browser_accessibility", "test_app")
CLUSTER = (
    "test_jobs_leases",
    "test_jobs_cancel",
    "test_jobs_limits",
    "test_jobs_runner",
    "test_jobs_rerun",
    "test_jobs_batches",
    "test_database_pooler",
    "test_jobs_attempts",
)
# What takes longest, in this order; begun last it would be waited for. All others come after it.
FIRST = (
    *MONITOR,
    *CLUSTER,
    "test_odd_rows",
    "test_benchmarks",
    "test_jobs_recovery",
    "test_chaos",
    "test_database_limits",
    "test_tutorial",
    "test_deploy_nginx",
    "test_browser_look",
    "test_browser_pages",
    "test_jobs_workers",
    "test_rollups_exactness",
    "test_rollups_writers",
    "test_browser_reachable",
    "test_browser_keyboard",
    "test_commands",
    "test_browser_submit",
    "test_two_processes",
)


def place(file: str | Path) -> int:
    """Where a file of tests stands in the order."""
    name = Path(file).stem
    return FIRST.index(name) if name in FIRST else len(FIRST)


def unit(file: str) -> str:
    """What a file is shared out with: those that belong together, or the file alone."""
    name = Path(file).stem
    return next((group[0] for group in (MONITOR, CLUSTER) if name in group), file)


class LongestFirst(LoadFileScheduling):
    """Shares out the units in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        return unit(super()._split_scope(nodeid))


def pytest_xdist_auto_num_workers() -> int:
    """Two processes a core with `-n auto`: half of the time a test waits for other processes."""
    return 2 * (os.cpu_count() or 1)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LongestFirst | None:
    """With `--dist loadfile`, shares the files out in an order of ours."""
    if config.option.dist != "loadfile":
        return None
    config.option.loadscopereorder = False
    return LongestFirst(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the files that take longest first."""
    items.sort(key=lambda item: place(item.path))
