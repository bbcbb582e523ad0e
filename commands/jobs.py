"""`python app.py jobs …`: cancels or reruns a job."""

from __future__ import annotations

import os
from collections.abc import Callable
from getpass import getuser

import click

from access.actor import Actor
from access.policy import READ_ONLY
from jobs.submission import Submitter


def cancel(submitter: Submitter, job_id: str) -> None:
    """Cancels a job and prints how much of it was done. Raises MonitorError."""
    done = submitter.cancel(job_id)
    click.echo(f"{done.job_id}: {done.status}; {done.done} of {done.tasks} tasks were done")


def rerun(submitter: Submitter, job_id: str, from_start: bool) -> None:
    """Reruns an ended job and prints what is left to do. Raises MonitorError."""
    if from_start:
        attempt = submitter.run_from_start(job_id)
        click.echo(f"{attempt.job_id}: {attempt.status}")
        return
    again = submitter.rerun(job_id)
    tasks = "" if again.tasks is None else f"; {again.tasks} tasks to do, {again.done} stay done"
    click.echo(f"{again.job_id}: {again.status}{tasks}")


def typist(read_only: bool) -> Actor:
    """Who types a command: whoever is logged in on this machine."""
    try:
        name = getuser()
    except (KeyError, OSError):
        # A container's user may have no name.
        name = f"user {os.getuid()}"
    return Actor(name, "command line", READ_ONLY if read_only else None)


COMMANDS: dict[str, Callable[..., None]] = {"cancel": cancel, "rerun": rerun}
