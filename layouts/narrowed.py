"""What a submit form takes over from the filters of its page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from layouts.links import Filters
from pipelines.models import Grouping, Parameter, Pipeline, SubmitAction


def taken_over(
    pipeline: Pipeline, action: SubmitAction, filters: Filters
) -> tuple[dict[str, Any], str]:
    """The values of fields, by name, that the page's filters give; and what they can't.

    A job that can't be narrowed like its page would work on more than the person sees: it is told.
    """
    values: dict[str, Any] = {}
    left: list[str] = []
    for grouping in pipeline.groupings:
        wanted = list(filters.get(grouping.field, ()))
        parameter = _parameter(action, grouping)
        value, rest = _value(parameter, wanted) if parameter else (None, wanted)
        if parameter and value is not None:
            values[parameter.name] = value
        if rest:
            left.append(f"{grouping.label} {', '.join(rest)}")
    return values, f"Not taken over from the page's filters: {'; '.join(left)}." if left else ""


def _parameter(action: SubmitAction, grouping: Grouping) -> Parameter | None:
    """The parameter that holds a grouping's value: it names it, or the grouping names it."""
    return next(
        (
            parameter
            for parameter in action.parameters
            if parameter.grouping == grouping.field or parameter.name in grouping.job_parameters
        ),
        None,
    )


def _value(parameter: Parameter, wanted: Sequence[str]) -> tuple[Any, list[str]]:
    """A field's value, none for none, and the filter's values that it can't hold."""
    if not wanted:
        return None, []
    fitting = {value: _fitting(parameter, value) for value in wanted}
    rest = [value for value, fit in fitting.items() if fit is None]
    fits = [fit for fit in fitting.values() if fit is not None]
    if parameter.type in ("list", "integer_list"):
        return fits or None, rest
    # A field for one value can't be narrowed to two: choosing one of them is the person's.
    return (fits[0], rest) if len(fits) == 1 else (None, list(wanted))


def _fitting(parameter: Parameter, value: str) -> str | int | None:
    if parameter.choices:
        casefolded = {str(choice).casefold(): choice for choice in parameter.choices}
        return casefolded.get(value.casefold())
    if parameter.type in ("integer", "integer_list"):
        return int(value) if value.isdecimal() else None
    return value if parameter.type in ("string", "list") else None
