"""Reads the pipeline files into a registry."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from pipelines.models import Pipeline, SubmitAction

BUILT_IN = Path(__file__).resolve().parent


class RegistryError(Exception):
    """A pipeline file is wrong: the message names the file, the place and what was expected."""


class Registry(Mapping[str, Pipeline]):
    """The pipelines by id, in the order of their files' names.

    replaced: for each built-in pipeline that another file replaces, that file.
    """

    def __init__(
        self, pipelines: Mapping[str, Pipeline], replaced: Mapping[str, Path] | None = None
    ) -> None:
        self._pipelines = dict(pipelines)
        self.replaced = dict(replaced or {})

    def __getitem__(self, pipeline_id: str) -> Pipeline:
        return self._pipelines[pipeline_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._pipelines)

    def __len__(self) -> int:
        return len(self._pipelines)

    def of_job_type(self, job_type: str) -> Pipeline | None:
        """The pipeline that a job type belongs to, or none."""
        return next((p for p in self.values() if job_type in p.job_types), None)

    def action(self, job_type: str) -> SubmitAction | None:
        """The submit action for a job type, or none."""
        pipeline = self.of_job_type(job_type)
        return pipeline.action(job_type) if pipeline else None


def load_registry(further: Path | None = None) -> Registry:
    """The built-in pipelines and those of a user's own folder, whose files replace those of the
    same name.

    Two pipelines may share an `etl_type`: two ways to process the same files, each with its own
    jobs. Raises RegistryError for a mistake in a file, a missing folder, or a job type that two
    pipelines list: nobody could say whose its jobs are.
    """
    if further is not None and not further.is_dir():
        raise RegistryError(f"PIPELINES_DIR {further}: expected a folder with *.toml files")
    built_in, own = _files(BUILT_IN), _files(further) if further else {}
    registry: dict[str, Pipeline] = {}
    for path in {**built_in, **own}.values():
        pipeline = read_pipeline(path)
        _check_distinct(path, pipeline, registry)
        registry[pipeline.id] = pipeline
    replaced = {name: path for name, path in own.items() if name in built_in}
    return Registry(registry, replaced)


def _files(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def read_pipeline(path: Path) -> Pipeline:
    """One pipeline file. Raises RegistryError with the place of each mistake."""
    try:
        entry = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RegistryError(f"{path}: not valid TOML: {error}") from error
    if "id" in entry:
        raise RegistryError(f"{path}: id: the file's name is the id; expected no such key")
    try:
        return Pipeline.model_validate({"id": path.stem, **entry})
    except ValidationError as error:
        raise RegistryError(_mistakes(path, error)) from error


def _mistakes(path: Path, error: ValidationError) -> str:
    lines = []
    for mistake in error.errors():
        place = ".".join(str(part) for part in mistake["loc"]) or "pipeline"
        message = mistake["msg"].removeprefix("Value error, ")
        lines.append(f"{path}: {place}: {message}")
    return "\n".join(lines)


def _check_distinct(path: Path, pipeline: Pipeline, registry: Mapping[str, Pipeline]) -> None:
    for other in registry.values():
        shared = next((kind for kind in pipeline.job_types if kind in other.job_types), None)
        if shared is not None:
            raise RegistryError(
                f"{path}: job_types: '{shared}' belongs to pipeline '{other.id}' already; "
                "expected one of its own"
            )
