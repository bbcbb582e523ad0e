"""`python app.py sample`: writes the sample, and submits the jobs of a first start."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy import Engine, text

from jobs.catalog import load_job_types
from jobs.runner_queue import queue_job
from jobs.sample import sample_size, write_sample
from pipelines.parameters import check_parameters
from pipelines.registry import Registry
from settings import Settings

INVENTORY, STACK = "inventory_fathom_container", "process_fathom_stack"


def prepare_sample(settings: Settings) -> None:
    """Writes the sample into the workspace, with a progress bar; existing files stay."""
    with click.progressbar(
        length=sample_size(), label="Writing the sample's GeoTIFFs", show_pos=True
    ) as bar:
        write_sample(settings.workspace, settings.sample_pixels, bar.update)


def submit_first_jobs(engine: Engine, registry: Registry) -> None:
    """Submits the inventory of both regions, and phase 1 of `rwa` behind it, if no job was ever."""
    with engine.begin() as connection:
        if connection.execute(text("SELECT EXISTS (SELECT FROM app.jobs)")).scalar_one():
            return

        job_types = load_job_types()

        def submit(job_type: str, given: dict[str, Any], depends_on: str | None = None) -> str:
            action = registry.action(job_type)
            assert action is not None
            checked = check_parameters(action, given)
            return queue_job(connection, job_types[job_type], checked, depends_on=depends_on).job_id

        inventory = submit(INVENTORY, {"base_prefix": "rwa"})
        submit(INVENTORY, {"base_prefix": "civ"})
        submit(STACK, {"region_code": "rwa"}, depends_on=inventory)
