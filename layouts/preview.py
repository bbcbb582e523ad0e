"""The preview of a submission and its result, as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dash import dcc, html
from dash.development.base_component import Component

from layouts.formats import (
    format_count,
    format_counted,
    format_duration,
    format_rate,
    short_id,
    unknown,
)
from layouts.links import job_link
from layouts.statuses import format_status

HOUR = 3600
# The submit button's text when there is nothing to submit.
EXISTS = "Already submitted"

Words = list[Component | str]


@dataclass(frozen=True)
class Throughput:
    """Files per hour that a phase completes, NaN with the reason where nothing was measured."""

    per_hour: float
    reason: str = ""


def preview_lines(
    groups: int | None, files: int | None, note: str, throughput: Throughput
) -> list[Component]:
    """What a job would process and for how long. None is unknown; `note` says why."""
    lines = [_work(groups, files), _duration(files, throughput), note]
    return [html.Div(line) for line in lines if line]


def existing_lines(job_id: str, status: str, again: bool, groups: int | None) -> list[Component]:
    """The job that already has these parameters, and what can be done about it."""
    lines: list[Component] = [html.Div(submitted_text(job_id, False, status))]
    if again:
        lines.append(html.Div("“Run again” retries its failed tasks only."))
    elif groups and status == "completed":
        was = "was" if groups == 1 else "were"
        added = f"{format_counted(groups, 'group')} {was} added since."
        lines.append(html.Div(f"{added} A job for them needs a different parameter."))
    return lines


def send_label(groups: int | None) -> str:
    """The submit button's text."""
    if groups is None:
        return "Submit"
    return f"Submit {format_counted(groups, 'group')}" if groups else "Submit (nothing to do)"


def submitted_text(job_id: str, created: bool, status: str) -> Words:
    """The result of a submission, with a link to the job."""
    if created:
        return [_link(job_id), " submitted."]
    return [
        _link(job_id),
        f" was already submitted with these parameters ({format_status(status)}).",
    ]


def rerun_text(job_id: str, status: str, tasks: int | None, done: int | None) -> Words:
    """The result of a re-run. tasks and done are None where the platform decides."""
    if tasks is None:
        return [_link(job_id), f" was sent to the platform again ({format_status(status)})."]
    done_text = f"; {format_count(done)} kept" if done else ""
    return [_link(job_id), f": retrying {format_counted(tasks, 'task')}{done_text}."]


def attempt_text(job_id: str, created: bool) -> Words:
    """The result of a run from the start."""
    if created:
        return [_link(job_id), " is the new attempt."]
    return [_link(job_id), " is an attempt that has not ended yet. Nothing was submitted."]


def cancelled_text(done: int, tasks: int) -> str:
    """The result of a cancellation."""
    if not tasks:
        return "Cancelled before its first task."
    return f"Cancelled: {format_count(done)} of {format_counted(tasks, 'task')} were done."


def missing_text(titles: Sequence[str], marked: bool) -> str:
    """What to fill in or fix before a preview is possible."""
    steps = [f"fill in {' and '.join(titles)}"] if titles else []
    steps += ["fix the highlighted fields"] if marked else []
    return f"For a preview, {' and '.join(steps)}."


def _link(job_id: str) -> dcc.Link:
    return dcc.Link(f"Job {short_id(job_id)}", href=job_link(job_id))


def _work(groups: int | None, files: int | None) -> str:
    if groups is None:
        return ""
    if groups == 0:
        return "Nothing left to do with these parameters."
    return (
        f"{format_counted(groups, 'group')} with {format_counted(files or 0, 'file')} to process."
    )


def _duration(files: int | None, throughput: Throughput) -> str:
    if not files:
        return ""
    if unknown(throughput.per_hour):
        return f"Expected duration: unknown, {throughput.reason}."
    seconds = files / throughput.per_hour * HOUR
    rate = format_rate(throughput.per_hour)
    return f"Expected duration: {format_duration(seconds)} at the current rate of {rate}."
