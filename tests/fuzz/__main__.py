"""`make fuzz`: sends odd payloads to the callbacks of a dashboard over the sample's tables."""

from __future__ import annotations

import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import click
import psutil
from dash import Dash

from database.embedded import EmbeddedDatabase
from database.engine import open_engine
from database.rollups.install import install
from database.schema import install_schema
from layouts.links import CALLBACKS
from pipelines.registry import load_registry
from queries.snapshot_reader import open_snapshot_reader
from queries.snapshots import Snapshots
from tests.dashboards import make_dashboard
from tests.factories import RWA, add_files
from tests.fuzz.payloads import callbacks_of, payloads

# Until then caches fill and modules load.
WARM = 1000
MEGABYTE = 2**20


@click.command(help=__doc__)
@click.option("--cases", default=10_000, show_default=True, help="Payloads to send.")
@click.option("--seed", default=1, show_default=True, help="Another seed, other payloads.")
def main(cases: int, seed: int) -> None:
    """Prints the number of answers of each status; ends with 1 after an error of the server."""
    # Each refusal is an answer, not a message.
    logging.disable(logging.CRITICAL)
    statuses: Counter[int] = Counter()
    failed: list[bytes] = []
    process, before = psutil.Process(), 0
    with open_dashboard() as dashboard:
        client = dashboard.server.test_client()
        found = callbacks_of(dashboard, client)
        for number, body in enumerate(islice(payloads(found, seed), cases)):
            if number == min(WARM, cases // 2):
                before = process.memory_info().rss
            answer = client.post(CALLBACKS, data=body, content_type="application/json")
            statuses[answer.status_code] += 1
            if answer.status_code >= 500:
                failed.append(body)
        after = process.memory_info().rss
    for status, count in sorted(statuses.items()):
        click.echo(f"{status}: {count}")
    for body in failed[:10]:
        click.echo(body[:500])
    growth = f"{before / MEGABYTE:.0f} to {after / MEGABYTE:.0f} MB, {after / before:.2f} times"
    click.echo(f"{len(failed)} errors of the server; memory {growth}")
    sys.exit(bool(failed))


@contextmanager
def open_dashboard() -> Iterator[Dash]:
    """A dashboard over a few files."""
    registry = load_registry()
    with tempfile.TemporaryDirectory(prefix="pm-") as folder:
        database = EmbeddedDatabase(Path(folder) / "pg")
        engine = open_engine(database.url)
        try:
            install_schema(engine, registry)
            install(engine, registry, lambda _: None)
            with engine.begin() as connection:
                add_files(connection, 3, metadata=RWA)
            read = open_snapshot_reader(engine, registry, 10.0)
            dashboard = make_dashboard(engine, registry, Snapshots(registry, read, 1))
            dashboard.server.config["PROPAGATE_EXCEPTIONS"] = False
            yield dashboard
        finally:
            engine.dispose()
            database.stop()


if __name__ == "__main__":
    main()
