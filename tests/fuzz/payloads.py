"""Payloads for Dash's callbacks: like a page's, with something odd in most of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from dash import Dash
from flask.testing import FlaskClient

from tests.tab import outputs_of

# What a value of a property may be, and what no page sends.
LIKELY: dict[str, list[Any]] = {
    "pathname": ["/", "/x", *(f"/api/interface/{one}" for one in ("pipeline", "groups", "jobs"))],
    "search": [
        "",
        "?type=fathom&region=rwa",
        "?type=fathom&phase=phase1&state=failed&q=a&page=2",
        "?job_id=abc",
        "?type=%ed%a0%80",
        "?type=fathom&region=%00",
        "?page=1e9&sort=nothing",
        f"?type=fathom&q={'a' * 3000}",
        "?type=__proto__&constructor=1",
    ],
    "n_clicks": [None, 0, 1],
    "submit_n_clicks": [None, 0, 1],
    "n_intervals": [0, 5],
    "is_open": [True, False],
    "value": [None, "a", ["a"], 5, True, [1, 2], "rwa", 1e308, "\u202ex", "1" * 400],
    "data": [None, "x", {"fathom": [1, 2]}, {"a": {"b": 1}}, "UTC", "Mars/Phobos", [["a", 1]], 5],
    "children": [None, "x", [], {"props": {}}],
}
FORMS = ["process_fathom_stack", "inventory_fathom_container", "x", "region_code", "__proto__"]
ODD = [None, True, 0, -1, -0.5, 1e308, 10**400, "", "x", "\ud800", "\0", "{", '{"type":"x"}']
ODD += [[], [None], [[]], {}, {"a": 1}, {"id": "x", "property": "y"}, "a" * 5000, "NaN"]


def callbacks_of(dashboard: Dash, client: FlaskClient) -> list[Mapping[str, Any]]:
    """What is known of the callbacks that the server answers, not the browser."""
    every = client.get("/_dash-dependencies").get_json()
    return [one for one in every if "callback" in dashboard.callback_map[one["output"]]]


def payloads(callbacks: Sequence[Mapping[str, Any]], seed: int) -> Iterator[bytes]:
    """Bodies of requests, without an end; the same for the same callbacks and seed."""
    chance = Random(seed)
    while True:
        payload = _like_a_page(chance.choice(callbacks), chance)
        for _ in range(chance.randint(0, 2)):
            payload = _changed(payload, chance)
        text = json.dumps(payload)
        if chance.random() < 0.05:
            text = text[: chance.randint(0, len(text))]
        elif chance.random() < 0.02:
            text = "[" * chance.choice([10, 100_000])
        yield text.encode()


def _like_a_page(callback: Mapping[str, Any], chance: Random) -> Any:
    output = str(callback["output"])
    outputs = [_item(name, property_, chance, None) for name, property_ in outputs_of(output)]
    of = {name: [_valued(one, chance) for one in callback[name]] for name in ("inputs", "state")}
    first = callback["inputs"][0]
    return {
        "output": output,
        "outputs": outputs if output.startswith("..") else outputs[0],
        "changedPropIds": [f"{first['id']}.{first['property']}"],
        **of,
    }


def _valued(spec: Mapping[str, str], chance: Random) -> Any:
    return _item(spec["id"], spec["property"], chance, LIKELY.get(spec["property"], [None]))


def _item(name: str, property_: str, chance: Random, values: list[Any] | None) -> Any:
    def one() -> dict[str, Any]:
        known = json.loads(name) if name.startswith("{") else name
        if isinstance(known, dict):
            known = {
                k: chance.choice(FORMS) if isinstance(v, list) else v for k, v in known.items()
            }
        value = {} if values is None else {"value": chance.choice(values)}
        if property_ == "id":
            value = {"value": known}
        return {"id": known, "property": property_, **value}

    return [one() for _ in range(chance.randint(0, 3))] if '["ALL"]' in name else one()


def _changed(payload: Any, chance: Random) -> Any:
    """The payload with one odd value, or without one of its parts."""
    found = list(_places(payload))
    if not found:
        return payload
    holder, key = chance.choice(found)
    if chance.random() < 0.1:
        del holder[key]
    else:
        # A copy: what is changed next must not change what others have too.
        holder[key] = json.loads(json.dumps(chance.choice(ODD)))
    return payload


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys: Any = ()
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = range(len(value))
    for key in keys:
        yield value, key
        yield from _places(value[key])
