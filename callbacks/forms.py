"""A filled-in submit form: its preview, its job, or its mistakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from jobs.submission import Submitter
from layouts.preview import (
    EXISTS,
    Throughput,
    attempt_text,
    cancelled_text,
    existing_lines,
    missing_text,
    preview_lines,
    rerun_text,
    send_label,
    submitted_text,
)
from layouts.submit import given, unreadable
from pipelines.errors import MonitorError
from pipelines.models import Parameter, SubmitAction
from pipelines.parameters import ParameterErrors, check_parameters


@dataclass(frozen=True)
class FilledForm:
    """An action and the values of its fields, by name."""

    action: SubmitAction
    values: Mapping[str, Any]

    def parameters(self) -> dict[str, Any]:
        """The parameters of the fields. Raises ParameterErrors with all mistakes."""
        parameters = given(self.action, self.values)
        mistakes = unreadable(self.action, self.values)
        try:
            check_parameters(self.action, parameters)
        except ParameterErrors as errors:
            mistakes = {**errors.messages, **mistakes}
        if mistakes:
            raise ParameterErrors(mistakes)
        return parameters


@dataclass(frozen=True)
class FormPreview:
    """What a form shows before it is submitted.

    words, label: the preview and the submit button's text; mistakes: by parameter, "" for none;
    job_id: the job that already has these parameters; again: whether it can be re-run.
    """

    words: Any
    label: str
    mistakes: Mapping[str, str] = field(default_factory=dict)
    job_id: str | None = None
    again: bool = False


def preview_form(submitter: Submitter, form: FilledForm, throughput: Throughput) -> FormPreview:
    """What submitting the form would do, at the phase's throughput."""
    marks = dict.fromkeys(_settled(form), "")
    try:
        found = submitter.preview(form.action.job_type, form.parameters())
    except ParameterErrors as errors:
        return _not_yet(form, errors.messages, marks)
    except MonitorError as error:
        return FormPreview(str(error), send_label(None), marks)
    scope, existing = found.scope, found.existing
    if existing is None:
        words = preview_lines(scope.groups, scope.files, scope.note, throughput)
        return FormPreview(words, send_label(scope.groups), marks)
    words = existing_lines(existing.job_id, existing.status, existing.again, scope.groups)
    return FormPreview(words, EXISTS, marks, existing.job_id, existing.again)


def submit_form(submitter: Submitter, form: FilledForm) -> tuple[dict[str, str], Any]:
    """Submits a form: the mistakes by parameter, and the text below the form."""
    try:
        submission = submitter.submit(form.action.job_type, form.parameters())
    except ParameterErrors as errors:
        return errors.messages, "Nothing was submitted: fix the highlighted fields."
    except MonitorError as error:
        return {}, str(error)
    return {}, submitted_text(submission.job_id, submission.created, submission.status)


def _or_why_not(act: Callable[[Submitter, str], Any]) -> Callable[[Submitter, str], Any]:
    """What `act` gives, or the text of the error that it raises."""

    @wraps(act)
    def acted(submitter: Submitter, job_id: str) -> Any:
        try:
            return act(submitter, job_id)
        except MonitorError as error:
            return str(error)

    return acted


@_or_why_not
def rerun_job(submitter: Submitter, job_id: str) -> Any:
    """Runs a job again: the text below the form."""
    rerun = submitter.rerun(job_id)
    return rerun_text(rerun.job_id, rerun.status, rerun.tasks, rerun.done)


@_or_why_not
def run_from_start(submitter: Submitter, job_id: str) -> Any:
    """Starts a new attempt at a job: the text beside the button."""
    attempt = submitter.run_from_start(job_id)
    return attempt_text(attempt.job_id, attempt.created)


@_or_why_not
def cancel_job(submitter: Submitter, job_id: str) -> Any:
    """Cancels a job: the text beside the button."""
    cancelled = submitter.cancel(job_id)
    return cancelled_text(cancelled.done, cancelled.tasks)


def _settled(form: FilledForm) -> list[str]:
    """The parameters whose mistakes are shown: not those that are still to be filled in."""
    parameters = given(form.action, form.values)
    return [
        parameter.name
        for parameter in form.action.parameters
        if not _awaited(parameter, parameters[parameter.name])
    ]


def _awaited(parameter: Parameter, value: Any) -> bool:
    if parameter.type == "bbox" and value:
        return None in value
    return parameter.required and value in (None, "", [])


def _not_yet(
    form: FilledForm, mistakes: Mapping[str, str], marks: Mapping[str, str]
) -> FormPreview:
    marked = {name: text for name, text in mistakes.items() if name in marks}
    titles = {parameter.name: parameter.title for parameter in form.action.parameters}
    empty = [titles.get(name, name) for name in mistakes if name not in marked]
    words = missing_text(empty, bool(marked))
    return FormPreview(words, send_label(None), {**marks, **marked})
