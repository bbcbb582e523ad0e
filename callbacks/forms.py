"""What a filled-in submit form comes to: a preview, a job, or mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.cancel import CancelError
from jobs.rerun import RerunError
from jobs.submission import SubmissionError, Submitter
from layouts.preview import (
    KNOWN,
    Pace,
    asked_for,
    foretold,
    known,
    send_label,
    told,
    told_again,
    told_attempt,
    told_cancelled,
)
from layouts.submit import given, unreadable
from pipelines.models import Parameter, SubmitAction
from pipelines.parameters import ParameterErrors, check_parameters


@dataclass(frozen=True)
class Form:
    """An action and what its fields hold, by their names."""

    action: SubmitAction
    values: Mapping[str, Any]

    def parameters(self) -> dict[str, Any]:
        """The parameters that the fields hold. Raises ParameterErrors with all mistakes."""
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
class Foretold:
    """What a form says before it is submitted.

    words, label: the preview and the submit button's text; mistakes: by parameter, "" for none;
    job_id: the job that exists already; again: whether it can be run again.
    """

    words: Any
    label: str
    mistakes: Mapping[str, str] = field(default_factory=dict)
    job_id: str | None = None
    again: bool = False


def preview(submitter: Submitter, form: Form, pace: Pace) -> Foretold:
    """What submitting the form would do, at the phase's pace."""
    marks = dict.fromkeys(_settled(form), "")
    try:
        found = submitter.preview(form.action.job_type, form.parameters())
    except ParameterErrors as errors:
        return _not_yet(form, errors.messages, marks)
    except SubmissionError as error:
        return Foretold(str(error), send_label(None), marks)
    scope, existing = found.scope, found.existing
    if existing is None:
        words = foretold(scope.groups, scope.files, scope.note, pace)
        return Foretold(words, send_label(scope.groups), marks)
    words = known(existing.job_id, existing.status, existing.again, scope.groups)
    return Foretold(words, KNOWN, marks, existing.job_id, existing.again)


def submit(submitter: Submitter, form: Form) -> tuple[dict[str, str], Any]:
    """Submits what a form holds: the mistakes by parameter, and what to tell below the form."""
    try:
        submission = submitter.submit(form.action.job_type, form.parameters())
    except ParameterErrors as errors:
        return errors.messages, "Nothing was submitted: mend what is marked above."
    except SubmissionError as error:
        return {}, str(error)
    return {}, told(submission.job_id, submission.created, submission.status)


def again(submitter: Submitter, job_id: str) -> Any:
    """Runs a job again: what to tell below the form."""
    try:
        rerun = submitter.rerun(job_id)
    except (RerunError, SubmissionError) as error:
        return str(error)
    return told_again(rerun.job_id, rerun.status, rerun.tasks, rerun.done)


def from_start(submitter: Submitter, job_id: str) -> Any:
    """Makes a new attempt at a job: what to tell beside the button."""
    try:
        attempt = submitter.run_from_start(job_id)
    except (RerunError, SubmissionError) as error:
        return str(error)
    return told_attempt(attempt.job_id, attempt.created)


def cancel(submitter: Submitter, job_id: str) -> str:
    """Cancels a job: what to tell beside the button."""
    try:
        cancelled = submitter.cancel(job_id)
    except (RerunError, CancelError, SubmissionError) as error:
        return str(error)
    return told_cancelled(cancelled.done, cancelled.tasks)


def _settled(form: Form) -> list[str]:
    """The parameters that may be blamed: not those that are still to be filled in."""
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


def _not_yet(form: Form, mistakes: Mapping[str, str], marks: Mapping[str, str]) -> Foretold:
    marked = {name: text for name, text in mistakes.items() if name in marks}
    titles = {parameter.name: parameter.title for parameter in form.action.parameters}
    empty = [titles.get(name, name) for name in mistakes if name not in marked]
    words = asked_for(empty, bool(marked))
    return Foretold(words, send_label(None), {**marks, **marked})
