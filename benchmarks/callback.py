"""The refresh callback of a pipeline's page, against a callback that returns a constant."""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.rows import Row, at_most, files_size
from benchmarks.setup import Setup
from settings import SOURCE

NAMES = {
    "new": "a tick, numbers that other viewers have seen",
    "quiet": "a tick, nothing new",
    "refresh": "Refresh clicked, a group completed since: read and drawn",
}
MOST = 3


def measure(setup: Setup) -> list[Row]:
    """Rows of the page's ticks at the largest size, server side."""
    with setup.files(setup.largest) as url:
        command = [sys.executable, "-m", "benchmarks.calling", url, "--repeat", str(setup.repeat)]
        called = subprocess.run(command, stdout=subprocess.PIPE, cwd=SOURCE, check=True)
    found = json.loads(called.stdout)
    return [
        Row(
            text,
            files_size(setup.largest),
            "ms",
            1000 * found[name],
            1000 * found["constant"],
            "a constant",
            None if name == "refresh" else at_most(MOST),
        )
        for name, text in NAMES.items()
    ]
