from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, text

from commands.sample import submit_first_jobs
from jobs.fathom.naming import NODATA, RETURN_PERIODS, Scenario
from jobs.fathom.sample_files import TRUNCATED, WRONG_SIZE, Portion, portions, write_portion
from jobs.fathom.synthetic import depths
from jobs.sample import Sample, sample_size, write_sample
from pipelines.registry import Registry, load_registry


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return write_sample(tmp_path_factory.mktemp("sample"), 16, lambda _: None, workers=2)


def digest(folder: Path) -> str:
    content = hashlib.sha256()
    for file in sorted(folder.rglob("*.tif")):
        content.update(file.relative_to(folder).as_posix().encode() + file.read_bytes())
    return content.hexdigest()


def test_the_sample_has_rwanda_whole_and_a_part_of_cote_divoire(sample: Sample) -> None:
    files = [file.relative_to(sample.fathom) for file in sample.fathom.rglob("*.tif")]
    regions = Counter(file.parts[0] for file in files)
    assert regions == {"rwa": 6 * 39 * 8, "civ": (2 * 65 + 2 * 39) * 8}
    assert sample_size() == regions.total() == sample.written


def test_the_sample_has_a_dozen_odd_rasters(sample: Sample) -> None:
    assert len([file for file in sample.rasters.rglob("*.*") if file.is_file()]) >= 12


def test_the_broken_files_are_there_in_groups_of_their_own(sample: Sample) -> None:
    assert (sample.fathom / TRUNCATED).exists()
    assert (sample.fathom / WRONG_SIZE).exists()
    assert Path(TRUNCATED).parent != Path(WRONG_SIZE).parent


def test_nothing_unfinished_is_left(sample: Sample) -> None:
    assert [file.name for file in sample.fathom.rglob(".*")] == [".sample.json"]


def test_a_complete_sample_is_left_as_it_is(sample: Sample) -> None:
    reported: list[int] = []
    again = write_sample(sample.fathom.parent, 16, reported.append)
    assert (again.written, sum(reported)) == (0, sample_size())


def test_an_interrupted_call_is_continued(sample: Sample) -> None:
    marker, missing = sample.fathom / ".sample.json", sample.fathom / WRONG_SIZE
    marker.write_text(marker.read_text().replace("true", "false"))
    before = missing.read_bytes()
    missing.rename(missing.with_name(f".{missing.name}"))
    missing.with_name(f".{missing.name}").write_bytes(before[:20])
    again = write_sample(sample.fathom.parent, 16, lambda _: None, workers=1)
    assert (again.written, missing.read_bytes()) == (1, before)


def test_the_same_files_come_out_in_whatever_order(tmp_path: Path) -> None:
    chosen = [Portion(p.region, p.tile, p.scenarios[:2]) for p in list(portions())[::7]]
    for name, order in (("one", chosen), ("two", chosen[::-1])):
        for portion in order:
            write_portion(tmp_path / name, 16, False, portion)
    assert digest(tmp_path / "one") == digest(tmp_path / "two")


@pytest.mark.parametrize("tile", ["s02e029", "n05w004"])
@pytest.mark.parametrize("flood_type", ["fluvial", "pluvial", "coastal"])
def test_rarer_floods_are_never_shallower(tile: str, flood_type: str) -> None:
    scenario = Scenario(flood_type, "defended", 2050, "ssp370")
    stack = np.stack([depths(scenario, period, tile, 48) for period in RETURN_PERIODS])
    assert (np.diff(stack, axis=0) >= 0).all()


def test_floods_grow_with_the_years_and_shrink_behind_defences() -> None:
    def flooded(defense: str, year: int, ssp: str | None) -> float:
        scenario = Scenario("fluvial", defense, year, ssp)
        return float(depths(scenario, "1in100", "s02e029", 64).mean())

    assert flooded("defended", 2020, None) < flooded("defended", 2080, "ssp126")
    assert flooded("defended", 2080, "ssp126") < flooded("defended", 2080, "ssp585")
    assert flooded("defended", 2080, "ssp585") < flooded("undefended", 2080, "ssp585")


def test_most_land_is_dry_and_the_sea_has_no_data() -> None:
    coast = depths(Scenario("coastal", "undefended", 2020, None), "1in1000", "n05w004", 64)
    inland = depths(Scenario("fluvial", "undefended", 2020, None), "1in1000", "s02e029", 64)
    assert (coast == NODATA).mean() > 0.1
    assert 0.01 < (inland > 0).mean() < 0.3
    assert not (inland == NODATA).any()


def test_the_first_jobs_are_those_of_pipelines_that_have_them(engine: Engine) -> None:
    submit_first_jobs(engine, Registry({}))
    fathom = load_registry()["fathom"]
    inventory = fathom.model_copy(update={"submit_actions": fathom.submit_actions[:1]})
    for registry in (Registry({}), Registry({"fathom": inventory}), load_registry()):
        submit_first_jobs(engine, registry)
    with engine.connect() as connection:
        types = connection.execute(text("SELECT job_type FROM app.jobs")).scalars().all()
    assert types == ["inventory_fathom_container"] * 2
