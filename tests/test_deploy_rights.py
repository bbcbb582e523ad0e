"""The database rights of docs/install.md are enough: for watching, submitting and running."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import URL, Engine, text
from sqlalchemy.exc import ProgrammingError

from database.engine import open_engine
from database.rollups.install import install
from pipelines.registry import Registry
from queries.snapshot_reader import SnapshotReader
from settings import SOURCE
from tests.factories import RWA, add_files
from tests.monitor import started, wait_for
from tests.processes import runner
from tests.serving import Api
from tests.tutorial import steps

(GRANTS,) = (
    step.content for step in steps(SOURCE / "docs" / "install.md") if step.language == "sql"
)
WATCHING, RUNNING = GRANTS.split("-- where jobs run here:\n")
INVENTORY = "/api/jobs/submit/inventory_fathom_container"


@pytest.fixture
def role(engine: Engine) -> Iterator[URL]:
    """The database's URL for the role of the page, with the rights to watch."""
    with engine.begin() as connection:
        connection.exec_driver_sql(WATCHING)
    yield engine.url.set(username="monitor", password="x")
    with engine.begin() as connection:
        connection.execute(text("DROP OWNED BY monitor"))
        connection.execute(text("DROP ROLE monitor"))


@pytest.fixture
def restricted(role: URL) -> Iterator[Engine]:
    """An engine of that role."""
    engine = open_engine(role.render_as_string(hide_password=False))
    yield engine
    engine.dispose()


def test_watching_takes_the_rights_to_read(
    engine: Engine, restricted: Engine, registry: Registry
) -> None:
    with engine.begin() as connection:
        add_files(connection, 3, metadata=RWA)
    install(engine, registry, lambda _: None)
    read = SnapshotReader(restricted, registry["fathom"], 10).read()
    assert (read.read_mode.rollups, int(read.files["total"].sum())) == (True, 3)
    with pytest.raises(ProgrammingError, match="permission denied"), restricted.begin() as asked:
        asked.execute(text("UPDATE app.jobs SET status = 'failed'"))


def test_running_jobs_takes_the_rights_of_the_page(
    engine: Engine, role: URL, restricted: Engine, registry: Registry, sample: Path, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(RUNNING)
    install(engine, registry, lambda _: None)
    api = Api(restricted, registry)
    job = api.client.post(INVENTORY, json={"base_prefix": "rwa"}).get_json()["job_id"]
    url = role.render_as_string(hide_password=False)
    for action in ("cancel", "rerun"):
        assert api.client.post(f"/api/jobs/{action}/{job}", json={}).status_code == 200
    with runner(url, sample, tmp_path, WORKERS="1"):
        wait_for(lambda: api.json(f"/api/jobs/{job}")["status"] == "completed", 60)
    with engine.connect() as connection:
        recorded = connection.execute(text("SELECT action, result FROM monitor.audit ORDER BY id"))
        assert [*recorded] == [("submit", "submitted"), ("cancel", "done"), ("run again", "done")]
    files = [{"path": "new.tif"}]
    body = {"pipeline": "raster_v2", "container": "bronze-rasters", "files": files}
    assert api.client.post("/api/etl/files", json=body).get_json()["written"] == 1


def test_a_role_that_only_reads_is_enough_to_look(
    engine: Engine, registry: Registry, short_folder: Path
) -> None:
    with engine.begin() as connection:
        add_files(connection, 3, metadata=RWA)
        connection.exec_driver_sql(LOOKING)
    url = engine.url.set(username="looking", password="x").render_as_string(hide_password=False)
    try:
        with started(short_folder / "looking", DATABASE_URL=url, READ_ONLY="true") as monitor:
            wait_for(lambda: "summary" in monitor.stats())
            assert monitor.stats()["summary"]["total_files"] == 3
            for path in ("/", "/api/interface/pipeline?type=fathom", "/api/jobs", "/metrics"):
                assert monitor.get(path).status_code == 200
            refused = requests.post(f"{monitor.url}{INVENTORY}", json={}, timeout=30)
            assert (refused.status_code, "READ_ONLY" in refused.text) == (403, True)
    finally:
        with engine.begin() as connection:
            connection.execute(text("DROP OWNED BY looking"))
            connection.execute(text("DROP ROLE looking"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM app.jobs")).scalar_one() == 0


LOOKING = """
    CREATE ROLE looking LOGIN PASSWORD 'x';
    GRANT USAGE ON SCHEMA app TO looking;
    GRANT SELECT ON ALL TABLES IN SCHEMA app TO looking;
"""
