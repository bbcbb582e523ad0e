"""What this project's runner has: its job types, and a storage for tests that read no file."""

from __future__ import annotations

from jobs.catalog import load_job_types
from jobs.storage import Storage

JOB_TYPES = load_job_types()
STORAGE = Storage("/nowhere")
