"""Reads the pipeline files into a registry."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from pipelines.errors import MonitorError
from pipelines.models import Pipeline, SubmitAction

BUILT_IN = Path(__file__).resolve().parent


class RegistryError(MonitorError):
    """A pipeline file is invalid; the message names the file, the place and what was expected."""


class Registry(Mapping[str, Pipeline]):
    """The pipelines by id, ordered by file name, built-in ones first.

    replaced: the files that replace built-in pipelines, by pipeline id.
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
        """The pipeline that a job type belongs to, or None."""
        return next((p for p in self.values() if job_type in p.job_types), None)

    def notes(self) -> list[str]:
        """Messages to print at startup: replaced pipelines, and pipelines that share files."""
        replaced = [
            f"Pipeline '{name}' is read from {path} instead of the built-in file."
            for name, path in self.replaced.items()
        ]
        sharing: dict[str, list[str]] = {}
        for pipeline in self.values():
            sharing.setdefault(pipeline.etl_type, []).append(pipeline.id)
        shared = [
            f"Pipelines {' and '.join(ids)} process the same files (etl_type '{etl_type}')."
            for etl_type, ids in sharing.items()
            if len(ids) > 1
        ]
        return replaced + shared

    def action(self, job_type: str) -> SubmitAction | None:
        """The submit action for a job type, or None."""
        pipeline = self.of_job_type(job_type)
        return pipeline.action(job_type) if pipeline else None


def load_registry(further: Path | None = None, *, built_in: bool = True) -> Registry:
    """Loads the built-in pipelines, unless excluded, and those of the folder `further`.

    A file in the folder replaces the built-in file of the same name. Pipelines may share an
    `etl_type`, to process the same files with different jobs. Raises RegistryError for an invalid
    file, a missing folder, no pipeline at all, or a job type in two pipelines, because its jobs
    would be ambiguous.
    """
    if further is not None and not further.is_dir():
        raise RegistryError(f"PIPELINES_DIR {further}: expected a folder with *.toml files")
    ours, own = _files(BUILT_IN) if built_in else {}, _files(further) if further else {}
    if not ours and not own:
        place = f"PIPELINES_DIR ({further}) has no *.toml file" if further else "BUILT_IN is false"
        raise RegistryError(f"There is no pipeline: {place}; add one to a folder of PIPELINES_DIR")
    registry: dict[str, Pipeline] = {}
    for path in {**ours, **own}.values():
        pipeline = read_pipeline(path)
        _check_distinct(path, pipeline, registry)
        registry[pipeline.id] = pipeline
    replaced = {name: path for name, path in own.items() if name in ours}
    return Registry(registry, replaced)


def _files(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def read_pipeline(path: Path) -> Pipeline:
    """Reads one pipeline file. Raises RegistryError with the place of each error."""
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
