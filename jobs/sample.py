"""The sample: made-up FATHOM files of two regions and some odd rasters, to try everything on."""

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
# What a first start submits, by name: the job type, its parameters, and which job it waits for.
FIRST_JOBS: dict[str, tuple[str, dict[str, Any], str | None]] = {
    "rwa": ("inventory_fathom_container", {"base_prefix": "rwa"}, None),
    "civ": ("inventory_fathom_container", {"base_prefix": "civ"}, None),
    "stack": ("process_fathom_stack", {"region_code": "rwa"}, "rwa"),
}
# Counts up when other pixels are written, so that an older sample is rewritten.
VERSION = 1


@dataclass(frozen=True)
class Sample:
    """Where the sample lies; `written` files are new, the others were there already."""

    fathom: Path
    rasters: Path
    files: int
    written: int


def sample_size() -> int:
    """How many FATHOM files the sample has: what the progress adds up to."""
    return sum(portion.files for portion in portions())


def write_sample(
    storage_root: Path,
    pixels: int,
    progress: Callable[[int], None],
    *,
    workers: int | None = None,
) -> Sample:
    """Writes the sample below a folder; `progress` is called with how many files are new or found.

    Tiles are `pixels` wide and high. A call that was interrupted is continued, and a sample that is
    complete is left as it is. `workers` processes write it, one per core by default.
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
    """Each portion and how many files were new, as they are written."""
    if workers == 1:
        yield from ((portion, write(portion)) for portion in portions())
        return
    # Spawned, as a fork would copy the threads' locks of whoever calls.
    with get_context("spawn").Pool(workers, _leave_interrupts) as pool:
        yield from pool.imap_unordered(partial(_counted, write), portions())


def _counted(write: Callable[[Portion], int], portion: Portion) -> tuple[Portion, int]:
    return portion, write(portion)


def _leave_interrupts() -> None:
    # Ctrl-C is the parent's to answer: leaving the pool ends its processes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
