"""What many runs share: a server, a cluster, sources, and what comes out when nothing breaks."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from database.engine import open_engine
from database.rollups.install import install
from database.schema import install_schema
from jobs.storage import Storage
from pipelines.registry import Registry, load_registry
from tests.chaos.cluster import Cluster
from tests.chaos.outcome import Outcome
from tests.chaos.server import Server
from tests.rasters import BASELINE, Scenario, add_tile, walk

TILES = ("s02e028", "s02e029", "s02e030", "s03e028", "s03e029", "s03e030")
SCENARIOS = (
    BASELINE,
    Scenario("pluvial", "defended", 2020, None),
)
PIXELS = 32
TEMPLATE = "chaos_template"
# The work of a run, each job when the one before it has ended: 96 files in 12 and 4 groups.
JOBS = ("process_fathom_stack", "process_fathom_merge")
REGION = {"region_code": "rwa"}


@dataclass
class Lane:
    """One run at a time takes place here."""

    folder: Path
    server: Server
    cluster: Cluster
    registry: Registry
    # What the work gives when nothing breaks, and how many seconds each job takes then.
    expected: Outcome | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    # How many pages of 4 KiB each job's outputs take.
    pages: dict[str, int] = field(default_factory=dict)

    @property
    def sources(self) -> Path:
        """The folder of the source files."""
        return self.folder / "bronze-fathom"


@contextmanager
def open_lane() -> Iterator[Lane]:
    """A lane with its server and cluster running, and the inventory done in the template."""
    with tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        cluster, server = Cluster(folder), Server(folder / "pg")
        lane = Lane(folder, server, cluster, load_registry())
        try:
            cluster.start()
            _make_template(lane)
            yield lane
        finally:
            cluster.close()
            server.close()


def _make_template(lane: Lane) -> None:
    storage = Storage(str(lane.folder))
    for tile in TILES:
        add_tile(storage, tile, *SCENARIOS, pixels=PIXELS)
    lane.server.say(f"CREATE DATABASE {TEMPLATE}")
    engine = open_engine(lane.server.url.replace("/postgres?", f"/{TEMPLATE}?"))
    install_schema(engine, lane.registry)
    walk(engine, storage, "inventory_fathom_container", base_prefix="rwa")
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM app.jobs"))
    install(engine, lane.registry, lambda _: None)
    engine.dispose()
