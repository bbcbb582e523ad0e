"""What is let in at all: by host, origin and name, for pages, callbacks and the API alike."""

from __future__ import annotations

from typing import Any

import pytest
from dash import Dash
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from access.clients import networks
from access.policy import Policy
from access.tokens import new_token, read_tokens
from layouts.links import PIPELINE
from pipelines.registry import Registry
from queries.snapshots import Snapshots
from tests.dashboards import make_dashboard
from tests.serving import Api
from tests.tab import Tab

STACK = "/api/jobs/submit/process_fathom_stack"
RWA = {"region_code": "rwa"}
SECRET, ENTRY = new_token("nightly", "submit")
READING, READING_ENTRY = new_token("grafana", "read")
PROXY = "10.0.0.2"
BEHIND_PROXY = Policy(
    user_header="X-User",
    groups_header="X-Groups",
    proxies=networks(PROXY),
    submitters=frozenset({"geo"}),
    tokens=read_tokens(f"{ENTRY},{READING_ENTRY}"),
)
ADA = {"X-User": "ada", "X-Groups": "geo", "X-Forwarded-For": "192.0.2.9"}
BOB = {"X-User": "bob", "X-Groups": "hr", "X-Forwarded-For": "192.0.2.9"}


def jobs(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM app.jobs")).scalar_one())


@pytest.fixture
def api(engine: Engine, registry: Registry) -> FlaskClient:
    """The API without a login."""
    return Api(engine, registry).client


@pytest.fixture
def proxied(engine: Engine, registry: Registry) -> FlaskClient:
    """The API behind a proxy that logs people in."""
    client = Api(engine, registry, policy=BEHIND_PROXY).client
    client.environ_base["REMOTE_ADDR"] = PROXY
    return client


@pytest.mark.parametrize(
    "path", ["/", "/api/etl/pipelines", "/_dash-layout", "/assets/icon.svg", "/x"]
)
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8050", "localhost@evil.example"])
def test_another_host_gets_nothing(dashboard: Dash, path: str, host: str) -> None:
    answer = dashboard.server.test_client().get(path, headers={"Host": host})
    assert (answer.status_code, "ALLOWED_HOSTS" in answer.text) == (400, True)
    assert "Pipeline Monitor" not in answer.text


def test_the_api_says_so_as_problem_details(api: FlaskClient) -> None:
    answer = api.get("/api/etl/pipelines", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_for_any_host(api: FlaskClient, path: str) -> None:
    assert api.get(path, headers={"Host": "10.1.2.3:8050"}).status_code in (200, 503)


@pytest.mark.parametrize(
    "sent",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", [STACK, "/api/jobs/cancel/x", "/_dash-update-component", "/x"])
def test_pages_of_others_can_send_nothing(
    dashboard: Dash, engine: Engine, path: str, sent: dict[str, str]
) -> None:
    answer = dashboard.server.test_client().post(path, json=RWA, headers=sent)
    assert (answer.status_code, jobs(engine)) == (403, 0)


def test_no_page_of_others_may_read_an_answer(api: FlaskClient) -> None:
    for method in (api.get, api.options):
        answer = method("/api/etl/pipelines", headers={"Origin": "https://evil.example"})
        assert [name for name, _ in answer.headers if name.startswith("Access-Control")] == []


def test_whoever_is_not_here_may_look_and_not_submit(api: FlaskClient, engine: Engine) -> None:
    far = {"REMOTE_ADDR": "192.0.2.9"}
    assert api.get("/api/etl/pipelines", environ_base=far).status_code == 200
    for path in (STACK, "/api/jobs/rerun/x", "/api/jobs/cancel/x"):
        answer = api.post(path, json=RWA if path == STACK else {}, environ_base=far)
        assert (answer.status_code, "without a login" in answer.text) == (403, True)
    body = {"pipeline": "raster_v2", "container": "c", "files": []}
    assert api.post("/api/etl/files", json=body, environ_base=far).status_code == 403
    assert jobs(engine) == 0


@pytest.mark.parametrize("path", ["/api/etl/pipelines", "/metrics", "/api/openapi.json"])
def test_behind_a_proxy_nobody_without_a_name_sees_anything(
    proxied: FlaskClient, path: str
) -> None:
    assert proxied.get(path).status_code == 401
    assert proxied.get(path, headers=BOB).status_code == 200
    # Not even this machine; and a header from elsewhere says nothing.
    for address in ("127.0.0.1", "192.0.2.9"):
        answer = proxied.get(path, headers=ADA, environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == 401


def test_groups_decide_who_submits_and_the_audit_says_who_did(
    proxied: FlaskClient, engine: Engine
) -> None:
    assert proxied.post(STACK, json=RWA, headers=BOB).status_code == 403
    job_id = proxied.post(STACK, json=RWA, headers=ADA).get_json()["job_id"]
    bearer = {"Authorization": f"Bearer {SECRET}", "X-Forwarded-For": "192.0.2.10"}
    assert proxied.post(f"/api/jobs/cancel/{job_id}", json={}, headers=bearer).status_code == 200
    reading = {"Authorization": f"Bearer {READING}"}
    assert proxied.post(STACK, json=RWA, headers=reading).status_code == 403
    assert proxied.get("/api/etl/pipelines", headers=reading).status_code == 200
    assert audit(engine) == [
        ("ada", "192.0.2.9", "submit", job_id, "submitted"),
        ("token nightly", "192.0.2.10", "cancel", job_id, "done"),
    ]


def audit(engine: Engine) -> list[tuple[Any, ...]]:
    query = "SELECT actor, address, action, job_id, result FROM monitor.audit ORDER BY id"
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_guessing_tokens_ends(proxied: FlaskClient) -> None:
    wrong = {"Authorization": "Bearer pm_wrong", "X-Forwarded-For": "192.0.2.77"}
    answers = [proxied.get("/api/etl/pipelines", headers=wrong).status_code for _ in range(12)]
    assert answers == [401] * 10 + [429] * 2


def test_a_viewer_sees_buttons_that_say_why_not(
    engine: Engine, registry: Registry, snapshots: Snapshots
) -> None:
    dashboard = make_dashboard(engine, registry, snapshots, BEHIND_PROXY)
    snapshots.renew("fathom")
    for who, refused in ((BOB, True), (ADA, False)):
        headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in who.items()}
        tab = Tab(dashboard, {**headers, "REMOTE_ADDR": PROXY})
        tab.open(PIPELINE, "?type=fathom")
        assert ("You may look only" in str(tab.page)) is refused
