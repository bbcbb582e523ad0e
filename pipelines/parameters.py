"""Checks the values that users and programs give for a submit action's parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pipelines.errors import MonitorError
from pipelines.locations import container_mistake, folder_mistake
from pipelines.models import Parameter, SubmitAction

T = TypeVar("T", str, int)


class ParameterErrors(MonitorError):
    """Invalid parameters; `messages` says for each field what was given and what is expected."""

    def __init__(self, messages: Mapping[str, str]) -> None:
        self.messages = dict(messages)
        super().__init__("; ".join(f"{name}: {text}" for name, text in self.messages.items()))


def check_parameters(action: SubmitAction, given: Mapping[str, Any]) -> dict[str, Any]:
    """The job's parameters: the given values, checked, with defaults filled in.

    Empty values (None, "", []) count as not given. Parameters without a value or a default are left
    out, so that a request that omits them gets the same job id. Raises ParameterErrors for all
    errors together.
    """
    known = {parameter.name: parameter for parameter in action.parameters}
    errors = {name: "is not a parameter of this job" for name in given if name not in known}
    containers = {location.container for location in action.locations}
    checked: dict[str, Any] = {}
    for name, parameter in known.items():
        value = given.get(name)
        if value is None or value in ("", []):
            value = parameter.default
        if value is None:
            if parameter.required:
                errors[name] = "is required"
            continue
        try:
            checked[name] = _CHECKS[parameter.type](parameter, value)
            if name in containers:
                _refuse(container_mistake(checked[name]))
        except ValueError as error:
            errors[name] = str(error)
    if errors:
        raise ParameterErrors(errors)
    return checked


def _string(parameter: Parameter, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text, got {value!r}")
    if len(value) > 512 or not value.isprintable():
        raise ValueError("expected at most 512 printable characters")
    return str(_chosen(parameter, _SPELLINGS[parameter.spelling](value.strip())))


def _integer(parameter: Parameter, value: Any) -> int:
    number = _whole(value)
    low, high = parameter.minimum, parameter.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError(f"expected {bounds(parameter)}, got {number}")
    return int(_chosen(parameter, number))


def bounds(parameter: Parameter) -> str:
    """The allowed numbers: `2 to 10`, `at least 2`, `at most 10` or `a whole number`."""
    low, high = parameter.minimum, parameter.maximum
    if low is None:
        return "a whole number" if high is None else f"at most {high}"
    return f"at least {low}" if high is None else f"{low} to {high}"


def _boolean(_: Parameter, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, got {value!r}")
    return value


def _list(parameter: Parameter, value: Any) -> list[str]:
    return _in_order(parameter, {_string(parameter, item) for item in _items(value)})


def _integer_list(parameter: Parameter, value: Any) -> list[int]:
    return _in_order(parameter, {_integer(parameter, item) for item in _items(value)})


def _in_order(parameter: Parameter, values: set[T]) -> list[T]:
    """The values in a fixed order, because the same values in any order are the same job."""
    places = {choice: place for place, choice in enumerate(parameter.choices)}
    return sorted(values, key=lambda value: (places.get(value, 0), value))


def _bbox(_: Parameter, value: Any) -> list[float]:
    if not isinstance(value, list | tuple) or len(value) != 4:
        raise ValueError("expected four numbers: west, south, east, north")
    try:
        west, south, east, north = (float(number) for number in value)
    except (TypeError, ValueError):
        raise ValueError("expected four numbers: west, south, east, north") from None
    if not (-180 <= west < east <= 180):
        raise ValueError(f"expected -180 ≤ west < east ≤ 180, got {west:g} and {east:g}")
    if not (-90 <= south < north <= 90):
        raise ValueError(f"expected -90 ≤ south < north ≤ 90, got {south:g} and {north:g}")
    return [west, south, east, north]


def _items(value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"expected a list, got {value!r}")
    if not all(isinstance(item, str | int | float) for item in value):
        raise ValueError("expected a list of plain values")
    return list(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"expected a whole number, got {value!r}")
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"expected a whole number, got {value!r}") from None
    if not number.is_integer():
        raise ValueError(f"expected a whole number, got {value!r}")
    return int(number)


def _chosen(parameter: Parameter, value: str | int) -> str | int:
    if parameter.choices and value not in parameter.choices:
        expected = ", ".join(str(choice) for choice in parameter.choices)
        raise ValueError(f"expected one of {expected}; got {value!r}")
    return value


def _path(path: str) -> str:
    _refuse(folder_mistake(path))
    return path.rstrip("/")


def _refuse(mistake: str | None) -> None:
    if mistake:
        raise ValueError(mistake)


_SPELLINGS: dict[str, Callable[[str], str]] = {
    "as given": str,
    "any case": str.lower,
    "path": _path,
}

_CHECKS: dict[str, Callable[[Parameter, Any], Any]] = {
    "string": _string,
    "integer": _integer,
    "boolean": _boolean,
    "list": _list,
    "integer_list": _integer_list,
    "bbox": _bbox,
}
