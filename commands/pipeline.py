"""`python app.py pipeline new|check`: creates the files of a new pipeline, and checks one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Template

import click
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from database.engine import error_message, open_engine
from database.rollups.definition import column_types
from database.tables import grouping_value, source_files
from jobs.catalog import load_job_types
from jobs.stages import JobType
from pipelines.models import Grouping, Phase, Pipeline
from pipelines.registry import read_pipeline
from settings import Settings

TEMPLATES = Path(__file__).with_name("new_pipeline")
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
# The maximum number of files in which to look for values of a grouping.
LOOKED_AT = 100_000


def new_pipeline(name: str, folder: Path) -> list[Path]:
    """Writes a pipeline file and a module with its job types. Returns the files.

    Raises ClickException, and writes nothing, if the name is invalid or a file already exists.
    """
    if not NAME.fullmatch(name):
        raise click.ClickException(
            f"'{name}' is not a valid pipeline name; use a-z, 0-9 and _, start with a letter, "
            "at most 40 characters"
        )
    module = f"{name}_jobs.py"
    files = {folder / f"{name}.toml": "pipeline.toml.txt", folder / module: "jobs.py.txt"}
    for file in files:
        if file.exists():
            raise click.ClickException(f"{file} already exists; nothing was written")
    words = name.replace("_", " ")
    values = {
        "id": name,
        "title": words[:1].upper() + words[1:],
        "module": module,
        "folder": name.replace("_", "-"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for file, template in files.items():
        content = Template((TEMPLATES / template).read_text(encoding="utf-8")).substitute(values)
        file.write_text(content, encoding="utf-8")
    return list(files)


def check_pipeline(settings: Settings, path: Path) -> Iterator[tuple[bool, str]]:
    """Checks a pipeline file against job types and database. Yields (is it right, what).

    Raises RegistryError for an invalid pipeline file, and CatalogError for job types that can't be
    loaded.
    """
    pipeline = read_pipeline(path)
    yield True, f"{path} describes pipeline '{pipeline.id}': {_phases(pipeline)}"
    yield from _job_types(pipeline, load_job_types(settings.jobs_module), settings.runs_jobs)
    if settings.database_url is None:
        yield True, "DATABASE_URL is not set: the embedded database gets the columns by itself"
        return
    engine = open_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            yield from _tables(connection, pipeline, settings.runs_jobs)
    except DBAPIError as error:
        yield False, f"the database can't be asked: {error_message(error)}"
    finally:
        engine.dispose()


def _phases(pipeline: Pipeline) -> str:
    return ", ".join(phase.name for phase in pipeline.phases)


def _job_types(
    pipeline: Pipeline, job_types: dict[str, JobType], runs_jobs: bool
) -> Iterator[tuple[bool, str]]:
    for name in pipeline.job_types:
        if name in job_types:
            yield True, f"job type '{name}': {', '.join(s.name for s in job_types[name].stages)}"
        elif runs_jobs:
            known = ", ".join(sorted(job_types))
            yield False, f"job type '{name}' is not installed, nor in JOBS_MODULE; known: {known}"
        else:
            yield True, f"job type '{name}' is left to the platform"
    tasks = {s.task_type for n in pipeline.job_types if n in job_types for s in job_types[n].stages}
    for phase in pipeline.phases:
        if tasks and phase.task_type and phase.task_type not in tasks:
            expected = ", ".join(sorted(tasks))
            what = f"phase '{phase.id}': no stage has task_type '{phase.task_type}'"
            yield False, f"{what}; expected one of: {expected}"


def _tables(connection: Connection, pipeline: Pipeline, writes: bool) -> Iterator[tuple[bool, str]]:
    types = column_types(connection, "etl_source_files")
    if not types:
        yield False, "there is no table app.etl_source_files, or this role may not see it"
        return
    missing = [name for name in _columns(pipeline, writes) if name not in types]
    if missing:
        yield False, f"app.etl_source_files has no column {', '.join(missing)}; add or rename"
        return
    yield True, f"app.etl_source_files has the columns: {', '.join(_columns(pipeline, writes))}"
    files = source_files(pipeline)
    grouped = {one.field for one in pipeline.groupings if one.source == "column"}
    looked_at = (files.c[name] for name in ("source_metadata", *sorted(grouped)))
    of_type = select(*looked_at).where(files.c.etl_type == pipeline.etl_type)
    own = of_type.limit(LOOKED_AT).subquery()
    count = connection.execute(select(func.count()).select_from(own)).scalar_one()
    more = " at least" if count == LOOKED_AT else ""
    yield count > 0, f"there are{more} {count:,} files with etl_type '{pipeline.etl_type}'"
    for grouping in pipeline.groupings if count else ():
        found = connection.scalars(
            select(grouping_value(own, grouping).label("value"))
            .where(grouping_value(own, grouping).is_not(None))
            .distinct()
            .limit(5)
        ).all()
        yield bool(found), _occurrence(grouping, [str(value) for value in found])


def _occurrence(grouping: Grouping, values: list[str]) -> str:
    if values:
        return f"grouping '{grouping.field}' occurs, e.g. {', '.join(sorted(values))}"
    return f"grouping '{grouping.field}': no file has a value in {grouping.source}"


def _columns(pipeline: Pipeline, writes: bool) -> list[str]:
    """The columns that are read and, with `writes`, those that this project's runner writes."""
    names = {grouping.field for grouping in pipeline.groupings if grouping.source == "column"}
    for phase in pipeline.phases:
        names |= _columns_of(phase, writes)
    return sorted(names)


def _columns_of(phase: Phase, writes: bool) -> set[str]:
    read = {phase.completed_field, *([phase.group_key] if phase.group_key else [])}
    return read | ({phase.output_column, phase.job_column} if writes and phase.job_type else set())
