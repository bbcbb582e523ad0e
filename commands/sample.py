"""`python app.py sample`: writes the sample. On a first start, its first jobs are submitted too."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import Engine, text

from jobs.catalog import load_job_types
from jobs.runner_queue import queue_job
from jobs.sample import FIRST_JOBS, sample_size, write_sample
from pipelines.parameters import check_parameters
from pipelines.registry import Registry
from settings import Settings


def prepare_sample(settings: Settings) -> None:
    """Writes the sample into the workspace, with a progress bar; keeps existing files."""
    with click.progressbar(
        length=sample_size(), label="Writing the sample's GeoTIFFs", show_pos=True
    ) as bar:
        write_sample(Path(settings.storage_root), settings.sample_pixels, bar.update)


def submit_first_jobs(engine: Engine, registry: Registry) -> None:
    """Submits the sample's first jobs if there are no jobs; skips those of replaced pipelines."""
    with engine.begin() as connection:
        if connection.execute(text("SELECT EXISTS (SELECT FROM app.jobs)")).scalar_one():
            return
        job_types, submitted = load_job_types(), dict[str, str]()
        for name, (job_type, given, first) in FIRST_JOBS.items():
            action = registry.action(job_type)
            if action is not None:
                checked, depends_on = check_parameters(action, given), submitted.get(first or "")
                job = queue_job(connection, job_types[job_type], checked, depends_on=depends_on)
                submitted[name] = job.job_id
