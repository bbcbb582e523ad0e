"""The registry: what the built-in files say, and how mistakes are told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.registry import BUILT_IN, Registry, RegistryError, load_registry, read_pipeline

GOOD = """
name = "Survey"
etl_type = "survey"
job_types = ["process_survey"]
phases = [{ id = "phase1", name = "A", completed_field = "phase1_completed_at" }]
groupings = [{ field = "site", label = "Site", from = "source_metadata" }]
submit_actions = [{ job_type = "process_survey", label = "Go" }]
"""
PHASE = '{ id = "phase1", name = "A", completed_field = "phase1_completed_at" }'
SITE = '{ field = "site", label = "Site", from = "source_metadata" }'


def write(folder: Path, content: str, name: str = "survey") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(content)
    return path


def test_the_designs_pipelines_are_there(registry: Registry) -> None:
    fathom = registry["fathom"]
    assert list(registry) == ["fathom", "raster_v2"]
    assert [phase.name for phase in fathom.phases] == ["Band Stack", "Spatial Merge"]
    assert fathom.dimensions == ("region", "flood_type", "defense", "year")
    assert [action.label for action in fathom.submit_actions] == [
        "Run Inventory",
        "Submit Phase 1",
        "Submit Phase 2",
    ]


def test_a_file_in_a_users_folder_is_a_pipeline(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    registry = load_registry(tmp_path)
    assert registry["survey"].name == "Survey"
    assert registry.of_job_type("process_survey") is registry["survey"]


@pytest.mark.parametrize(
    ("change", "place", "expected"),
    [
        (("name =", "nmae ="), "nmae", "Extra inputs are not permitted"),
        ((f"[{PHASE}]", f"[{PHASE}, {PHASE}]"), "pipeline", "phase 'phase1' is duplicated"),
        ((f"[{SITE}]", f"[{SITE}, {SITE}]"), "pipeline", "grouping 'site' is duplicated"),
        (('{ job_type = "process_survey"', '{ job_type = "other"'), "pipeline", "job type 'other'"),
        ((f"[{PHASE}]", "[]"), "phases", "at least 1 item"),
        (('"phase1_completed_at"', '"x; drop table"'), "phases.0.completed_field", "pattern"),
        (("[{ id", "[{ task = 1, id"), "phases.0.task", "Extra inputs"),
        (('from = "source_metadata"', 'from = "tags"'), "groupings.0.from", "'column'"),
    ],
)
def test_a_mistake_names_the_file_the_place_and_what_was_expected(
    tmp_path: Path, change: tuple[str, str], place: str, expected: str
) -> None:
    assert change[0] in GOOD
    path = write(tmp_path, GOOD.replace(*change))
    with pytest.raises(RegistryError) as error:
        read_pipeline(path)
    assert f"{path}: {place}: " in str(error.value)
    assert expected in str(error.value)


def test_what_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"survey\.toml: not valid TOML: .*line 2"):
        read_pipeline(write(tmp_path, "name = [\n]]\n"))


def test_job_types_are_those_that_phases_and_actions_name_unless_given(tmp_path: Path) -> None:
    content = GOOD.replace('job_types = ["process_survey"]', "").replace(
        '"phase1_completed_at" }', '"phase1_completed_at", job_type = "shrink" }'
    )
    assert read_pipeline(write(tmp_path, content)).job_types == ("shrink", "process_survey")
    odd = content.replace("phases = [{", "phases = [1, {")
    with pytest.raises(RegistryError, match=r"phases\.0: "):
        read_pipeline(write(tmp_path, odd))


def test_two_pipelines_can_not_list_the_same_job_type(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("process_survey", "process_raster_v2"))
    with pytest.raises(RegistryError, match="'process_raster_v2' belongs to pipeline 'raster_v2'"):
        load_registry(tmp_path)


def test_two_pipelines_may_process_the_same_files(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace('etl_type = "survey"', 'etl_type = "fathom"'))
    registry = load_registry(tmp_path)
    assert [pipeline.etl_type for pipeline in registry.values()].count("fathom") == 2


def test_a_file_of_ones_own_replaces_the_built_in_one(tmp_path: Path) -> None:
    built_in = (BUILT_IN / "fathom.toml").read_text(encoding="utf-8")
    own = tmp_path / "fathom.toml"
    own.write_text(re.sub("(?m)^name = .*$", 'name = "Floods"', built_in, count=1))
    registry = load_registry(tmp_path)
    assert list(registry) == list(load_registry())
    assert registry["fathom"].name == "Floods"
    assert registry.replaced == {"fathom": own}


def test_what_replaces_or_shares_what_is_worth_a_note(tmp_path: Path) -> None:
    floods = GOOD.replace('etl_type = "survey"', 'etl_type = "fathom"')
    own = write(tmp_path, floods, "fathom")
    write(tmp_path, floods.replace("process_", ""))
    assert load_registry(tmp_path).notes() == [
        f"Pipeline 'fathom' is read from {own} instead of the built-in file.",
        "Pipelines fathom and survey process the same files (etl_type 'fathom').",
    ]


def test_the_built_in_ones_can_be_left_out(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"no pipeline: BUILT_IN is false; add one"):
        load_registry(built_in=False)
    with pytest.raises(RegistryError, match=r"no pipeline: PIPELINES_DIR \(.*\) has no"):
        load_registry(tmp_path, built_in=False)
    write(tmp_path, GOOD)
    assert list(load_registry(tmp_path, built_in=False)) == ["survey"]


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="PIPELINES_DIR"):
        load_registry(tmp_path / "nowhere")
