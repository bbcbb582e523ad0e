"""What a run left behind, and how it differs from what it should have left."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rasterio
from sqlalchemy import Engine, text

from database.rollups.keeper import Keeper
from database.rollups.state import rollups_of
from database.rollups.verify import verify
from jobs.part_files import FOLDER
from jobs.storage import Storage

OUTPUTS = "silver-fathom"
FEW = 8


@dataclass(frozen=True)
class Outcome:
    """Outputs by their path, files' columns by theirs, and how often each group was completed."""

    outputs: dict[str, str]
    files: dict[str, tuple[Any, ...]]
    completed: dict[tuple[str, str], int]


@dataclass
class Verdict:
    """What is wrong with a run: each thing in words. Nothing, if all is as it should be."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    miscounted: list[str] = field(default_factory=list)
    log: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.twice or self.stuck or self.miscounted)

    def message(self) -> str:
        """What is wrong, the first few of each kind, and what the runners said last."""
        kinds = ("lost", "twice", "stuck", "miscounted")
        lines = [f"{kind}: {each}" for kind in kinds for each in getattr(self, kind)[:FEW]]
        return "\n".join([*lines, self.log])


def outcome(engine: Engine, folder: Path) -> Outcome:
    """What is in the tables, and in the storage in a folder."""
    top = folder / OUTPUTS
    found = [path for path in top.rglob("*") if path.is_file() and FOLDER not in path.parts]
    with engine.connect() as connection:
        files = {path: tuple(rest) for path, *rest in connection.execute(text(FILES))}
        tasks = connection.execute(text(COMPLETED))
        completed = {(kind, group): number for kind, group, number in tasks}
    return Outcome({str(one.relative_to(top)): _content(one) for one in found}, files, completed)


def judge(engine: Engine, folder: Path, expected: Outcome) -> Verdict:
    """Compares what a run left with what it should have."""
    verdict, found = Verdict(), outcome(engine, folder)
    verdict.lost += [f"output {name}" for name in _differing(expected.outputs, found.outputs)]
    verdict.lost += [f"file {name}" for name in _differing(expected.files, found.files)]
    verdict.lost += [f"group {name}" for name in expected.completed if name not in found.completed]
    verdict.twice += [f"{name}: {n} times" for name, n in found.completed.items() if n > 1]
    with engine.connect() as connection:
        verdict.stuck += [" ".join(map(str, row)) for row in connection.execute(text(UNFINISHED))]
    # As the next runner does when it starts.
    Storage(str(folder)).remove_abandoned()
    verdict.stuck += [f"left over: {path}" for path in folder.rglob("*") if FOLDER in path.parts]
    verdict.miscounted += _miscounted(engine)
    return verdict


def _differing(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    return sorted(
        name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
    )


def _content(path: Path) -> str:
    if path.suffix != ".tif":
        return json.dumps(json.loads(path.read_text()), sort_keys=True)
    try:
        with rasterio.open(path) as raster:
            facts = f"{raster.profile} {raster.descriptions} {raster.tags(ns='IMAGE_STRUCTURE')}"
            return facts + hashlib.sha256(raster.read().tobytes()).hexdigest()
    except rasterio.RasterioIOError as error:
        return f"unreadable: {error}"


def _miscounted(engine: Engine) -> list[str]:
    Keeper(engine, 60).compact_all()
    with engine.connect() as connection:
        subjects = list(rollups_of(connection))
    return [
        f"{one.what}: rollup {one.rollup}, counted {one.counted}"
        for subject in subjects
        for one in verify(engine, subject)
    ]


FILES = """
    SELECT source_blob_path, phase1_group_key, phase1_output_blob, phase1_completed_at IS NOT NULL,
           phase2_group_key, phase2_output_blob, phase2_completed_at IS NOT NULL
    FROM app.etl_source_files
    WHERE etl_type = 'fathom' AND source_metadata ->> 'region' = 'rwa'
"""
COMPLETED = """
    SELECT task_type, COALESCE(tasks.parameters #>> '{tile_group,output_name}',
                               tasks.parameters #>> '{grid_group,output_name}'), COUNT(*)
    FROM app.tasks JOIN app.jobs ON parent_job_id = jobs.job_id
    WHERE tasks.status = 'completed' AND jobs.metadata ->> 'executor' = 'pipeline-monitor'
      AND tasks.parameters ? 'output_path'
    GROUP BY 1, 2
"""
UNFINISHED = """
    SELECT 'job', jobs.job_id, job_type, status::text, error_details
    FROM app.jobs WHERE status::text <> 'completed'
    UNION ALL
    SELECT 'task', task_id, task_type, status::text, error_details
    FROM app.tasks WHERE status::text <> 'completed'
"""
