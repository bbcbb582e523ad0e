"""The reverse proxy of deploy/nginx.conf, with a real nginx before a real server."""

from __future__ import annotations

import shutil
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from sqlalchemy import Engine, text

from database.engine import open_engine
from layouts import ids
from layouts.links import group_file, pipeline_link
from settings import SOURCE
from tests.behind_nginx import PASSWORD, USER, Front, nginx_before
from tests.chrome import chrome, run, visit
from tests.factories import RWA, add_files, add_job, add_task
from tests.monitor import accepts, free_port, wait_for
from tests.processes import process

pytestmark = pytest.mark.skipif(
    not (shutil.which("nginx") and shutil.which("openssl")), reason="needs nginx and openssl"
)
LOGIN = (USER, PASSWORD)
BASIC = {"Authorization": f"Basic {b64encode(':'.join(LOGIN).encode()).decode()}"}
# As docs/install.md has it.
LOGGED_IN = {"AUTH_USER_HEADER": "X-Forwarded-User", "TRUSTED_PROXIES": "127.0.0.1"}
SUBMIT = "/api/jobs/submit/process_fathom_stack"
# More than the buffers of every socket on the way.
TASKS, ERROR = 40_000, "e" * 1000


@pytest.fixture(scope="module")
def rows(module_database: str) -> Iterator[Engine]:
    """The server's database, with three files and a job of one task."""
    engine = open_engine(module_database)
    with engine.begin() as connection:
        add_files(connection, 3, metadata=RWA, group="g")
        add_task(connection, add_job(connection, "job-1"), "g", "failed", error="broken")
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def port(module_database: str, rows: Engine) -> Iterator[int]:
    """The port of a real server."""
    port = free_port()
    given = {"DATABASE_URL": module_database, "PORT": str(port), "RUNNER": "on", **LOGGED_IN}
    with process(str(SOURCE / "app.py"), "serve", REFRESH_SECONDS="0.5", **given):
        wait_for(lambda: accepts(port), 30)
        wait_for(lambda: requests.get(f"http://127.0.0.1:{port}/readyz").status_code == 200, 30)
        yield port


@pytest.fixture(scope="module")
def front(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """nginx before the server."""
    with nginx_before(port, tmp_path_factory.mktemp("nginx")) as front:
        yield front


@pytest.fixture
def viewer(front: Front) -> Iterator[requests.Session]:
    """Somebody who has logged in."""
    with requests.Session() as session:
        # The environment may name other certificates, which would come first.
        session.trust_env = False
        session.auth, session.verify = LOGIN, str(front.certificate)
        yield session


@pytest.mark.parametrize(
    "path", ["/", pipeline_link("fathom"), "/api/etl/pipelines", "/metrics", "/_dash-dependencies"]
)
def test_nothing_is_shown_without_a_login(front: Front, path: str) -> None:
    answer = requests.get(f"{front.url}{path}", verify=front.certificate)
    assert answer.status_code == 401
    assert "Basic" in answer.headers["WWW-Authenticate"]


def test_nobody_submits_without_a_login(front: Front) -> None:
    answer = requests.post(f"{front.url}{SUBMIT}", json={}, verify=front.certificate)
    assert answer.status_code == 401


def test_the_health_check_needs_no_login(front: Front) -> None:
    answer = requests.get(f"{front.url}/healthz", verify=front.certificate)
    assert answer.json() == {"status": "ok"}


def test_plain_http_leads_to_tls(front: Front) -> None:
    url = f"http://127.0.0.1:{front.http}/api/interface/jobs?page=2"
    answer = requests.get(url, allow_redirects=False)
    assert answer.status_code == 301
    assert answer.headers["Location"] == "https://127.0.0.1/api/interface/jobs?page=2"


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_pages_and_assets_arrive_as_the_server_compressed_them(
    front: Front, viewer: requests.Session, encoding: str
) -> None:
    for path in (pipeline_link("fathom"), "/assets/20-theme.css"):
        answer = viewer.get(f"{front.url}{path}", headers={"Accept-Encoding": encoding})
        assert (answer.status_code, answer.headers["Content-Encoding"]) == (200, encoding)
        assert "Accept-Encoding" in answer.headers["Vary"]


def test_a_file_is_downloaded_whole(front: Front, viewer: requests.Session, port: int) -> None:
    path = group_file("fathom", "phase1", "pending", {}, "")
    direct = requests.get(f"http://127.0.0.1:{port}{path}", headers={"X-Forwarded-User": USER})
    assert direct.text.count("\r\n") == 2
    assert viewer.get(f"{front.url}{path}").content == direct.content


def test_jobs_are_submitted_and_files_registered(front: Front, viewer: requests.Session) -> None:
    answer = viewer.post(f"{front.url}{SUBMIT}", json={"region_code": "rwa"})
    assert answer.json()["created"]
    files = [{"path": f"{number:0150}.tif"} for number in range(10_000)]
    body = {"pipeline": "raster_v2", "container": "bronze-rasters", "files": files}
    answer = viewer.post(f"{front.url}/api/etl/files", json=body)
    assert int(answer.request.headers["Content-Length"]) > 1_500_000
    assert answer.json()["written"] == len(files)


def test_who_has_logged_in_is_on_record_and_nobody_else_is_believed(
    front: Front, viewer: requests.Session, rows: Engine
) -> None:
    sent = {"X-Forwarded-User": "root", "X-Forwarded-Groups": "all"}
    answer = viewer.post(f"{front.url}{SUBMIT}", json={"region_code": "civ"}, headers=sent)
    with rows.connect() as connection:
        query = text("SELECT actor, address FROM monitor.audit WHERE job_id = :job")
        recorded = [*connection.execute(query, {"job": answer.json()["job_id"]})]
    assert recorded == [(USER, "127.0.0.1")]


def test_a_page_works_in_a_browser(front: Front, rows: Engine) -> None:
    with chrome("--ignore-certificate-errors") as browser:
        # As after the question that a browser asks a person.
        browser.execute_cdp_cmd("Network.enable", {})
        browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": BASIC})
        visit(browser, f"{front.url}{pipeline_link('fathom')}")
        wait_for(lambda: _total(browser) == "3", 20)
        with rows.begin() as connection:
            add_files(connection, 2, metadata=RWA)
        wait_for(lambda: _refreshed(browser) == "5", 30)
        failures = [one for one in browser.get_log("browser") if one["level"] == "SEVERE"]
        assert failures == []


def _refreshed(browser: Any) -> Any:
    run(browser, "document.getElementById(arguments[0]).click()", ids.REFRESH)
    return _total(browser)


def _total(browser: Any) -> Any:
    found = "return document.querySelector(arguments[0])?.textContent"
    return run(browser, found, """[id^='{"text":'][id$='.total"}']""")


def test_a_slow_reader_holds_no_transaction(front: Front, rows: Engine) -> None:
    with rows.begin() as connection:
        job = add_job(connection, "job-2")
        connection.execute(MANY_TASKS, {"job": job, "number": TASKS, "error": ERROR})
    with _not_read(front, f"/api/jobs/{job}/tasks.csv"):
        wait_for(lambda: _streaming(rows) == 0, 60)


def _streaming(engine: Engine) -> int:
    """How many sessions of the database read a file's rows."""
    with engine.connect() as connection:
        return int(connection.execute(STREAMING).scalar_one())


@contextmanager
def _not_read(front: Front, path: str) -> Iterator[None]:
    """Asks for a file, waits until it comes, and reads no more of it."""
    (header,) = (f"{name}: {value}" for name, value in BASIC.items())
    asked = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n"
    trusted = ssl.create_default_context(cafile=str(front.certificate))
    with (
        socket.create_connection(("127.0.0.1", front.https)) as plain,
        trusted.wrap_socket(plain, server_hostname="127.0.0.1") as client,
    ):
        client.sendall(asked.encode())
        assert client.recv(15) == b"HTTP/1.1 200 OK"
        yield


MANY_TASKS = text(
    """
    INSERT INTO app.tasks
        (task_id, parent_job_id, job_type, task_type, stage, status, error_details)
    SELECT 'many-' || number, :job, 'process_fathom_stack', 'fathom_stack', 2, 'failed', :error
    FROM generate_series(1, :number) AS number
    """
)
STREAMING = text(
    """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'FETCH %'
        AND state IN ('active', 'idle in transaction')
    """
)
