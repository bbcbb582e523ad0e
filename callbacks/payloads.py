"""Refuses what no page of this dashboard sends to its callbacks, before they see it.

Dash takes a payload's word for which components there are and what they hold; a wrong one would end
in a traceback. A payload is compared with the callback that it names instead: the same components,
with values of the kind that their properties have.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from dash import MATCH, Dash, Input, Output
from dash.exceptions import DependencyException
from flask import abort, request
from werkzeug.exceptions import NotFound

from layouts import ids
from layouts.links import CALLBACKS, SUITES
from pipelines.errors import MonitorError

# A store's value is read by its callback; no page's is nested deeper.
DEEPEST = 32
WILDCARDS = (["ALL"], ["MATCH"])


class Unexpected(MonitorError):
    """A part of a payload that no page sends; the message names it and what was expected."""


def register(app: Dash) -> None:
    """Checks each payload before its callback is called, and the paths of scripts."""
    dispatch = app.server.view_functions[CALLBACKS]

    def check_and_dispatch(**arguments: Any) -> Any:
        try:
            check_payload(request.get_json(), app.callback_map)
        except (Unexpected, RecursionError) as error:
            abort(400, f"No page of this dashboard sends this: {error}")
        return dispatch(**arguments)

    def check_path() -> None:
        if request.path.startswith(SUITES) and not _is_plain(request.path):
            abort(404)

    app.server.view_functions[CALLBACKS] = check_and_dispatch
    app.server.before_request(check_path)
    # Dash answers with a traceback for a script that it does not have.
    app.server.register_error_handler(DependencyException, lambda _: NotFound())


def check_payload(payload: Any, callbacks: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises Unexpected for a payload that is not the one of a callback."""
    if not isinstance(payload, dict):
        raise Unexpected("expected a JSON object")
    _check_texts(payload)
    output = payload.get("output")
    callback = callbacks.get(output) if isinstance(output, str) else None
    if callback is None or "callback" not in callback:
        raise Unexpected("output: expected the one of a callback")
    for name, specs in (("inputs", callback["inputs"]), ("state", callback["state"])):
        _check_items(name, payload.get(name, []), specs)
    outputs, given = callback["output"], payload.get("outputs")
    if not isinstance(outputs, list | tuple):
        outputs, given = [outputs], [given]
    _check_items("outputs", given, [_spec(one) for one in outputs])
    changed = payload.get("changedPropIds", [])
    if not isinstance(changed, list) or not all(isinstance(one, str) for one in changed):
        raise Unexpected("changedPropIds: expected a list of texts")


def _spec(output: Output) -> dict[str, str]:
    return {"id": output.component_id_str(), "property": output.component_property}


def _check_texts(value: Any, depth: int = 0) -> None:
    """No text that can't be written, nor values too deep to be read."""
    if depth > DEEPEST:
        raise Unexpected(f"expected at most {DEEPEST} levels")
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= one <= "\udfff" for one in value):
            raise Unexpected("expected text without NUL and without half characters")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_texts(name, depth)
            _check_texts(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check_texts(inner, depth + 1)


def _check_items(name: str, given: Any, specs: Sequence[Mapping[str, Any]]) -> None:
    if not isinstance(given, list) or len(given) != len(specs):
        raise Unexpected(f"{name}: expected a list of {len(specs)}")
    for item, spec in zip(given, specs, strict=True):
        for one in _components(name, item, spec):
            _check_component(name, one, spec)


def _components(name: str, item: Any, spec: Mapping[str, Any]) -> Iterator[Any]:
    """The one component that an item is about, or all that a wildcard stands for."""
    if '["ALL"]' not in spec["id"]:
        yield item
    elif isinstance(item, list):
        yield from item
    else:
        raise Unexpected(f"{name}: expected a list for {spec['id']}")


def _check_component(name: str, item: Any, spec: Mapping[str, Any]) -> None:
    place = f"{name}: {spec['id']}.{spec['property']}"
    # Dash marks an output that several callbacks have.
    wanted = spec["property"].partition("@")[0]
    if not isinstance(item, dict) or str(item.get("property")).partition("@")[0] != wanted:
        raise Unexpected(f"{place}: expected this property of this component")
    if not _is_of(item.get("id"), spec["id"]):
        raise Unexpected(f"{place}: expected another id")
    known = STORES.get(spec["id"]) or KINDS.get(spec["property"])
    if known and not known(item.get("value")):
        raise Unexpected(f"{place}: expected another kind of value")
    if spec["property"] == "id" and item.get("value") != item["id"]:
        raise Unexpected(f"{place}: expected its id")


def _is_of(given: Any, spec: str) -> bool:
    """Whether a component's id is the one of a callback, whose wildcards stand for any value."""
    if not spec.startswith("{"):
        return bool(given == spec)
    wanted = json.loads(spec)
    if not isinstance(given, dict) or given.keys() != wanted.keys():
        return False
    return all(
        isinstance(given[name], str) if value in WILDCARDS else given[name] == value
        for name, value in wanted.items()
    )


def _is_count(value: Any) -> bool:
    return value is None or (isinstance(value, int) and 0 <= value < 2**53)


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_plain_value(value: Any) -> bool:
    if isinstance(value, list):
        return all(one is None or isinstance(one, str | int | float) for one in value)
    return value is None or isinstance(value, str | int | float)


def _is_plain(path: str) -> bool:
    return path.isprintable() and not {"", ".", ".."} & set(path.removeprefix(SUITES).split("/"))


# What the browser's values of a property are. Those of other stores are their callbacks' to read.
STORES: dict[str, Callable[[Any], bool]] = {
    ids.ZONE: _is_text,
    Input(ids.existing(MATCH), "data").component_id_str(): _is_text,
}
KINDS: dict[str, Callable[[Any], bool]] = {
    "n_clicks": _is_count,
    "submit_n_clicks": _is_count,
    "n_intervals": _is_count,
    "pathname": _is_text,
    "search": _is_text,
    "is_open": lambda value: value is None or isinstance(value, bool),
    "value": _is_plain_value,
}
