"""`POST /api/jobs/submit/{job_type}`: submits a job, with the platform's own contract."""

from __future__ import annotations

from http import HTTPStatus

import orjson
from flask import Blueprint, Response, request

from api.problems import problem
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
        # A form of another site can't send JSON without asking first, so that nobody submits a job
        # by opening a page of theirs.
        if not request.is_json:
            detail = "Send the parameters as a JSON object, with Content-Type: application/json"
            return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
        parameters = request.get_json(silent=True)
        if not isinstance(parameters, dict):
            return _refused("The body is no JSON object of parameters", {})
        try:
            submission = submitter.submit(job_type, parameters)
        except ParameterErrors as errors:
            return _refused(str(errors), errors.messages)
        except SubmissionError as error:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        body = {"job_id": submission.job_id, "status": submission.status}
        return Response(
            orjson.dumps({**body, "created": submission.created}), mimetype="application/json"
        )

    return blueprint


def _refused(message: str, messages: dict[str, str]) -> Response:
    """Problem details with the platform's members beside them: error, message."""
    members = {"error": "invalid_parameters", "message": message, "parameters": messages}
    return problem(HTTPStatus.BAD_REQUEST, message, **members)
