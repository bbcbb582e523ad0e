"""Groups of one name in two regions: what is said of one holds for it alone."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine

from database.rollups.install import install
from pipelines.models import Pipeline
from pipelines.registry import Registry
from queries.frames import read_transaction
from queries.group_export import export_columns, export_rows
from queries.group_list import GroupQuery, groups
from queries.paging import Paging
from queries.phases import phases
from queries.reader import Reader
from queries.snapshot import Snapshot, stored_values
from queries.snapshot_reader import SnapshotReader
from tests.agreement import assert_agree
from tests.factories import CIV, RWA, add_files, add_job, add_task, read_now

NAMES = ["failed", "processing", "pending"]


@pytest.fixture
def border(tables: Engine, registry: Registry) -> Engine:
    """A tile of two regions that failed for one, and others of which one task is told."""
    with tables.begin() as connection:
        for number, metadata in ((8, RWA), (5, CIV), (2, {**RWA, "region": "Rwa "}), (1, None)):
            add_files(connection, number, metadata=metadata, group="tile")
        rwa = add_job(connection, "of-rwa", parameters={"region_code": " RWA"})
        civ = add_job(connection, "of-civ", parameters={"region_code": "civ"})
        # Its region by its own parameters, or by those of its job.
        add_task(connection, civ, "tile", "failed", region="rwa", error="disk full", seconds=4)
        add_task(connection, civ, "tile", "completed", seconds=100, created="2 hours")
        add_task(connection, civ, "tile", "processing", created="1 hour")
        add_task(connection, rwa, "tile", "completed", seconds=10, created="3 hours")
        # Nobody says for which region: for all that no other task names.
        unknown = add_job(connection, "unknown")
        for number, metadata in ((4, RWA), (3, CIV)):
            add_files(connection, number, metadata=metadata, group="other")
        add_task(connection, unknown, "other", "failed", error="no idea")
        add_task(connection, civ, "other", "completed", created="1 hour")
    install(tables, registry, lambda _: None)
    return tables


def rollup_and_counted(engine: Engine, pipeline: Pipeline) -> list[Snapshot]:
    with read_transaction(engine, 10) as connection:
        rollup = SnapshotReader(engine, pipeline, 10).read_in(connection)
    return [rollup, read_now(engine, pipeline)]


def first_phase(snapshot: Snapshot, **filters: list[str]) -> dict[str, Any]:
    card = phases(snapshot.narrowed(filters)).set_index("phase").loc["phase1"]
    return {name: card[name] for name in NAMES}


def test_what_failed_for_one_region_failed_there_and_nowhere_else(
    border: Engine, fathom: Pipeline
) -> None:
    rollup, counted = rollup_and_counted(border, fathom)
    assert_agree(rollup, counted)
    for snapshot in (rollup, counted):
        assert first_phase(snapshot) == {"failed": 10 + 4, "processing": 5, "pending": 23}
        rwa = first_phase(snapshot, region=["rwa"])
        assert rwa == {"failed": 8 + 4, "processing": 0, "pending": 12}
        assert first_phase(snapshot, region=["civ"]) == {
            "failed": 0, "processing": 5, "pending": 8
        }  # fmt: skip


def test_the_average_of_a_region_is_that_of_its_own_tasks(border: Engine, fathom: Pipeline) -> None:
    for snapshot in rollup_and_counted(border, fathom):
        seconds = snapshot.work.groupby("by:region")["seconds"].sum()
        assert (seconds["rwa"], seconds["civ"]) == (10, 100)


def listed(engine: Engine, pipeline: Pipeline, state: str, *regions: str) -> pd.DataFrame:
    stored = stored_values(read_now(engine, pipeline), {"region": list(regions)} if regions else {})
    query = GroupQuery(pipeline.id, "phase1", state, tuple(stored.items()), paging=Paging(size=100))
    with read_transaction(engine, 10) as connection:
        page = groups(connection, pipeline, query)
    assert page.total == len(page.rows)
    return page.rows


def tuples(rows: Any) -> list[tuple[Any, ...]]:
    columns = ["group", "by:region", "files", "status", "error_details"]
    plain = pd.DataFrame(rows)[columns].astype(object)
    # Of two spellings of a region, any will do.
    plain["by:region"] = plain["by:region"].str.strip().str.lower()
    found = plain.where(plain.notna(), None).itertuples(index=False)
    return sorted((tuple(row) for row in found), key=str)


FAILED = [("other", "rwa", 4, "failed", "no idea"), ("tile", "rwa", 10, "failed", "disk full")]


def test_lists_and_exports_name_each_regions_own_task(border: Engine, fathom: Pipeline) -> None:
    assert tuples(listed(border, fathom, "failed")) == FAILED
    assert tuples(listed(border, fathom, "failed", "civ")) == []
    civ = [("other", "civ", 3, "completed", None), ("tile", "civ", 5, "processing", None)]
    assert tuples(listed(border, fathom, "pending", "civ")) == civ
    everything = [*FAILED, *civ, ("tile", None, 1, None, None)]
    assert tuples(listed(border, fathom, "pending")) == sorted(everything, key=str)


@pytest.mark.parametrize("state", ["failed", "pending"])
def test_an_export_is_the_list(border: Engine, fathom: Pipeline, state: str) -> None:
    batches = Reader(border, 10).stream(export_rows(fathom, GroupQuery("fathom", "phase1", state)))
    names = list(export_columns(fathom))
    rows = [dict(zip(names, row, strict=True)) for batch in batches for row in batch]
    assert tuples(rows) == tuples(listed(border, fathom, state))
