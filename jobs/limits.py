"""Applies the time limits of pipeline files to stages and job types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from jobs.stages import JobType, Stage
from pipelines.registry import Registry


def with_limits(job_types: Mapping[str, JobType], registry: Registry) -> dict[str, JobType]:
    """The job types with the registry's time limits, in seconds, where it sets any."""
    phases = [phase for pipeline in registry.values() for phase in pipeline.phases]
    actions = [action for pipeline in registry.values() for action in pipeline.submit_actions]
    of_tasks = {phase.task_type: phase.time_limit for phase in phases if phase.time_limit}
    of_jobs = {action.job_type: action.time_limit for action in actions if action.time_limit}

    def limited(stage: Stage) -> Stage:
        return replace(stage, time_limit=of_tasks.get(stage.task_type, stage.time_limit))

    return {
        name: replace(
            kind,
            stages=tuple(map(limited, kind.stages)),
            time_limit=of_jobs.get(name, kind.time_limit),
        )
        for name, kind in job_types.items()
    }
