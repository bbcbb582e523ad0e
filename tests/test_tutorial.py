"""The tutorial works as it is written: its files are written and its commands are run, in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from settings import SOURCE
from tests.monitor import free_port, wait_for
from tests.tutorial import Step, steps, write

PAGE = SOURCE / "docs" / "your-own-pipeline.md"
BIN = Path(sys.executable).parent


class Reader:
    """Somebody who follows the page in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.home, self.folder = folder, folder
        self.url = f"http://127.0.0.1:{free_port()}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
            "PORT": self.url.rpartition(":")[2],
        }

    def run(self, step: Step) -> str:
        """Runs a block in one shell, which stays where the block before left it."""
        content = step.content.replace("/path/to/pipeline-monitor/.venv/bin", str(BIN))
        content = content.replace("http://127.0.0.1:8050", self.url)
        # What a shell remembers from one block to the next: its folder and its functions.
        state = self.home / "shell"
        script = f"set -e\n[ ! -f {state} ] || . {state}\n{content}\n"
        script += f'{{ echo cd "$PWD"; echo export PATH="$PATH"; declare -f; }} > {state}\n'
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{step.content}\n{done.stdout}{done.stderr}"
        self.folder = Path(state.read_text().splitlines()[0].removeprefix("cd "))
        return done.stdout

    @contextmanager
    def serving(self) -> Iterator[None]:
        """The server of the page, in a terminal of its own."""
        with (self.home / "log").open("wb") as log:
            server = subprocess.Popen(
                [BIN / "pipeline-monitor"],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
            try:
                wait_for(self._is_ready, 90)
                yield
            finally:
                server.send_signal(signal.SIGINT)
                server.wait(90)

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/readyz", timeout=60).status_code == 200
        except requests.ConnectionError:
            return False

    def jobs(self) -> dict[str, str]:
        """The status of each job, by its type."""
        jobs = requests.get(f"{self.url}/api/jobs", timeout=60).json()["jobs"]
        return {job["job_type"]: job["status"] for job in jobs}

    def is_idle(self) -> bool:
        return not set(self.jobs().values()) & {"queued", "processing"}


def follow(reader: Reader) -> str:
    """Follows the page to its end; what the last command said."""
    said = ""
    with ExitStack() as running:
        for step in steps(PAGE):
            if step.is_server:
                running.enter_context(reader.serving())
            elif step.is_command:
                said = reader.run(step)
                if "submit" in step.content:
                    wait_for(reader.is_idle, 90)
            else:
                write(step, reader.folder)
        wait_for(lambda: percents(reader) == {"phase1": 100, "phase2": 100, "phase3": 100}, 30)
        assert set(reader.jobs().values()) == {"completed"}
    return said


def percents(reader: Reader) -> dict[str, float]:
    stats = requests.get(f"{reader.url}/api/etl/stats?etl_type=survey", timeout=60).json()
    return {name: phase["percent_complete"] for name, phase in stats["phases"].items()}


def test_the_tutorial_works_as_it_is_written(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    assert '"etl_type":"survey"' in follow(reader).replace(" ", "")
    gallery = (reader.folder / ".data" / "files" / "silver-survey" / "gallery.html").read_text()
    assert gallery.count("<img") == 3
