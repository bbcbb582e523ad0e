"""The folder of the embedded database and the files."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from commands.workspace import prepare_workspace
from pipelines.registry import Registry
from settings import Settings


def test_containers_are_kept_apart_from_the_database(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert Path(settings.storage_root) == tmp_path / "files"
    assert not (settings.workspace / "postgres").is_relative_to(settings.storage_root)


@pytest.mark.parametrize(
    "given",
    [
        {"storage": "{data}"},
        {"storage": "{data}/.."},
        {"storage": "{data}/postgres"},
        {"containers": "x={data}/postgres/base"},
        {"containers": "x={data}"},
        {"raster_source": "{data}/files/../postgres"},
    ],
)
def test_no_container_holds_the_database(tmp_path: Path, given: dict[str, str]) -> None:
    placed = {name: value.format(data=tmp_path) for name, value in given.items()}
    with pytest.raises(ValidationError, match="are in one another"):
        Settings(data_dir=tmp_path, **placed)
    # Another database is none of ours.
    Settings(data_dir=tmp_path, database_url="postgresql://x", **placed)


def test_what_an_earlier_version_wrote_is_moved_once(
    tmp_path: Path, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("silver-fathom", "bronze-rasters", "postgres", "dask", "notes"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text(name)
    settings = Settings(data_dir=tmp_path)
    prepare_workspace(settings, registry)
    assert (tmp_path / "files" / "silver-fathom" / "x").read_text() == "silver-fathom"
    assert {folder.name for folder in tmp_path.iterdir()} == {"files", "postgres", "dask", "notes"}
    said = capsys.readouterr().out
    assert (
        f"{tmp_path / 'silver-fathom'} was moved to {tmp_path / 'files' / 'silver-fathom'}" in said
    )
    # What is there already is never replaced.
    (tmp_path / "silver-fathom").mkdir()
    prepare_workspace(settings, registry)
    assert (tmp_path / "files" / "silver-fathom" / "x").exists()
    assert (tmp_path / "silver-fathom").is_dir()


def test_files_elsewhere_stay_where_they_are(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / "silver-fathom").mkdir()
    (tmp_path / "bronze-fathom").mkdir()
    prepare_workspace(Settings(data_dir=tmp_path, storage=str(tmp_path / "own")), registry)
    named = Settings(data_dir=tmp_path, containers=f"silver-fathom={tmp_path / 'silver-fathom'}")
    prepare_workspace(named, registry)
    assert (tmp_path / "silver-fathom").is_dir()
    assert not (tmp_path / "bronze-fathom").exists()
