"""Checks where a job would read and write, before it is submitted and again before it runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, text

from jobs.storage import Storage, StorageError
from pipelines.locations import is_within
from pipelines.models import Location, Pipeline, SubmitAction
from pipelines.parameters import ParameterErrors

Parameters = Mapping[str, Any]


def check_places(
    pipeline: Pipeline,
    job_type: str,
    parameters: Parameters,
    storage: Storage,
    earlier: Iterable[tuple[str, str]] = (),
) -> None:
    """Raises ParameterErrors for a container that nobody has named, a folder that leads outside,
    and an output that would lie among the pipeline's sources.

    The sources are what the job itself reads, and what the actions of its phase and of those before
    read: phase 2 must not write where phase 1 reads. earlier: container and folder of such sources
    of earlier jobs.
    """
    action = pipeline.action(job_type)
    if action is None:
        return
    given = [one for one in action.locations if parameters.get(one.container) is not None]
    mistakes = _unknown(pipeline, given, parameters, storage)
    places: dict[Location, str] = {}
    for location in given:
        try:
            places[location] = storage.resolved(*_named(location, parameters))
        except StorageError as error:
            mistakes.setdefault(_field(location), str(error))
    if not mistakes:
        others = list(_resolved([*_defaults(pipeline, action), *earlier], storage))
        mistakes = _among_sources(action, places, others)
    if mistakes:
        raise ParameterErrors(mistakes)


def earlier_sources(
    connection: Connection, pipeline: Pipeline, job_type: str
) -> list[tuple[str, str]]:
    """Container and folder of what earlier jobs have read, of this action and of those before it.

    An action that reads and writes one place is left out.
    """
    action = pipeline.action(job_type)
    if action is None:
        return []
    found: list[tuple[str, str]] = []
    for one in (action, *_before(pipeline, action)):
        for location in set(one.reads) - set(action.writes):
            values = {"type": one.job_type, "in": location.container, "at": location.prefix or ""}
            found += [(row[0], row[1]) for row in connection.execute(EARLIER, values)]
    return found


EARLIER = text(
    """
    SELECT DISTINCT parameters ->> :in, COALESCE(parameters ->> :at, '')
    FROM app.jobs WHERE job_type = :type AND parameters ->> :in IS NOT NULL
    """
)


def _unknown(
    pipeline: Pipeline, given: Iterable[Location], parameters: Parameters, storage: Storage
) -> dict[str, str]:
    """The containers that neither the pipeline's file nor CONTAINERS names."""
    known = pipeline.containers | storage.places.keys()
    expected = f"expected {' or '.join(sorted(known))}, or one that CONTAINERS names"
    values = {one.container: parameters[one.container] for one in given}
    return {
        name: f"{expected}; got {value!r}"
        for name, value in values.items()
        if not isinstance(value, str) or value not in known
    }


def _among_sources(
    action: SubmitAction, places: Mapping[Location, str], others: list[str]
) -> dict[str, str]:
    """The outputs that overlap with what is read. A job that names one place for both means it."""
    mistakes = {}
    for location in places.keys() & set(action.writes):
        target = places[location]
        own = [places[one] for one in places.keys() & set(action.reads) if one != location]
        if any(is_within(target, one) or is_within(one, target) for one in (*others, *own)):
            mistakes[_field(location)] = "expected a place that this pipeline reads no sources from"
    return mistakes


def _before(pipeline: Pipeline, action: SubmitAction) -> list[SubmitAction]:
    """The other actions of its phase and of those before."""
    order = [None, *(phase.id for phase in pipeline.phases)]
    phases = order[: order.index(action.phase) + 1]
    return [one for one in pipeline.submit_actions if one.phase in phases and one != action]


def _defaults(pipeline: Pipeline, action: SubmitAction) -> Iterator[tuple[str, str]]:
    """Where the actions before read unless told otherwise."""
    for other in _before(pipeline, action):
        for location in other.reads:
            if other.defaults.get(location.container):
                yield _named(location, other.defaults)


def _resolved(named: Iterable[tuple[str, str]], storage: Storage) -> Iterator[str]:
    for container, folder in named:
        # What can't be opened is no source.
        with suppress(StorageError):
            yield storage.resolved(container, folder)


def _named(location: Location, parameters: Parameters) -> tuple[str, str]:
    folder = parameters.get(location.prefix) if location.prefix else ""
    return str(parameters[location.container]), str(folder or "")


def _field(location: Location) -> str:
    return location.prefix or location.container
