"""Job types from outside: of an installed package, and of a file or module of one's own."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from jobs.catalog import CatalogError, load_job_types
from jobs.runner_queue import queue_job
from settings import SOURCE
from tests.catalog import JOB_TYPES
from tests.monitor import wait_for
from tests.processes import runner, scheduler_at

THUMBNAILS = """
from jobs.stages import JobType, Stage


def shrink(parameters, storage):
    with storage.writing("thumbnails", parameters["name"]) as file:
        file.write_text(parameters["name"][:3])
    return {"length": 3}


def plan(connection, job):
    for name in ("first", "second"):
        yield {"name": name}


THUMBNAILS = JobType("make_thumbnails", (Stage("shrink", "thumbnail", plan, shrink),))
"""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    """A file with a job type, whose module is forgotten afterwards."""
    file = tmp_path / "own_thumbnails.py"
    file.write_text(THUMBNAILS)
    yield file
    sys.modules.pop(file.stem, None)


def install(folder: Path, module: str, value: str) -> None:
    """Puts what pip leaves of a package with an entry point into a folder."""
    metadata = folder / f"{module}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[pipeline_monitor.job_types]\nown = {value}\n")


def test_the_built_in_types_come_by_entry_points() -> None:
    assert "process_fathom_stack" in JOB_TYPES
    assert "process_raster_v2" in JOB_TYPES


def test_the_documented_file_offers_its_type(own: Path) -> None:
    page = (SOURCE / "docs" / "job-types.md").read_text(encoding="utf-8")
    own.write_text(page.split("```python\n")[1].split("```")[0])
    found = load_job_types(str(own))["make_thumbnails"]
    assert [stage.task_type for stage in found.stages] == ["thumbnail"]


# What is of a data set: its jobs, the sample's files, and the options that name its source.
OF_DATA_SETS = {"jobs/fathom", "jobs/raster", "jobs/sample.py", "settings.py", "commands/cli.py"}


def test_the_core_knows_no_data_set() -> None:
    packages = (
        "api",
        "callbacks",
        "commands",
        "database",
        "jobs",
        "layouts",
        "pipelines",
        "queries",
    )
    files = [path for one in (*packages, "assets") for path in (SOURCE / one).rglob("*.*")]
    names = {
        str(path.relative_to(SOURCE))
        for path in (*files, SOURCE / "app.py", SOURCE / "settings.py")
        if path.suffix in (".py", ".sql", ".js", ".css")
        and re.search("fathom|raster_v2", path.read_text(encoding="utf-8"), re.IGNORECASE)
    }
    assert {name for name in names if not name.startswith(tuple(OF_DATA_SETS))} == set()
    assert {name.partition("/")[0] for name in names} == {"commands", "jobs", "settings.py"}


def test_an_installed_package_offers_its_types(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(own.parent, own.stem, f"{own.stem}:THUMBNAILS")
    monkeypatch.syspath_prepend(str(own.parent))
    assert load_job_types().keys() - JOB_TYPES.keys() == {"make_thumbnails"}


@pytest.mark.parametrize("name", ["own_thumbnails", "own_thumbnails.py"])
def test_a_file_or_a_module_offers_its_types(
    own: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    if name == own.stem:
        monkeypatch.syspath_prepend(str(own.parent))
    module = str(own) if name == own.name else name
    for _ in range(2):
        assert load_job_types(module).keys() - JOB_TYPES.keys() == {"make_thumbnails"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is not a file"),
        ("1 / 0", "can't be imported: ZeroDivisionError"),
        ("x = 1", "has no job type; define a JobType in it"),
        ("JOB_TYPES = [3]", "offers 3; expected a JobType"),
        (
            THUMBNAILS.replace("make_thumbnails", "process_fathom_stack"),
            r"'process_fathom_stack' is offered by entry point 'fathom' .* and by JOBS_MODULE",
        ),
    ],
)
def test_what_can_not_be_loaded_is_an_error(own: Path, content: str | None, message: str) -> None:
    if content is None:
        own.unlink()
    else:
        own.write_text(content)
    with pytest.raises(CatalogError, match=message):
        load_job_types(str(own))


def test_a_file_with_the_name_of_another_module_is_refused(own: Path) -> None:
    file = own.rename(own.with_name("json.py"))
    with pytest.raises(CatalogError, match="there is another module 'json'; rename the file"):
        load_job_types(str(file))


@pytest.mark.parametrize("local", [True, False])
def test_a_job_of_ones_own_runs(
    engine: Engine, database: str, tmp_path: Path, own: Path, local: bool
) -> None:
    with engine.begin() as connection:
        job_type = load_job_types(str(own))["make_thumbnails"]
        job_id = queue_job(connection, job_type, {}).job_id
    folder = tmp_path / "data"
    folder.mkdir()

    def ended() -> bool:
        query = text("SELECT status::text FROM app.jobs WHERE job_id = :job")
        with engine.connect() as connection:
            found = connection.execute(query, {"job": job_id}).scalar_one()
        return str(found) not in ("queued", "processing")

    given = {"JOBS_MODULE": str(own)}
    if local:
        with runner(database, folder, folder, **given, WORKERS="1"):
            wait_for(ended, 60)
    else:
        with (
            scheduler_at(folder) as (_, address),
            runner(database, folder, folder, **given, DASK_SCHEDULER=address),
        ):
            wait_for(ended, 60)
    found = {path.name: path.read_text() for path in (folder / "thumbnails").iterdir()}
    assert found == {"first": "fir", "second": "sec"}
