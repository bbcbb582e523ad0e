"""The sample: synthetic FATHOM files of two regions and various rasters, to try everything."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from jobs.fathom.sample_files import Portion, portions, write_portion
from jobs.raster.sample_files import write_rasters

FATHOM_FOLDER = "bronze-fathom"
RASTER_FOLDER = "bronze-rasters"
MARKER = ".sample.json"
# The jobs that a first start submits, by name: type, parameters, and the job to wait for.
FIRST_JOBS: dict[str, tuple[str, dict[str, Any], str | None]] = {
    "rwa": ("inventory_fathom_container", {"base_prefix": "rwa"}, None),
    "civ": ("inventory_fathom_container", {"base_prefix": "civ"}, None),
    "stack": ("process_fathom_stack", {"region_code": "rwa"}, "rwa"),
}
# Increase it when the pixels change, so that older samples are rewritten.
VERSION = 1


@dataclass(frozen=True)
class Sample:
    """Where the sample is; `written` files are new, the others already existed."""

    fathom: Path
    rasters: Path
    files: int
    written: int


def sample_size() -> int:
    """How many FATHOM files the sample has: the total of the progress."""
    return sum(portion.files for portion in portions())


def write_sample(
    storage_root: Path,
    pixels: int,
    progress: Callable[[int], None],
    *,
    workers: int | None = None,
) -> Sample:
    """Writes the sample below a folder; calls `progress` with the number of files that are ready.

    Tiles are `pixels` wide and high. An interrupted call is continued, and a complete sample is not
    changed. `workers` is the number of processes, by default one per core.
    """
    fathom, rasters = storage_root / FATHOM_FOLDER, storage_root / RASTER_FOLDER
    marker = fathom / MARKER
    recipe = {"version": VERSION, "pixels": pixels}
    found = _read(marker)
    if found == {**recipe, "complete": True}:
        progress(sample_size())
        return Sample(fathom, rasters, sample_size(), 0)
    keep = found == {**recipe, "complete": False}
    fathom.mkdir(parents=True, exist_ok=True)
    marker.write_text(json.dumps({**recipe, "complete": False}))
    write_rasters(rasters)
    written = 0
    write = partial(write_portion, fathom, pixels, keep)
    for portion, new in _spread(write, workers or os.cpu_count() or 1):
        written += new
        progress(portion.files)
    marker.write_text(json.dumps({**recipe, "complete": True}))
    return Sample(fathom, rasters, sample_size(), written)


def _read(marker: Path) -> object:
    try:
        return json.loads(marker.read_text())
    except (FileNotFoundError, ValueError):
        return None


def _spread(write: Callable[[Portion], int], workers: int) -> Iterator[tuple[Portion, int]]:
    """Yields each written portion and how many of its files are new."""
    if workers == 1:
        yield from ((portion, write(portion)) for portion in portions())
        return
    # Spawned, because a fork would copy locks that other threads hold.
    with get_context("spawn").Pool(workers, _leave_interrupts) as pool:
        yield from pool.imap_unordered(partial(_counted, write), portions())


def _counted(write: Callable[[Portion], int], portion: Portion) -> tuple[Portion, int]:
    return portion, write(portion)


def _leave_interrupts() -> None:
    # The parent handles Ctrl-C: leaving the pool ends its processes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
