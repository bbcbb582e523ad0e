"""What submitting would do, and what came of it, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dash import dcc, html
from dash.development.base_component import Component

from layouts.formats import format_count, format_duration, format_rate, short_id, unknown
from layouts.links import job_link
from layouts.statuses import format_status

HOUR = 3600
# What the submit button says when there is nothing to submit.
KNOWN = "Exists already"

Words = list[Component | str]


@dataclass(frozen=True)
class Pace:
    """Files an hour that a phase completes, NaN with the reason where nothing was measured."""

    per_hour: float
    reason: str = ""


def foretold(groups: int | None, files: int | None, note: str, pace: Pace) -> list[Component]:
    """What a job would work on and for how long; None where nobody knows, which `note` says."""
    lines = [_work(groups, files), _duration(files, pace), note]
    return [html.Div(line) for line in lines if line]


def known(job_id: str, status: str, again: bool, groups: int | None) -> list[Component]:
    """The job that exists already with these parameters, and what can be done about it."""
    lines: list[Component] = [html.Div(told(job_id, False, status))]
    if again:
        lines.append(html.Div("“Run again” does what failed in it, and nothing else."))
    elif groups and status == "completed":
        left = f"{_counted(groups, 'group')} came since: a job for them needs another parameter."
        lines.append(html.Div(left))
    return lines


def send_label(groups: int | None) -> str:
    """What the submit button says that it submits."""
    if groups is None:
        return "Submit"
    return f"Submit {_counted(groups, 'group')}" if groups else "Submit (nothing to do)"


def told(job_id: str, created: bool, status: str) -> Words:
    """What a submission came to, with a link to the job."""
    if created:
        return [_link(job_id), " submitted."]
    return [_link(job_id), f" with these parameters exists already ({format_status(status)})."]


def told_again(job_id: str, status: str, tasks: int | None, done: int | None) -> Words:
    """What running a job again came to; tasks and done are None where the platform decides."""
    if tasks is None:
        return [_link(job_id), f" was sent to the platform again ({format_status(status)})."]
    stay = f"; {format_count(done)} stay done" if done else ""
    return [_link(job_id), f" is run again: {_counted(tasks, 'task')} to do{stay}."]


def told_attempt(job_id: str, created: bool) -> Words:
    """What running a job from the start came to."""
    if created:
        return [_link(job_id), " is the new attempt."]
    return [_link(job_id), " is an attempt that has not ended yet; nothing was submitted."]


def told_cancelled(done: int, tasks: int) -> str:
    """What cancelling a job came to."""
    if not tasks:
        return "Cancelled before its first task."
    return f"Cancelled: {format_count(done)} of {_counted(tasks, 'task')} were done."


def asked_for(titles: Sequence[str], marked: bool) -> str:
    """What has to be filled in or mended before anybody can say what the job would do."""
    steps = [f"fill in {' and '.join(titles)}"] if titles else []
    steps += ["mend what is marked"] if marked else []
    return f"To see what this job would do, {' and '.join(steps)}."


def _link(job_id: str) -> dcc.Link:
    return dcc.Link(f"Job {short_id(job_id)}", href=job_link(job_id))


def _counted(number: int, what: str) -> str:
    return f"{format_count(number)} {what}" + ("" if number == 1 else "s")


def _work(groups: int | None, files: int | None) -> str:
    if groups is None:
        return ""
    if groups == 0:
        return "Nothing is left to do with these parameters."
    return f"{_counted(groups, 'group')} with {_counted(files or 0, 'file')} would be worked on."


def _duration(files: int | None, pace: Pace) -> str:
    if not files:
        return ""
    if unknown(pace.per_hour):
        return f"Expected duration: no rate yet: {pace.reason}."
    seconds = files / pace.per_hour * HOUR
    rate = format_rate(pace.per_hour)
    return f"Expected duration: {format_duration(seconds)} at {rate}, the rate of now."
