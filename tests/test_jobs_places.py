"""Where jobs may read and write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from jobs.runner_queue import RunnerQueue, queue_job
from jobs.storage import Storage, StorageError
from jobs.submission import Submitter
from pipelines.parameters import ParameterErrors, check_parameters
from pipelines.registry import Registry
from tests.catalog import JOB_TYPES

STACK, MERGE, RASTER = "process_fathom_stack", "process_fathom_merge", "process_raster_v2"
INVENTORY = "inventory_fathom_container"


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """Containers in a folder beside others that are none, and one elsewhere."""
    for name in ("bronze-fathom", "silver-fathom", "bronze-rasters", "silver-rasters", ".ssh"):
        (tmp_path / "files" / name).mkdir(parents=True)
    (tmp_path / "archive").mkdir()
    return Storage(str(tmp_path / "files"), {"archive": str(tmp_path / "archive")})


@pytest.fixture
def submitter(engine: Engine, registry: Registry, storage: Storage) -> Submitter:
    return Submitter(registry, RunnerQueue(engine, JOB_TYPES, registry, storage))


def given(job_type: str, **parameters: Any) -> dict[str, Any]:
    """Parameters that are enough for a job type, and others."""
    needed = {"region_code": "rwa"} if job_type in (STACK, MERGE) else {}
    return {**needed, **parameters}


def mistakes(submitter: Submitter, job_type: str, **parameters: Any) -> dict[str, str]:
    """What a preview and a submit say of each field; both say the same."""
    said = []
    for ask in (submitter.preview, submitter.submit):
        with pytest.raises(ParameterErrors) as caught:
            ask(job_type, given(job_type, **parameters))
        said.append(caught.value.messages)
    assert said[0] == said[1]
    return said[0]


def jobs(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM app.jobs")).scalar_one())


@pytest.mark.parametrize("job_type", [STACK, MERGE, RASTER, INVENTORY])
def test_the_defaults_of_a_job_are_good(submitter: Submitter, job_type: str) -> None:
    assert submitter.submit(job_type, given(job_type)).created


PATHS = [
    "../bronze-fathom",
    "a/../../x",
    "..",
    ".",
    "./a",
    ".parts",
    "a/.ssh",
    "a/.",
    "/etc",
    "/",
    "~",
    "~/x",
    "~root/x",
    "file:x",
    "file:///etc",
    "http://x/y",
    "s3://bucket/x",
    "C:\\x",
    "a\\b",
    "memory:x",
    "a\0b",
    "a\nb",
    "a\u202eb",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("job_type", "field"),
    [
        (STACK, "output_prefix"),
        (MERGE, "source_prefix"),
        (MERGE, "output_prefix"),
        (RASTER, "prefix"),
        (RASTER, "output_prefix"),
        (INVENTORY, "base_prefix"),
    ],
)
def test_a_folder_is_within_its_container(
    submitter: Submitter, engine: Engine, job_type: str, field: str, path: str
) -> None:
    assert mistakes(submitter, job_type, **{field: path}).keys() == {field}
    assert jobs(engine) == 0


@pytest.mark.parametrize(
    "name", [".ssh", "dask", "postgres", "..", "~", "/etc", "file:x", "s3://x", "a/b", "nobodys"]
)
@pytest.mark.parametrize("field", ["source_container", "output_container"])
def test_only_containers_that_somebody_has_named_are_used(
    submitter: Submitter, engine: Engine, field: str, name: str
) -> None:
    for job_type in (STACK, MERGE, RASTER):
        assert mistakes(submitter, job_type, **{field: name}).keys() == {field}
    assert jobs(engine) == 0


def test_a_container_of_the_settings_can_be_used(submitter: Submitter) -> None:
    assert submitter.submit(STACK, given(STACK, source_container="archive")).created
    expected = "expected archive or bronze-fathom or silver-fathom, or one that CONTAINERS names"
    assert expected in mistakes(submitter, STACK, output_container="x")["output_container"]


@pytest.mark.parametrize(
    ("job_type", "parameters"),
    [
        # What phase 1 reads, and what the job itself reads.
        (STACK, {"output_container": "bronze-fathom"}),
        (STACK, {"source_container": "archive", "output_container": "archive"}),
        (MERGE, {"output_container": "bronze-fathom", "output_prefix": "merged"}),
        (MERGE, {"output_prefix": "fathom-stacked"}),
        (MERGE, {"output_prefix": "fathom-stacked/below"}),
        (MERGE, {"source_prefix": "a/b", "output_prefix": "a"}),
        (RASTER, {"output_container": "bronze-rasters"}),
        (RASTER, {"prefix": "a", "output_container": "bronze-rasters", "output_prefix": "b"}),
    ],
)
def test_an_output_is_never_among_the_sources(
    submitter: Submitter, job_type: str, parameters: dict[str, str]
) -> None:
    assert mistakes(submitter, job_type, **parameters).keys() == {"output_prefix"}


def test_what_an_earlier_job_has_read_stays_a_source(submitter: Submitter) -> None:
    assert submitter.submit(INVENTORY, {"source_container": "archive"}).created
    assert mistakes(submitter, STACK, output_container="archive").keys() == {"output_prefix"}


def test_neighbours_are_no_sources(submitter: Submitter) -> None:
    assert submitter.submit(MERGE, given(MERGE, output_prefix="fathom-stacked-2")).created
    assert submitter.submit(RASTER, {"output_container": "archive"}).created


def test_links_are_followed_before_a_place_is_judged(
    submitter: Submitter, storage: Storage, tmp_path: Path
) -> None:
    silver = Path(storage.place("silver-fathom"))
    (silver / "out").symlink_to(tmp_path)
    (silver / "sources").symlink_to(storage.place("bronze-fathom"))
    (silver / "archived").symlink_to(tmp_path / "archive")
    message = mistakes(submitter, STACK, output_prefix="out/x")["output_prefix"]
    assert message.startswith("silver-fathom/out/x is a link that leads outside the containers")
    assert str(tmp_path) not in message
    assert mistakes(submitter, STACK, output_prefix="sources").keys() == {"output_prefix"}
    assert submitter.submit(STACK, given(STACK, output_prefix="archived/x")).created


def test_a_linked_container_leads_where_the_settings_say(
    submitter: Submitter, storage: Storage, tmp_path: Path
) -> None:
    container = Path(storage.place("silver-fathom"))
    container.rmdir()
    container.symlink_to(tmp_path / ".ssh")
    assert mistakes(submitter, STACK).keys() == {"output_prefix"}
    container.unlink()
    container.symlink_to(tmp_path / "archive")
    assert submitter.submit(STACK, given(STACK)).created


def test_an_object_store_needs_no_package_to_be_judged(engine: Engine, registry: Registry) -> None:
    storage = Storage("nosuch://bucket", {"archive": "nosuch://other/x"})
    submitter = Submitter(registry, RunnerQueue(engine, JOB_TYPES, registry, storage))
    assert submitter.submit(STACK, given(STACK)).created
    assert mistakes(submitter, MERGE, output_prefix="fathom-stacked").keys() == {"output_prefix"}


def test_a_job_of_another_time_is_not_run_again(
    submitter: Submitter, engine: Engine, registry: Registry
) -> None:
    action = registry.action(STACK)
    assert action is not None
    old = {**check_parameters(action, given(STACK)), "output_container": "bronze-fathom"}
    with engine.begin() as connection:
        job_id = queue_job(connection, JOB_TYPES[STACK], old).job_id
        connection.execute(text("UPDATE app.jobs SET status = 'failed'"))
    for again in (submitter.rerun, submitter.run_from_start):
        with pytest.raises(Exception, match="can't be run again: output_prefix: expected a place"):
            again(job_id)


def test_nothing_is_written_through_a_link(storage: Storage, tmp_path: Path) -> None:
    silver, bronze = (Path(storage.place(name)) for name in ("silver-fathom", "bronze-fathom"))
    (bronze / "a.tif").write_bytes(b"source")
    (silver / "sub").symlink_to(bronze)
    (silver / "b.tif").symlink_to(bronze / "a.tif")
    with pytest.raises(
        StorageError, match="silver-fathom/sub/a.tif is a link that leads elsewhere"
    ):
        storage.write_bytes("silver-fathom", "sub/a.tif", b"output")
    with pytest.raises(StorageError, match="silver-fathom/b.tif is a link that leads elsewhere"):
        storage.write_bytes("silver-fathom", "b.tif", b"output")
    assert (bronze / "a.tif").read_bytes() == b"source"


def test_nothing_is_read_through_a_link_that_leads_outside(
    storage: Storage, tmp_path: Path
) -> None:
    bronze = Path(storage.place("bronze-fathom"))
    (tmp_path / "secret").write_text("secret")
    (bronze / "x.tif").symlink_to(tmp_path / "secret")
    (bronze / "folder").symlink_to(tmp_path)
    for path in ("x.tif", "folder/secret"):
        with pytest.raises(StorageError, match="is a link that leads outside the containers"):
            storage.read_bytes("bronze-fathom", path)
    # Such a folder is not gone into, and fails nothing.
    assert {blob.path for blob in storage.blobs("bronze-fathom")} == {"x.tif", "folder"}
