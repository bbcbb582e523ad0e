"""`python app.py jobs …`: cancels or reruns a job."""

from __future__ import annotations

from collections.abc import Callable

import click

from jobs.submission import Destination


def cancel(destination: Destination, job_id: str) -> None:
    """Cancels a job and prints how much of it was done. Raises MonitorError."""
    done = destination.cancel(job_id)
    click.echo(f"{done.job_id}: {done.status}; {done.done} of {done.tasks} tasks were done")


def rerun(destination: Destination, job_id: str, from_start: bool) -> None:
    """Reruns an ended job and prints what is left to do. Raises MonitorError."""
    if from_start:
        attempt = destination.run_from_start(job_id)
        click.echo(f"{attempt.job_id}: {attempt.status}")
        return
    again = destination.rerun(job_id)
    tasks = "" if again.tasks is None else f"; {again.tasks} tasks to do, {again.done} stay done"
    click.echo(f"{again.job_id}: {again.status}{tasks}")


COMMANDS: dict[str, Callable[..., None]] = {"cancel": cancel, "rerun": rerun}
