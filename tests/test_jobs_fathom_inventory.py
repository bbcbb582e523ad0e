from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from jobs.storage import Storage
from tests.rasters import BASELINE, FUTURE, add_tile, source_path, walk

INVENTORY = "inventory_fathom_container"


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    storage = Storage(str(tmp_path))
    add_tile(storage, "s02e029", BASELINE, FUTURE)
    add_tile(storage, "n05w004", BASELINE, region="civ")
    return storage


def rows(engine: Engine, columns: str = "source_blob_path") -> list[Any]:
    query = f"SELECT {columns} FROM app.etl_source_files ORDER BY source_blob_path"
    with engine.begin() as connection:
        return list(connection.execute(text(query)))


def test_every_file_is_registered_once_with_size_metadata_and_groups(
    engine: Engine, storage: Storage
) -> None:
    walk(engine, storage, INVENTORY)
    walk(engine, storage, INVENTORY)
    found = rows(engine, "file_size_bytes, source_metadata, phase1_group_key, phase2_group_key")
    assert len(found) == 24
    size, metadata, group1, group2 = found[0]
    assert size == next(storage.blobs("bronze-fathom", "civ")).size
    assert (metadata["region"], metadata["ssp"], group1, group2) == (
        "civ",
        None,
        "n05w004_fluvial-defended_2020",
        "fluvial-defended-2020-n05-n10_w005-e000",
    )


def test_the_summary_counts_what_was_scanned(engine: Engine, storage: Storage) -> None:
    storage.write_bytes("bronze-fathom", "rwa/FLUVIAL_DEFENDED/2020/readme.txt", b"")
    storage.write_bytes("bronze-fathom", "notes/2024/a.txt", b"")
    storage.write_bytes("bronze-fathom", "licence.txt", b"")
    summary = walk(engine, storage, INVENTORY)["generate_summary"].results[0]
    assert summary["regions"] == {"civ": 8, "rwa": 16}
    assert summary["flood_types"] == {"fluvial": 16, "pluvial": 8}
    assert summary["unrecognised"] == 3
    assert set(summary["unrecognised_examples"]) == {
        "licence.txt",
        "notes/2024",
        "rwa/FLUVIAL_DEFENDED/2020/readme.txt",
    }


def test_a_dry_run_counts_and_writes_nothing(engine: Engine, storage: Storage) -> None:
    walked = walk(engine, storage, INVENTORY, dry_run=True)
    assert walked["generate_summary"].results[0]["files"] == 24
    assert rows(engine) == []


def test_a_base_prefix_is_one_region(engine: Engine, storage: Storage) -> None:
    walk(engine, storage, INVENTORY, base_prefix="civ/")
    assert {path.split("/")[0] for (path,) in rows(engine)} == {"civ"}


@pytest.mark.parametrize(
    ("filters", "files"),
    [
        ({"flood_types": ["pluvial"]}, 8),
        ({"years": [2020]}, 16),
        ({"ssp_scenarios": ["ssp585"]}, 8),
        ({"flood_types": ["fluvial"], "years": [2020]}, 16),
    ],
)
def test_filters_narrow_the_scan(
    engine: Engine, storage: Storage, filters: dict[str, Any], files: int
) -> None:
    walk(engine, storage, INVENTORY, **filters)
    assert len(rows(engine)) == files


def test_a_folder_with_one_file_is_scanned(engine: Engine, storage: Storage) -> None:
    scanned = "civ/FLUVIAL_DEFENDED/2020"
    first, *others = sorted(storage.blobs("bronze-fathom", scanned), key=lambda blob: blob.path)
    for blob in others:
        Path(storage.place("bronze-fathom"), blob.path).unlink()
    results = walk(engine, storage, INVENTORY, base_prefix="civ")["scan_prefix"].results
    assert [(one["region"], one["files"]) for one in results if one["files"]] == [("civ", 1)]
    assert [path for (path,) in rows(engine)] == [first.path]


def test_a_container_without_the_layout_says_what_was_expected(
    engine: Engine, storage: Storage
) -> None:
    [error] = walk(engine, storage, INVENTORY, years=[2080])["generate_prefixes"].errors
    assert "no folder of FATHOM files that the filters let through" in error
    [error] = walk(engine, storage, INVENTORY, base_prefix="usa")["generate_prefixes"].errors
    assert "bronze-fathom/usa" in error


def test_files_outside_of_a_regions_folder_have_no_region(engine: Engine, tmp_path: Path) -> None:
    add_tile(Storage(str(tmp_path / "x")), "s02e029", BASELINE)
    (tmp_path / "x" / "bronze-fathom" / "rwa").rename(tmp_path / "bronze-fathom")
    walk(engine, Storage(str(tmp_path)), INVENTORY)
    assert {row.region for row in rows(engine, "source_metadata ->> 'region' AS region")} == {None}


def test_a_new_scan_refreshes_sizes_and_keeps_what_is_completed(
    engine: Engine, storage: Storage
) -> None:
    walk(engine, storage, INVENTORY)
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE app.etl_source_files "
                "SET phase1_completed_at = '2026-01-01', file_size_bytes = 1"
            )
        )
    walk(engine, storage, INVENTORY)
    found = rows(engine, "phase1_completed_at::text, file_size_bytes")
    assert {completed for completed, _ in found} == {"2026-01-01 00:00:00"}
    assert all(size > 1 for _, size in found)


def test_another_grid_size_moves_only_files_that_are_not_merged(
    engine: Engine, storage: Storage
) -> None:
    walk(engine, storage, INVENTORY)
    merged = source_path("1in5", "s02e029")
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE app.etl_source_files SET phase2_completed_at = NOW() "
                "WHERE source_blob_path = :path"
            ),
            {"path": merged},
        )
    walked = walk(engine, storage, INVENTORY, grid_size=4)
    cells = dict(rows(engine, "source_blob_path, source_metadata ->> 'grid_cell'"))
    assert walked["assign_grid_cells"].results == [{"changed": 23}]
    assert (cells.pop(merged), set(cells.values())) == (
        "s05-n00_e025-e030",
        {"s04-n00_e028-e032", "n04-n08_w004-e000"},
    )


def test_few_files_a_statement_make_the_same_rows(engine: Engine, storage: Storage) -> None:
    add_tile(storage, "s03e029", *(BASELINE, FUTURE))
    for tile in ("s03e028", "s03e030", "s02e028", "s02e030", "s01e029", "s01e030"):
        add_tile(storage, tile)
    for tile in ("s04e028", "s04e029", "s04e030", "s04e031", "s05e029", "s05e030"):
        add_tile(storage, tile)
    walk(engine, storage, INVENTORY, batch_size=100)
    assert len(rows(engine)) == 24 + 16 + 12 * 8


def test_a_path_known_from_another_container_is_refused(engine: Engine, storage: Storage) -> None:
    walk(engine, storage, INVENTORY)
    Path(storage.root, "bronze-fathom").rename(Path(storage.root, "bronze-copy"))
    errors = walk(engine, storage, INVENTORY, source_container="bronze-copy")["scan_prefix"].errors
    assert "same path as a file of container bronze-fathom" in errors[0]
