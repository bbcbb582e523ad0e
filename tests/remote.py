"""Tabs of a dashboard that another process serves, and that process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil
import requests
from prometheus_client.parser import text_string_to_metric_families

from settings import SOURCE
from tests.monitor import free_port, wait_for
from tests.tab import Tab

# What a browser sends with a tick, beside its body, where there is no TLS.
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "Accept-Language": "en-US,en;q=0.9",
    "Content-Type": "application/json",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/156.0.0.0 Safari/537.36",
    "Sec-Fetch-Dest": "empty",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Site": "same-origin",
}
STATS = "/api/etl/stats?etl_type=fathom"


@dataclass
class Reply:
    """What a server answered, as Flask's test client gives it."""

    status_code: int
    data: bytes
    json: Any = None
    text: str = ""


@dataclass
class RemoteApp:
    """Stands for a Dash app that is served elsewhere; keeps the last question's body."""

    url: str
    asked: bytes = b""
    # The bytes of the last answer's body as they came, compressed.
    packed: int = 0
    _session: requests.Session = field(default_factory=requests.Session)

    @property
    def server(self) -> RemoteApp:
        """Itself: what a tab asks for a client."""
        return self

    def test_client(self) -> RemoteApp:
        """Itself, with a connection of its own."""
        return RemoteApp(self.url)

    def get(self, path: str) -> Reply:
        """The answer to a GET."""
        return _answer(self._session.get(f"{self.url}{path}", timeout=60))

    def post(self, path: str, data: bytes, content_type: str) -> Reply:
        """The answer to a POST."""
        self.asked = data
        headers = {**HEADERS, "Content-Type": content_type}
        response = self._session.post(f"{self.url}{path}", data, headers=headers, timeout=60)
        self.packed = int(response.headers.get("Content-Length", 0))
        return _answer(response)


def _answer(response: requests.Response) -> Reply:
    is_json = response.headers.get("Content-Type", "").startswith("application/json")
    body = response.json() if is_json else None
    return Reply(response.status_code, response.content, body, response.text)


class RemoteTab(Tab):
    """A tab of a dashboard that is served elsewhere."""

    def __init__(self, url: str) -> None:
        super().__init__(RemoteApp(url))  # type: ignore[arg-type]

    def reconnect(self) -> None:
        """From now on whichever process takes a new connection answers."""
        self.land_on(self._app)

    @property
    def packed(self) -> int:
        """The bytes of the last answer's body as they came, compressed."""
        packed: int = self._client.packed
        return packed

    @property
    def asked(self) -> bytes:
        """The body of the last question."""
        body: bytes = self._client.asked
        return body


@dataclass(frozen=True)
class Served:
    """A dashboard on gunicorn, in processes of its own."""

    url: str
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """The processor time of all its processes so far."""
        times = [one.cpu_times() for one in (self.process, *self.workers())]
        return float(sum(one.user + one.system for one in times))

    def workers(self) -> list[psutil.Process]:
        """The processes that answer."""
        return list(self.process.children())

    def get(self, path: str) -> requests.Response:
        """The answer to a GET, on a connection of its own."""
        return requests.get(f"{self.url}{path}", timeout=60)

    def values(self, field: str) -> list[str]:
        """The values of a grouping."""
        return sorted(self.get(STATS).json()["by_grouping"][field])

    def counted(self, metric: str) -> dict[str, float]:
        """A metric of one label, by its value."""
        families = text_string_to_metric_families(self.get("/metrics").text)
        samples = [sample for family in families for sample in family.samples]
        return {
            next(iter(sample.labels.values())): float(sample.value)
            for sample in samples
            if sample.name == f"pipeline_monitor_{metric}"
        }

    def statements(self) -> float:
        """How many statements it has given to the database, but for what /metrics asked."""
        by_query = self.counted("statement_seconds_count")
        return sum(count for query, count in by_query.items() if query != "metrics")


@contextmanager
def served(database_url: str, **environment: str) -> Iterator[Served]:
    """Serves the dashboard over a database, as docs/serving.md says, with its numbers read."""
    port = free_port()
    settings = {"DATABASE_URL": database_url, "PORT": str(port), "RUNNER": "off", **environment}
    command = [sys.executable, "-m", "gunicorn", "app:server()"]
    process = subprocess.Popen(command, env={**os.environ, **settings}, cwd=SOURCE)
    try:
        server = Served(f"http://127.0.0.1:{port}", psutil.Process(process.pid))
        wait_for(lambda: process.poll() is not None or _ready(server.url), 300)
        yield server
    finally:
        process.terminate()
        process.wait(90)


def _ready(url: str) -> bool:
    try:
        answer = requests.get(f"{url}{STATS}", timeout=60)
    except requests.ConnectionError:
        return False
    return answer.status_code == 200
