"""The registry's models: frozen, and validated when a pipeline file is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
KeyPath = Annotated[str, StringConstraints(pattern=r"^[^.]+(\.[^.]+)*$", max_length=200)]
ParameterType = Literal["string", "integer", "boolean", "list", "integer_list", "bbox"]


class Entry(BaseModel):
    """A part of a pipeline file; unknown keys are errors, and instances are immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Phase(Entry):
    """One phase: the column with a file's completion time, and optionally how to find its tasks."""

    id: Identifier
    name: Name
    description: str = ""
    completed_field: Identifier
    output_field: Identifier | None = Field(
        None, description="column of the output's path; default: {id}_output_blob"
    )
    job_field: Identifier | None = Field(
        None, description="column of the job that did it; default: {id}_job_id"
    )
    job_type: Identifier | None = None
    task_type: Identifier | None = None
    group_key: Identifier | None = Field(None, description="column of the group's name")
    task_group: KeyPath | None = Field(None, description="the same name in a task's parameters")
    time_limit: float | None = Field(None, gt=0, description="seconds that a task may take")

    @property
    def output_column(self) -> str:
        """The column of the output's path."""
        return self.output_field or f"{self.id}_output_blob"

    @property
    def job_column(self) -> str:
        """The column of the id of the job that completed a file."""
        return self.job_field or f"{self.id}_job_id"

    @property
    def has_tasks(self) -> bool:
        """Whether this phase's tasks can be found; if not, processing and failed are unknown."""
        return bool(self.task_type and self.group_key and self.task_group)


class Grouping(Entry):
    """A dimension of the breakdowns: a key of `source_metadata` (nested: `a.b`) or a column."""

    field: KeyPath
    label: Name
    source: Literal["source_metadata", "column"] = Field("source_metadata", alias="from")
    job_parameters: tuple[str, ...] = Field(
        (), description="parameters of a job that hold its value of this grouping, first one wins"
    )
    group_parameter: KeyPath | None = Field(
        None,
        description="parameter of a task, or else of its job, within whose value a group is meant",
    )


# Which differences in a text's spelling to ignore: none, its case, or slashes at its ends.
Spelling = Literal["as given", "any case", "path"]


class Parameter(Entry):
    """A parameter of a submit action: what the form shows and what the check enforces."""

    name: Identifier
    label: str = ""
    type: ParameterType = "string"
    required: bool = False
    default: Any = None
    minimum: int | None = Field(None, alias="min")
    maximum: int | None = Field(None, alias="max")
    choices: tuple[str | int, ...] = ()
    grouping: str | None = Field(None, description="grouping whose values are suggested")
    spelling: Spelling = "as given"
    help: str = ""

    @property
    def title(self) -> str:
        """The field's label on the form."""
        return self.label or self.name.replace("_", " ").capitalize()


class Location(Entry):
    """Where a job reads or writes: the parameters with the container and the folder in it."""

    container: Identifier
    prefix: Identifier | None = None


class SubmitAction(Entry):
    """A button that submits a job.

    reads, writes: where its job does so. Only containers that these parameters have as defaults or
    choices, in any action of the pipeline, and those of CONTAINERS can be given.
    """

    job_type: Identifier
    label: Name
    icon: str = ""
    phase: Identifier | None = None
    time_limit: float | None = Field(None, gt=0, description="seconds that a job may take")
    parameters: tuple[Parameter, ...] = ()
    reads: tuple[Location, ...] = ()
    writes: tuple[Location, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _once("parameter", (parameter.name for parameter in self.parameters))
        texts = [one.name for one in self.parameters if one.type == "string"]
        for location in self.locations:
            for name in (location.container, location.prefix):
                _known("parameter", name, texts, "reads or writes")
        return self

    @property
    def locations(self) -> tuple[Location, ...]:
        """Where its job reads and writes."""
        return self.reads + self.writes

    @property
    def containers(self) -> frozenset[str]:
        """The containers that its locations have as defaults or choices."""
        names = {location.container for location in self.locations}
        named = [one for one in self.parameters if one.name in names]
        values = {value for one in named for value in (one.default, *one.choices)}
        return frozenset(value for value in values if isinstance(value, str) and value)

    @property
    def defaults(self) -> dict[str, Any]:
        """The default of each parameter that has one."""
        return {one.name: one.default for one in self.parameters if one.default is not None}


class Pipeline(Entry):
    """A pipeline file; `id` is the file's name without its suffix.

    job_types: the types of its jobs; by default those named in its phases and submit actions.
    """

    id: Identifier
    name: Name
    description: str = ""
    etl_type: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    job_types: tuple[Identifier, ...] = ()
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]
    groupings: tuple[Grouping, ...] = ()
    submit_actions: tuple[SubmitAction, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _job_types_by_default(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "job_types" in given:
            return given
        entries = [*_entries(given, "phases"), *_entries(given, "submit_actions")]
        named = [entry["job_type"] for entry in entries if isinstance(entry.get("job_type"), str)]
        return {**given, "job_types": list(dict.fromkeys(named))}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _once("phase", (phase.id for phase in self.phases))
        _once("grouping", (grouping.field for grouping in self.groupings))
        _once("grouping label", (grouping.label for grouping in self.groupings))
        _once("submit action for job type", (action.job_type for action in self.submit_actions))
        for action in self.submit_actions:
            self._check_action(action)
        for phase in self.phases:
            _known("job type", phase.job_type, self.job_types, f"phase '{phase.id}'")
        if len([grouping for grouping in self.groupings if grouping.group_parameter]) > 1:
            raise ValueError("two groupings have a group_parameter; expected at most one")
        return self

    def _check_action(self, action: SubmitAction) -> None:
        place = f"submit action '{action.label}'"
        _known("job type", action.job_type, self.job_types, place)
        _known("phase", action.phase, (phase.id for phase in self.phases), place)
        fields = tuple(grouping.field for grouping in self.groupings)
        for parameter in action.parameters:
            _known("grouping", parameter.grouping, fields, f"parameter '{parameter.name}'")

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The groupings' fields, in the order of the file."""
        return tuple(grouping.field for grouping in self.groupings)

    @property
    def within(self) -> Grouping | None:
        """The grouping that tells groups of the same name apart, or None."""
        return next((one for one in self.groupings if one.group_parameter), None)

    @property
    def containers(self) -> frozenset[str]:
        """The containers that its jobs may read and write."""
        return frozenset().union(*(action.containers for action in self.submit_actions))

    def phase_of_task(self, task_type: str) -> Phase | None:
        """The phase whose tasks have this type, or None."""
        return next((phase for phase in self.phases if phase.task_type == task_type), None)

    def phase_before(self, phase: Phase) -> Phase | None:
        """The phase before `phase`, or None for the first."""
        number = self.phases.index(phase)
        return self.phases[number - 1] if number else None

    def action(self, job_type: str) -> SubmitAction | None:
        """The submit action for a job type, or None."""
        return next((a for a in self.submit_actions if a.job_type == job_type), None)


def _entries(given: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The tables in a list of a pipeline file; validation reports anything else later."""
    entries = given.get(key)
    return [e for e in entries if isinstance(e, dict)] if isinstance(entries, list | tuple) else []


def _once(what: str, names: Iterable[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"{what} '{twice[0]}' is duplicated; expected each once")


def _known(what: str, name: str | None, known: Iterable[str], place: str) -> None:
    names = tuple(known)
    if name is not None and name not in names:
        expected = ", ".join(names) or "none is declared"
        raise ValueError(f"{place} names {what} '{name}'; expected one of: {expected}")
