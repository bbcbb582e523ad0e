"""The job types of this project, as the runner loads them."""

from __future__ import annotations

from jobs.catalog import load_job_types

JOB_TYPES = load_job_types()
