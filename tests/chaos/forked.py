"""Runners as processes of their own, forked from one that has imported everything already.

A run takes a few seconds of processor time, and a runner's imports alone would double them.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path

# What the command of a runner imports; the process that is forked does it once.
import commands.database
import commands.runner  # noqa: F401
from app import main
from settings import SOURCE

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])


def fork_runner(environment: Mapping[str, str], log: Path) -> BaseProcess:
    """Starts `python app.py runner`, as it would be by itself; what it says goes into a file."""
    started = FORKS.Process(target=_run, args=(dict(environment), log))
    started.start()
    return started


def _run(environment: dict[str, str], log: Path) -> None:
    os.environ.update(environment)
    os.chdir(SOURCE)
    with log.open("ab") as file:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(file.fileno(), stream.fileno())
    main(["runner"])
