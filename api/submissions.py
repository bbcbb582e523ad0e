"""Submits jobs, with the platform's own contract, runs ended ones again and cancels others.

`POST /api/jobs/submit/{job_type}`, `POST /api/jobs/rerun/{job_id}`,
`POST /api/jobs/cancel/{job_id}`.
"""

from __future__ import annotations

from http import HTTPStatus

import orjson
from flask import Blueprint, Response, request

from api.problems import problem
from jobs.cancel import CancelError
from jobs.platform import Refused
from jobs.rerun import NoSuchJob, RerunError
from jobs.submission import SubmissionError, Submitter
from pipelines.parameters import ParameterErrors
from pipelines.registry import Registry


def submissions(registry: Registry, submitter: Submitter) -> Blueprint:
    """The blueprint of the submissions."""
    blueprint = Blueprint("submissions", __name__)

    @blueprint.post("/api/jobs/submit/<job_type>")
    def submit_job(job_type: str) -> Response:
        if registry.action(job_type) is None:
            detail = f"No pipeline has a submit action for job type '{job_type}'"
            return problem(HTTPStatus.NOT_FOUND, detail)
        return _no_json("Send the parameters as a JSON object") or _submitted(submitter, job_type)

    @blueprint.post("/api/jobs/rerun/<path:job_id>")
    def rerun_job(job_id: str) -> Response:
        expected = 'Send {} or {"from_start": true}'
        return _no_json(expected) or _rerun(submitter, job_id, expected)

    @blueprint.post("/api/jobs/cancel/<path:job_id>")
    def cancel_job(job_id: str) -> Response:
        return _no_json("Send an empty JSON object") or _cancel(submitter, job_id)

    return blueprint


def _no_json(expected: str) -> Response | None:
    # A form of another site can't send JSON without asking first, so that nobody submits a job by
    # opening a page of theirs.
    if request.is_json:
        return None
    detail = f"{expected}, with Content-Type: application/json"
    return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)


def _submitted(submitter: Submitter, job_type: str) -> Response:
    parameters = request.get_json(silent=True)
    if not isinstance(parameters, dict):
        return _refused("The body is not a JSON object of parameters", {})
    try:
        submission = submitter.submit(job_type, parameters)
    except ParameterErrors as errors:
        return _refused(str(errors), errors.messages)
    except SubmissionError as error:
        return _not_submitted(error)
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
    try:
        rerun = submitter.run_from_start(job_id) if from_start else submitter.rerun(job_id)
    except NoSuchJob as error:
        return problem(HTTPStatus.NOT_FOUND, str(error))
    except RerunError as error:
        return problem(HTTPStatus.CONFLICT, str(error))
    except SubmissionError as error:
        return _not_submitted(error)
    body = {"job_id": rerun.job_id, "status": rerun.status}
    return Response(orjson.dumps(body), mimetype="application/json")


def _cancel(submitter: Submitter, job_id: str) -> Response:
    try:
        cancelled = submitter.cancel(job_id)
    except NoSuchJob as error:
        return problem(HTTPStatus.NOT_FOUND, str(error))
    except CancelError as error:
        return problem(HTTPStatus.CONFLICT, str(error))
    except SubmissionError as error:
        return _not_submitted(error)
    body = {"job_id": cancelled.job_id, "status": cancelled.status}
    return Response(orjson.dumps(body), mimetype="application/json")


def _not_submitted(error: SubmissionError) -> Response:
    """What the platform refuses as the client's mistake is that here too."""
    if not isinstance(error, Refused):
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
    mistaken = error.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
    return problem(HTTPStatus(error.status) if mistaken else HTTPStatus.BAD_GATEWAY, str(error))


def _refused(message: str, messages: dict[str, str]) -> Response:
    """Problem details with the platform's members beside them: error, message."""
    members = {"error": "invalid_parameters", "message": message, "parameters": messages}
    return problem(HTTPStatus.BAD_REQUEST, message, **members)
