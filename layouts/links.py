"""The addresses of the pages."""

from __future__ import annotations

from urllib.parse import urlencode

SELECTOR = "/"
PIPELINE = "/api/interface/pipeline"
MONITOR = "/api/interface/tasks"


def pipeline_link(pipeline_id: str) -> str:
    """Address of a pipeline's page."""
    return f"{PIPELINE}?{urlencode({'type': pipeline_id})}"


def job_link(job_id: str) -> str:
    """Address of a job's monitor."""
    return f"{MONITOR}?{urlencode({'job_id': job_id})}"
