"""A viewer's tab without a browser: it posts what Dash's renderer would post."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from dash import Dash
from werkzeug.test import TestResponse

from layouts import ids
from tests.trees import written

Written = dict[str, dict[str, Any]]


class Tab:
    """Holds the address, and the page with what was written into it, as a browser would."""

    def __init__(self, app: Dash, environ: Mapping[str, str] | None = None) -> None:
        self._app = app
        self._client = app.server.test_client()
        # Of each request, as WSGI has it: its address and headers.
        if environ is not None:
            self._client.environ_base.update(environ)
        self._callbacks = self._client.get("/_dash-dependencies").json
        self.address = ("/", "")
        self.page: Any = None
        # The time of the numbers, which stands outside of the page.
        self.timestamps: Any = None
        # The size of the last question and of its answer, in bytes.
        self.sent = self.received = 0

    def another(self) -> Tab:
        """Another tab of the same dashboard."""
        return Tab(self._app)

    def land_on(self, app: Dash) -> None:
        """From now on another process of the same server answers."""
        self._client = app.server.test_client()

    def get(self, path: str) -> TestResponse:
        """The answer to a GET."""
        return self._client.get(path)

    def open(self, pathname: str, search: str = "") -> Written:
        """Goes to an address: what the first answer writes, by id and property."""
        self.address = (pathname, search)
        answer = self._call(f"{ids.PAGE}.children", f"{ids.LOCATION}.pathname")
        if ids.PAGE in answer:
            self.page = answer[ids.PAGE]["children"]
            self.timestamps = answer[ids.AS_OF]["data"]
        return answer

    def tick(self, *, click: str | None = None) -> Written:
        """A tick of the interval, or a click on Refresh: what it writes."""
        return self._refresh(f"{click}.n_clicks" if click else f"{ids.TICK}.n_intervals")

    def look_again(self) -> Written:
        """What a page does after a submission: what it writes."""
        return self._refresh(f"{ids.SUBMITTED}.data")

    def narrow(self, search: str) -> Written:
        """Goes to another address of the same page: what the refresh writes."""
        assert ids.PAGE not in self.open(self.address[0], search)
        return self._refresh(f"{ids.LOCATION}.search")

    def _refresh(self, changed: str) -> Written:
        answer = self._call('{"changes":["ALL"]}.data', changed)
        for store in answer.values():
            return self._spread(store["data"])
        return {}

    def _spread(self, change: Mapping[str, Any]) -> Written:
        """Writes a tick's answer into the page, as assets/spread.js does: what it wrote."""
        displayed = {written(props.get("id")): props for props in self.properties()}
        changed: dict[str, dict[str, Any]] = defaultdict(dict)
        for name, property_, value in change["header"]:
            changed[name][property_] = value
        for name, property_, whole, cells in change.get("values", []):
            for key, value in whole.items():
                changed[self.id(name, key)][property_] = value
            for key, rows in cells.items():
                own = self.id(name, key)
                changed[own][property_] = merged(displayed[own][property_], rows)
        if "values" in change:
            changed[written(ids.digest(self.opening))]["data"] = change["now"]
        for name, values in changed.items():
            displayed.get(name, {}).update(values)
        self.timestamps = changed.get(ids.AS_OF, {}).get("data", self.timestamps)
        return changed

    def click_opener(self, job_type: str, clicks: int | None = 1) -> Written:
        """Opens a submit form, or (without clicks) shows its button for the first time."""
        button = written(ids.opener(job_type))
        return self._call(".is_open", f"{button}.n_clicks", {button: clicks}, job_type)

    def check(self, job_type: str, fields: Mapping[str, Any], is_open: bool = True) -> Written:
        """Fills in a form that is open: what it says before it is submitted."""
        typed = {written(ids.field(job_type, name)): value for name, value in fields.items()}
        dialog = written(ids.form(job_type))
        known = {dialog: is_open, **typed}
        return self._call('"part":"preview"', f"{dialog}.is_open", known, job_type)

    def run_again(self, job_type: str, job_id: str | None, clicks: int | None = 1) -> Written:
        """Clicks on "Run again" in a form that knows of a job."""
        button, store = written(ids.again(job_type)), written(ids.existing(job_type))
        known = {button: clicks, store: job_id}
        return self._call_for("again", f"{button}.n_clicks", known, job_type)

    def open_charts(self) -> Written:
        """Opens the page's charts for the first time."""
        clicked = f"{ids.CHARTS_OPENER}.n_clicks"
        return self._call(f"{ids.CHARTS}.children", clicked, {ids.CHARTS_OPENER: 1})

    def run_this_again(self) -> Written:
        """Clicks on "Run again" on a job's page."""
        clicked = f"{ids.RERUN}.n_clicks"
        return self._call(f"{ids.RERUN_ANSWER}.children", clicked, {ids.RERUN: 1})

    def submit(self, job_type: str, fields: Mapping[str, Any]) -> Written:
        """Submits a form with these fields and the others as they are on the page."""
        typed = {written(ids.field(job_type, name)): value for name, value in fields.items()}
        button = written(ids.send(job_type))
        return self._call('"mistake":["ALL"]', f"{button}.n_clicks", {button: 1, **typed}, job_type)

    def text(self, key: str) -> str:
        """The text of a slot of the opened page."""
        (props,) = [p for p in self.properties() if written(p.get("id")) == self.id("text", key)]
        return str(props["children"])

    def hidden(self, key: str) -> bool:
        """Whether a slot of the opened page that can be hidden is."""
        (props,) = [p for p in self.properties() if written(p.get("id")) == self.id("visible", key)]
        return bool(props["hidden"])

    def id(self, name: str, key: str) -> str:
        """The id of a slot of the opened page, as Dash writes it."""
        return written({name: f"{self.opening}.{key}"})

    @property
    def opening(self) -> str:
        """The name of the page's opening."""
        (store,) = [p["id"]["digest"] for p in self.properties() if "digest" in (p.get("id") or ())]
        return str(store)

    def properties(self) -> Iterator[dict[str, Any]]:
        """The properties of every component of the page."""
        waiting = [self.page]
        while waiting:
            part = waiting.pop(0)
            waiting += part if isinstance(part, list) else []
            if isinstance(part, dict):
                yield part["props"]
                waiting.append(part["props"].get("children"))

    def _call(
        self, output: str, changed: str, values: Mapping[str, Any] = {}, form: str = ""
    ) -> Written:
        (callback,) = [c for c in self._callbacks if output in c["output"]]
        return self._post(callback, changed, values, form)

    def _call_for(self, part: str, changed: str, values: Mapping[str, Any], form: str) -> Written:
        """Calls what a part of a form starts."""
        name = written({"form": ["MATCH"], "part": part})
        (callback,) = [c for c in self._callbacks if c["inputs"][0]["id"] == name]
        return self._post(callback, changed, values, form)

    def _post(
        self, callback: Mapping[str, Any], changed: str, values: Mapping[str, Any], form: str
    ) -> Written:
        known = {**self._stored(), **values}
        outputs = [self._expand(part, form) for part in outputs_of(callback["output"])]
        inputs = self._with_values(callback["inputs"], form, known)
        assert changed in names_of(inputs), "a browser would not call it for that"
        asked = {
            "output": callback["output"],
            "outputs": outputs if callback["output"].startswith("..") else outputs[0],
            "inputs": inputs,
            "state": self._with_values(callback["state"], form, known),
            "changedPropIds": [changed],
        }
        body = json.dumps(asked, separators=(",", ":")).encode()
        response = self._client.post(
            "/_dash-update-component", data=body, content_type="application/json"
        )
        self.sent, self.received = len(body), len(response.data)
        return _read(response)

    def _stored(self) -> dict[str, Any]:
        pathname, search = self.address
        return {
            f"{ids.LOCATION}.pathname": pathname,
            f"{ids.LOCATION}.search": search,
            f"{ids.AS_OF}.data": self.timestamps,
        }

    def _with_values(
        self, specs: list[dict[str, str]], form: str, known: Mapping[str, Any]
    ) -> list[Any]:
        expanded = [self._expand((spec["id"], spec["property"]), form) for spec in specs]
        for part in expanded:
            for one in part if isinstance(part, list) else [part]:
                one["value"] = self._value(one["id"], one["property"], known)
        return expanded

    def _value(self, component_id: Any, property_: str, known: Mapping[str, Any]) -> Any:
        name = written(component_id)
        if name in known:
            return known[name]
        props = next((p for p in self.properties() if p.get("id") == component_id), {})
        return known.get(f"{name}.{property_}", props.get(property_))

    def _expand(self, spec: tuple[str, str], form: str) -> Any:
        """The ids of the page that a callback's id stands for; of a pattern, all that match."""
        name, property_ = spec
        if not name.startswith("{"):
            return {"id": name, "property": property_}
        pattern = {
            key: form if part == ["MATCH"] else part for key, part in json.loads(name).items()
        }
        if ["ALL"] not in pattern.values():
            return {"id": pattern, "property": property_}
        return [
            {"id": props["id"], "property": property_}
            for props in self.properties()
            if _matches(props.get("id"), pattern)
        ]


def names_of(parts: list[Any]) -> list[str]:
    """Ids with their properties, as Dash names what has changed."""
    every = [one for part in parts for one in (part if isinstance(part, list) else [part])]
    return [f"{written(one['id'])}.{one['property']}" for one in every]


def outputs_of(output: str) -> list[tuple[str, str]]:
    """Ids and properties in the name that Dash gives a callback of several outputs."""
    parts = [
        part.rsplit(".", 1) for part in output.removeprefix("..").removesuffix("..").split("...")
    ]
    return [(name, property_) for name, property_ in parts]


def merged(rows: list[dict[str, Any]], cells: list[list[Any]]) -> list[dict[str, Any]]:
    """Rows with the new cells of some of them, each with its place."""
    new = dict(cells)
    return [{**row, **new.get(place, {})} for place, row in enumerate(rows)]


def _matches(component_id: Any, pattern: Mapping[str, Any]) -> bool:
    return (
        isinstance(component_id, dict)
        and component_id.keys() == pattern.keys()
        and all(part in (["ALL"], component_id[key]) for key, part in pattern.items())
    )


def _read(response: TestResponse) -> Written:
    assert response.status_code in (200, 204), response.text
    body: dict[str, Any] = response.json if response.status_code == 200 else {}
    return {**body.get("response", {}), **body.get("sideUpdate", {})}
