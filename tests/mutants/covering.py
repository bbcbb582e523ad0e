"""Which tests run which lines: measured once, with coverage, a file of tests at a time."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from settings import SOURCE
from tests.mutants.mutant import TEMPLATES, Mutant, digest_of, read

# They start browsers, servers or many processes, and measure nothing in this one, or take long.
LEFT_OUT = (
    "browser", "app", "benchmarks", "chaos", "commands", "conventions", "two_processes",
    "database_limits", "database_pooler", "jobs_recovery", "jobs_workers", "mutants", "colours",
    "jobs_sample", "rollups_rebuild",
)  # fmt: skip
# A test that takes longer is not run, and of all that run a line only the first so many seconds'.
SLOWEST_SECONDS, BUDGET_SECONDS = 30.0, 40.0
NEAR = 0.2
# Any line of a file.
ANY = 0
NOTHING: dict[str, Any] = {"files": {}, "tests": []}


@dataclass
class Covering:
    """For each file and line the tests that run it, and how long each test takes (seconds)."""

    lines: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def tests_for(self, mutant: Mutant) -> list[str]:
        """The tests to run, the likeliest to fail first: within the budget, none for none."""
        if mutant.path.startswith(TEMPLATES):
            found = {test for test in self.seconds if "test_rollups_" in test}
        else:
            found = self._running(mutant)
        chosen, left = [], BUDGET_SECONDS
        for test in sorted(
            found, key=lambda test: (not _is_near(test, mutant), self.seconds[test])
        ):
            left -= self.seconds[test]
            if left < 0 and chosen:
                break
            chosen.append(test)
        return chosen

    def _waits(self, test: str, mutant: Mutant) -> float:
        """Quick tests come first, and those of the mutant's own file before others as quick."""
        return self.seconds[test] * (NEAR if _is_near(test, mutant) else 1)

    def _running(self, mutant: Mutant) -> set[str]:
        of_file = self.lines.get(mutant.path, {})
        # What is outside of functions runs once, when its module is imported: who uses it matters.
        inside = {ANY} | (users_of(mutant) if mutant.names else set(mutant.lines))
        found = {test for line in inside for test in of_file.get(line, ())}
        if mutant.names and not found:
            found = {test for tests in of_file.values() for test in tests}
        # Functions too may run when their module is imported, before any test.
        of_package = (test for test in self.seconds if f"/test_{mutant.package}_" in test)
        found = found or set(of_package)
        return {test for test in found if self.seconds[test] <= SLOWEST_SECONDS}


def _is_near(test: str, mutant: Mutant) -> bool:
    """Whether a test's file is named after the mutant's."""
    stem = Path(mutant.path).stem
    return stem in Path(test.split("::")[0]).stem


def users_of(mutant: Mutant) -> set[int]:
    """The lines in the functions of a module that name what a statement outside of them defines."""
    functions = [
        node
        for node in ast.walk(ast.parse(read(mutant.path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return {
        node.lineno
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id in mutant.names
    }


def test_files() -> list[str]:
    """The files whose tests are run."""
    names = [path.name for path in sorted((SOURCE / "tests").glob("test_*.py"))]
    return [f"tests/{name}" for name in names if not name.startswith(tuple(map(_named, LEFT_OUT)))]


def _named(part: str) -> str:
    return f"test_{part}"


def measure(folder: Path, lanes: int) -> Covering:
    """What covers what. What was measured of the same tests is read from the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = b"".join(
        path.read_bytes()
        for path in sorted((SOURCE / "tests").glob("*.py"))
        if not path.name.startswith("test_")
    )
    with ThreadPoolExecutor(lanes) as pool:
        return together(pool.map(lambda file: _measured(folder, parts, file), test_files()))


def _measured(folder: Path, parts: bytes, file: str) -> dict[str, Any]:
    """What the tests of a file ran, as tests/mutants/measuring.py writes it."""
    digest = hashlib.sha256(parts + (SOURCE / file).read_bytes()).hexdigest()[:16]
    out = folder / f"{Path(file).stem}-{digest}.json"
    if not out.exists():
        command = [sys.executable, "-m", "tests.mutants.measuring", str(out), file]
        subprocess.run(command, cwd=SOURCE, capture_output=True, check=False)
    measured: dict[str, Any] = json.loads(out.read_text()) if out.exists() else NOTHING
    return measured


def together(parts: Iterable[Mapping[str, Any]]) -> Covering:
    """What was measured of each file of tests, as one."""
    covering = Covering()
    lines: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for part in parts:
        same = {path for path, digest in part["files"].items() if digest == digest_of(path)}
        for one in part["tests"]:
            covering.seconds[one["test"]] = one["seconds"]
            for path, numbers in one["lines"].items():
                # Of a file that has changed since, nobody knows which lines they are now.
                for number in numbers if path in same else [ANY]:
                    lines[path][number].append(one["test"])
    covering.lines = lines
    return covering
