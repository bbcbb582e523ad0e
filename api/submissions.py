"""Submits jobs, with the platform's own contract, runs ended ones again and cancels others.

`POST /api/jobs/submit/{job_type}`, `POST /api/jobs/rerun/{job_id}`,
`POST /api/jobs/cancel/{job_id}`.
"""

from __future__ import annotations

from http import HTTPStatus

import orjson
from flask import Blueprint, Response, request

from access.actor import NotAllowed
from access.audit import NotRecorded
from access.guard import current_actor
from api.problems import Problem, problem, problem_response
from jobs.actions import Actions
from jobs.cancel import CancelError
from jobs.platform import Refused
from jobs.rerun import NoSuchJob, RerunError
from jobs.submission import FilesRefused, SubmissionError, Submitter
from pipelines.errors import MonitorError
from pipelines.parameters import ParameterErrors
from pipelines.registry import Registry


def submissions(registry: Registry, actions: Actions) -> Blueprint:
    """The blueprint of the submissions."""
    blueprint = Blueprint("submissions", __name__)
    register_error_handlers(blueprint)

    @blueprint.post("/api/jobs/submit/<job_type>")
    def submit_job(job_type: str) -> Response:
        if registry.action(job_type) is None:
            detail = f"No pipeline has a submit action for job type '{job_type}'"
            return problem(HTTPStatus.NOT_FOUND, detail)
        require_json("Send the parameters as a JSON object")
        return _submitted(actions.by(current_actor()), job_type)

    @blueprint.post("/api/jobs/rerun/<path:job_id>")
    def rerun_job(job_id: str) -> Response:
        expected = 'Send {} or {"from_start": true}'
        require_json(expected)
        return _rerun(actions.by(current_actor()), job_id, expected)

    @blueprint.post("/api/jobs/cancel/<path:job_id>")
    def cancel_job(job_id: str) -> Response:
        require_json("Send an empty JSON object")
        return _cancel(actions.by(current_actor()), job_id)

    return blueprint


def require_json(expected: str) -> None:
    """Raises Problem for a body that is not said to be JSON.

    A form of another site can't send JSON without asking first, so that nobody submits a job by
    opening a page of theirs.
    """
    if not request.is_json:
        detail = f"{expected}, with Content-Type: application/json"
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)


def _submitted(submitter: Submitter, job_type: str) -> Response:
    parameters = request.get_json(silent=True)
    if not isinstance(parameters, dict):
        return _refused("The body is not a JSON object of parameters", {})
    submission = submitter.submit(job_type, parameters)
    body = {"job_id": submission.job_id, "status": submission.status}
    return Response(
        orjson.dumps({**body, "created": submission.created}), mimetype="application/json"
    )


def _rerun(submitter: Submitter, job_id: str, expected: str) -> Response:
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict) or asked.keys() - {"from_start"}:
        return problem(HTTPStatus.BAD_REQUEST, expected)
    from_start = asked.get("from_start", False)
    if not isinstance(from_start, bool):
        return problem(HTTPStatus.BAD_REQUEST, expected)
    rerun = submitter.run_from_start(job_id) if from_start else submitter.rerun(job_id)
    body = {"job_id": rerun.job_id, "status": rerun.status}
    return Response(orjson.dumps(body), mimetype="application/json")


def _cancel(submitter: Submitter, job_id: str) -> Response:
    cancelled = submitter.cancel(job_id)
    body = {"job_id": cancelled.job_id, "status": cancelled.status}
    return Response(orjson.dumps(body), mimetype="application/json")


STATUSES: dict[type[MonitorError], HTTPStatus] = {
    NotAllowed: HTTPStatus.FORBIDDEN,
    NotRecorded: HTTPStatus.SERVICE_UNAVAILABLE,
    NoSuchJob: HTTPStatus.NOT_FOUND,
    RerunError: HTTPStatus.CONFLICT,
    CancelError: HTTPStatus.CONFLICT,
    FilesRefused: HTTPStatus.CONFLICT,
    SubmissionError: HTTPStatus.SERVICE_UNAVAILABLE,
    Refused: HTTPStatus.BAD_GATEWAY,
}
# What the platform refuses as the client's mistake is that here too.
PASSED_ON = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)


def _not_done(error: MonitorError) -> Response:
    """Why nothing was changed."""
    if isinstance(error, Refused) and error.status in PASSED_ON:
        return problem(HTTPStatus(error.status), str(error))
    status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    return problem(status, str(error))


def register_error_handlers(blueprint: Blueprint) -> None:
    """Makes a problem of each error that says why nothing was changed."""
    blueprint.register_error_handler(Problem, problem_response)
    blueprint.register_error_handler(ParameterErrors, _mistaken)
    for kind in STATUSES:
        blueprint.register_error_handler(kind, _not_done)


def _mistaken(errors: ParameterErrors) -> Response:
    return _refused(str(errors), errors.messages)


def _refused(message: str, messages: dict[str, str]) -> Response:
    """Problem details with the platform's members beside them: error, message."""
    members = {"error": "invalid_parameters", "message": message, "parameters": messages}
    return problem(HTTPStatus.BAD_REQUEST, message, **members)
