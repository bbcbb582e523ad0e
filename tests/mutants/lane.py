"""A copy of the code in which mutants are made and run, one after the other."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import text

from database.embedded import EmbeddedDatabase
from database.engine import open_engine
from settings import SOURCE
from tests.mutants.forked import OUTPUT
from tests.mutants.mutant import Mutant, read

LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "screenshots")
CHECKS = ["tests/test_queries_query_cache.py", "tests/test_queries_job_report.py"]
# A quick test of the database.
CHECK = "tests/test_queries_task_points.py::test_only_the_latest_points_are_read"
OWN = ("postgres", "template0", "template1")


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: `killed`, `survived`, `timeout` or `no test`; and which test."""

    mutant: Mutant
    status: str
    test: str = ""
    seconds: float = 0.0


class Lane:
    """Runs tests against mutants, with a warm process and a warm database server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tree = folder / "code"
        shutil.copytree(SOURCE, self._tree, ignore=LEFT_OUT)
        self._server = EmbeddedDatabase(folder / "pg")
        self._process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "PYTHONPATH": str(self._tree),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TEST_SERVER": str(self._server.folder),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "tests.mutants.forked"],
            cwd=self._tree,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def check(self) -> None:
        """Makes sure that the code as it is passes. Raises RuntimeError with what was said."""
        answer = self._ask({"tests": CHECKS, "seconds": 120.0})
        if answer["status"] != "passed":
            raise RuntimeError(f"The tests fail without a mutant:\n{self.output()}")

    def is_sound(self) -> bool:
        """Whether the code as it is still passes: a mutant may have damaged the server."""
        try:
            return self._ask({"tests": [CHECK], "seconds": 60.0})["status"] == "passed"
        finally:
            self._tidy()

    def output(self) -> str:
        """What the last tests said."""
        return (self._tree / OUTPUT).read_text(errors="replace")

    def judge(self, mutant: Mutant, tests: Sequence[str], seconds: float) -> Verdict:
        """Whether a test fails for a mutant; one that takes longer than `seconds` is killed too."""
        if not tests:
            return Verdict(mutant, "no test")
        file = self._tree / mutant.path
        file.write_text(mutant.source, encoding="utf-8")
        try:
            answer = self._ask({"tests": list(tests), "seconds": seconds})
        finally:
            file.write_text(read(mutant.path), encoding="utf-8")
            self._tidy()
        statuses = {"passed": "survived", "failed": "killed", "timeout": "timeout"}
        return Verdict(mutant, statuses[answer["status"]], answer["test"], answer["seconds"])

    def _ask(self, question: dict[str, object]) -> dict[str, str | float]:
        given, taken = _pipes(self._process)
        given.write(json.dumps(question) + "\n")
        given.flush()
        answer: dict[str, str | float] = json.loads(taken.readline())
        return answer

    def _tidy(self) -> None:
        """Drops the databases that tests left when they were ended, and their use of the server."""
        self._forget_users()
        admin = open_engine(self._server.url).execution_options(isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            names = connection.execute(text("SELECT datname FROM pg_database")).scalars().all()
            for name in names:
                if name not in OWN:
                    connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        admin.dispose()

    def _forget_users(self) -> None:
        # A mutant may have written anything into this list of processes (database/embedded.py).
        (self._server.folder / ".handle_pids.json").write_text(json.dumps([os.getpid()]))

    def close(self) -> None:
        """Ends its process and its server."""
        self._forget_users()
        given, taken = _pipes(self._process)
        given.close()
        self._process.wait()
        taken.close()
        self._server.stop()


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


@contextmanager
def open_lane() -> Iterator[Lane]:
    """A lane in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="pm-m-"))
    lane = Lane(folder)
    try:
        lane.check()
        yield lane
    finally:
        lane.close()
        shutil.rmtree(folder, ignore_errors=True)
