"""How a run of the benchmarks is meant: at which sizes, how often, and where its data lie."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.files import keep_fresh, make_files
from database.embedded import EmbeddedDatabase
from database.engine import open_engine
from pipelines.models import Pipeline
from pipelines.registry import Registry, load_registry

DESIGN, MILLION, GLOBAL = 12_450, 1_000_000, 11_000_000
SIZES = (DESIGN, MILLION, GLOBAL)
SMALL_SIZES = (1_600, 3_200)


@dataclass(frozen=True)
class Setup:
    """A run of the benchmarks.

    sizes: numbers of files, rising; repeat: how often each thing is measured; small: whether it
    is only to be seen that the benchmarks work; folder: where databases lie, one a size.
    """

    sizes: tuple[int, ...]
    repeat: int
    small: bool
    folder: Path

    @property
    def registry(self) -> Registry:
        """The built-in pipelines."""
        return load_registry()

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline whose files there are."""
        return self.registry["fathom"]

    @property
    def largest(self) -> int:
        """The largest number of files."""
        return self.sizes[-1]

    @contextmanager
    def files(self, number: int) -> Iterator[str]:
        """URL of a database with so many files, made if it is not there, with recent work."""
        with self.server(str(number)) as url:
            engine = open_engine(url)
            make_files(engine, self.registry, number)
            keep_fresh(engine)
            engine.dispose()
            yield url

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for what need not outlive the block."""
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            yield Path(folder)

    @contextmanager
    def server(self, name: str) -> Iterator[str]:
        """URL of an embedded PostgreSQL of the run's folder, as it is installed by default."""
        embedded = EmbeddedDatabase(self.folder / name / "postgres")
        try:
            yield embedded.url
        finally:
            embedded.stop()
