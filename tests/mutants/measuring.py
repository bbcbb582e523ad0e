"""Runs a file of tests under coverage: which lines each of its tests ran, in every thread."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

from tests.mutants.mutant import PACKAGES, digest_of

ROOT = Path(__file__).resolve().parent.parent.parent


class Measuring:
    """A pytest plugin: what runs for a test, also in its fixtures, is noted under its name."""

    def __init__(self) -> None:
        self._coverage = coverage.Coverage(
            data_file=None, source=[str(ROOT / name) for name in PACKAGES], config_file=False
        )
        self._coverage.start()
        self.seconds: dict[str, float] = defaultdict(float)
        self.failed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Whatever runs from now on is the test's."""
        self._coverage.switch_context(item.nodeid)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Adds up how long the test takes."""
        self.seconds[report.nodeid] += report.duration
        if not report.passed:
            self.failed.add(report.nodeid)

    def result(self) -> dict[str, object]:
        """files: the digest of each that was run; tests: of each that passed its name (test),
        seconds, and lines by file."""
        self._coverage.stop()
        data = self._coverage.get_data()
        lines: dict[str, dict[str, list[int]]] = defaultdict(dict)
        files = {path: str(Path(path).relative_to(ROOT)) for path in data.measured_files()}
        for path, name in files.items():
            by_test = defaultdict(list)
            for line, named in data.contexts_by_lineno(path).items():
                for test in named:
                    by_test[test].append(line)
            for test, numbers in by_test.items():
                lines[test][name] = numbers
        tests = [
            {"test": test, "seconds": seconds, "lines": lines[test]}
            for test, seconds in self.seconds.items()
            if test not in self.failed
        ]
        return {"files": {name: digest_of(name) for name in files.values()}, "tests": tests}


def main(out: str, file: str) -> None:
    """Runs the tests of a file and writes what they ran."""
    measuring = Measuring()
    pytest.main(["-q", "-p", "no:cacheprovider", file], plugins=[measuring])
    Path(out).write_text(json.dumps(measuring.result()))


if __name__ == "__main__":
    main(*sys.argv[1:])
