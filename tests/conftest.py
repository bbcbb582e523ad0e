"""Real parts for the tests: an embedded PostgreSQL, a database each test, a Dask cluster."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from fcntl import LOCK_EX, flock
from pathlib import Path

import psutil
import pytest
from dash import Dash
from dash.testing.browser import Browser
from distributed import Client
from hypothesis import settings
from selenium.webdriver.chrome.options import Options
from sqlalchemy import Engine, text
from werkzeug.serving import make_server

from commands.metrics_folder import MEMORY
from database.embedded import EmbeddedDatabase
from database.engine import open_engine
from database.rollups.install import install
from database.schema import install_schema
from jobs.cluster import open_client
from jobs.sample import write_sample
from pipelines.models import Pipeline
from pipelines.registry import Registry, load_registry
from queries.snapshot_reader import open_snapshot_reader
from queries.snapshots import Snapshots
from tests.browsing import PAGE, severe
from tests.copies import Copies, url_of
from tests.dashboards import make_dashboard
from tests.door import Door
from tests.factories import add_files, make_platform_tables
from tests.monitor import PATIENCE, Monitor, started, wait_for
from tests.schedule import (  # noqa: F401 - hooks of pytest, which finds them here
    pytest_collection_modifyitems,
    pytest_xdist_auto_num_workers,
    pytest_xdist_make_scheduler,
)
from tests.tab import Tab

PLATFORMS = [
    ("UTC", "TIMESTAMP"),
    ("America/New_York", "TIMESTAMP"),
    ("Asia/Kathmandu", "TIMESTAMP"),
    ("America/New_York", "TIMESTAMPTZ"),
]

# Bytes: more than the server, its log of changes and the sample ever take.
ROOM = 2e9

# How many random examples are tried: the same few each time, or many new ones.
settings.register_profile("usual", max_examples=15, derandomize=True)
settings.register_profile("thorough", max_examples=300)
settings.load_profile("usual")


def pytest_configure() -> None:
    """Lets Ctrl-C through to what tests start: a shell that starts this with `&` ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_setup_options() -> Options:
    """How the browser of dash[testing] starts: headless, as root too, and without a call home."""
    options = Options()
    for argument in ("--no-sandbox", "--disable-gpu", "--disable-background-networking"):
        options.add_argument(argument)
    options.add_argument("--window-size=1400,1400")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return options


@pytest.fixture(scope="session")
def shared_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests: starting one takes longer than most of them."""
    folder = str(tmp_path_factory.mktemp("download"))
    options = pytest_setup_options()
    patience = int(PATIENCE)
    with Browser(
        "Chrome", False, None, True, options, folder, percy_run=False, wait_timeout=patience
    ) as browser:
        yield browser


@pytest.fixture
def dash_br(shared_browser: Browser) -> Browser:
    """The browser of dash[testing], as a test finds it when it is new."""
    driver = shared_browser.driver
    driver.get("about:blank")
    driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})
    driver.set_window_size(1400, 1400)
    driver.get_log("browser")
    return shared_browser


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The built-in pipelines."""
    return load_registry()


@pytest.fixture
def fathom(registry: Registry) -> Pipeline:
    """The pipeline with every kind of grouping."""
    return registry["fathom"]


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A temporary folder with a short path, as sockets need one; in memory where it has room."""
    roomy = MEMORY.is_dir() and psutil.disk_usage(str(MEMORY)).free > ROOM
    folder = Path(tempfile.mkdtemp(prefix="pm-", dir=MEMORY if roomy else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server(short_folder: Path) -> Iterator[EmbeddedDatabase]:
    """A running PostgreSQL, which need not survive a power cut; TEST_SERVER is one's folder."""
    database = EmbeddedDatabase(Path(os.environ.get("TEST_SERVER", short_folder / "pg")))
    admin = open_engine(database.url)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ALTER SYSTEM SET fsync = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    admin.dispose()
    yield database
    database.stop()


@pytest.fixture(scope="session")
def template(server: EmbeddedDatabase, registry: Registry) -> str:
    """A database with the embedded schema, to copy."""
    name = "template_app"
    admin = open_engine(server.url)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    engine = open_engine(url_of(server.url, name))
    install_schema(engine, registry)
    install(engine, registry, lambda _: None)
    engine.dispose()
    return name


@pytest.fixture(scope="session")
def copies(server: EmbeddedDatabase, template: str) -> Iterator[Copies]:
    """Databases with the embedded schema."""
    with Copies(server.url, template) as copies:
        yield copies


@pytest.fixture(scope="session")
def empty_copies(server: EmbeddedDatabase) -> Iterator[Copies]:
    """Databases with nothing in them."""
    with Copies(server.url, "template0") as copies:
        yield copies


@pytest.fixture
def empty_database(empty_copies: Copies) -> Iterator[str]:
    """URL of a new database with nothing in it."""
    with empty_copies.new() as url:
        yield url


@pytest.fixture
def database(copies: Copies) -> Iterator[str]:
    """URL of a new database with the embedded schema."""
    with copies.new() as url:
        yield url


@pytest.fixture(scope="module")
def module_database(copies: Copies) -> Iterator[str]:
    """URL of a database with the embedded schema, for all tests of a module."""
    with copies.new() as url:
        yield url


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """An engine of a new database with the embedded schema."""
    engine = open_engine(database)
    yield engine
    engine.dispose()


@pytest.fixture
def platform(empty_database: str) -> Iterator[Engine]:
    """The platform's tables, with naive times in a zone other than UTC."""
    engine = open_engine(empty_database)
    make_platform_tables(engine, "America/New_York", "TIMESTAMP")
    yield engine
    engine.dispose()


@pytest.fixture(params=PLATFORMS, ids=lambda kind: "-".join(kind))
def tables(request: pytest.FixtureRequest, empty_database: str) -> Iterator[Engine]:
    """The platform's tables, in several time zones and with both kinds of timestamp."""
    engine = open_engine(empty_database)
    make_platform_tables(engine, *request.param)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def cluster(short_folder: Path) -> Iterator[Client]:
    """A client of a real local Dask cluster with two worker processes."""
    with open_client(None, 2, short_folder / "dask") as client:
        yield client


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with the whole sample, in few pixels; the processes of a run share it."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "sample"
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        flock(lock, LOCK_EX)
        write_sample(folder, 32, lambda _: None)
    return folder


@pytest.fixture
def statement_timeout() -> float:
    """Seconds after which a reading is given up."""
    return 10.0


@pytest.fixture
def snapshots(engine: Engine, registry: Registry, statement_timeout: float) -> Snapshots:
    """Readings that are renewed when a test says so, and not by the clock."""
    return Snapshots(registry, open_snapshot_reader(engine, registry, statement_timeout), 1)


@pytest.fixture
def dashboard(engine: Engine, registry: Registry, snapshots: Snapshots) -> Dash:
    """The dashboard over a database with three files."""
    with engine.begin() as connection:
        add_files(connection, 3, metadata={"region": "rwa"})
    return make_dashboard(engine, registry, snapshots)


@pytest.fixture
def tab(dashboard: Dash) -> Tab:
    """A tab of the dashboard, without a browser."""
    return Tab(dashboard)


@pytest.fixture
def door(server: EmbeddedDatabase, database: str) -> Iterator[Door]:
    """The door of the test's database."""
    door = Door(server, database)
    yield door
    door.leave()


@pytest.fixture(scope="session")
def monitor(sample: Path, short_folder: Path) -> Iterator[Monitor]:
    """Pipeline Monitor after its first jobs, with tasks slow enough to be watched."""
    folder = short_folder / "browser"
    shutil.copytree(sample, folder / "files")
    with started(folder, WORKERS="1") as monitor:
        wait_for(lambda: _first_jobs_ended(monitor), 90)
        yield monitor


def _first_jobs_ended(monitor: Monitor) -> bool:
    answer = monitor.get("/api/etl/stats?etl_type=fathom")
    if answer.status_code != 200:
        return False
    stats = answer.json()
    return bool(stats["phases"]["phase1"]["completed"] == 1856 and not stats["active_jobs"])


@pytest.fixture
def page(dash_br: Browser, monitor: Monitor) -> Iterator[Browser]:
    """A browser on the FATHOM page; it ends without errors on the console."""
    dash_br.driver.get(f"{monitor.url}{PAGE}")
    dash_br.wait_for_element('[id*="phase1.completed"]')
    yield dash_br
    assert severe(dash_br) == []


@pytest.fixture
def site(dashboard: Dash) -> Iterator[str]:
    """URL of the dashboard, for a browser."""
    server = make_server("127.0.0.1", 0, dashboard.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
