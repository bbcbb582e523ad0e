"""What holds everywhere: who imports whom, how long things are, that every id exists."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from dash import Dash, html
from dash.development.base_component import Component

from app import create_app
from callbacks.addresses import Address
from callbacks.navigate import opening
from callbacks.sent_values import SentValues
from layouts.charts import graphs
from layouts.group_list import group_list_page
from layouts.job_list import job_list_page
from layouts.job_page import job_page, missing_page
from layouts.page import PLOTLY, shell
from layouts.pipeline import pipeline_page
from layouts.selector import selector_page
from pipelines.registry import Registry
from queries.job_report import JobRow
from queries.snapshots import Snapshots
from settings import Settings
from tests.tab import outputs_of
from tests.trees import components

ROOT = Path(__file__).resolve().parent.parent
# What each package may import of ours.
ALLOWED = {
    "pipelines": set[str](),
    "database": {"pipelines"},
    "queries": {"database", "pipelines"},
    "layouts": {"pipelines"},
    "access": {"database", "pipelines"},
    "jobs": {"access", "database", "pipelines"},
    "callbacks": {"access", "jobs", "layouts", "pipelines", "queries"},
    "api": {"access", "jobs", "layouts", "pipelines", "queries"},
    "commands": {"access", "database", "jobs", "pipelines", "settings"},
}
# They measure all of it, in the way that the tests look at it.
ALLOWED["benchmarks"] = {*ALLOWED, "app", "settings", "tests"}
OURS = {*ALLOWED, "app", "settings", "tests"}
SOURCES = [path for package in ALLOWED for path in sorted((ROOT / package).rglob("*.py"))]
SOURCES += [ROOT / "app.py", ROOT / "settings.py"]
TESTS = sorted((ROOT / "tests").glob("*.py"))
ASSETS = sorted((ROOT / "assets").iterdir())
VENDORED = {"10-bootstrap.min.css", PLOTLY}
LONGEST_FILE, LONGEST_FUNCTION = 300, 49

FETCHED = re.compile(
    r"""@import | (?:url\(|src\s*=|href\s*=|fetch\(|import\(?)\s*["'`]?(?:https?:)?//""", re.VERBOSE
)
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl)a?\(")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imported(path: Path) -> set[str]:
    """The top-level packages that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.module is not None, f"{path}: relative import"
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_go_in_one_direction(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    wrong = {named(f): imported(f) & OURS - ALLOWED[package] - {package} for f in files}
    assert {name: imports for name, imports in wrong.items() if imports} == {}


@pytest.mark.parametrize("package", ["layouts", "pipelines"])
def test_who_draws_or_describes_does_not_know_the_database(package: str) -> None:
    known = set().union(*(imported(path) for path in (ROOT / package).rglob("*.py")))
    assert known & {"sqlalchemy", "psycopg2", "requests", "flask"} == set()


def test_the_settings_import_nothing_of_ours() -> None:
    assert imported(ROOT / "settings.py") & OURS == set()


def test_files_are_short_enough_to_read() -> None:
    files = SOURCES + TESTS + [path for path in ASSETS if path.name not in VENDORED]
    lines = {named(path): len(path.read_text().splitlines()) for path in files}
    assert {name: n for name, n in lines.items() if n > LONGEST_FILE} == {}


def test_functions_are_short_enough_to_read() -> None:
    lines = {
        f"{named(path)}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in SOURCES + TESTS
        for node in ast.walk(tree(path))
        if isinstance(node, Function)
    }
    assert {name: n for name, n in lines.items() if n > LONGEST_FUNCTION} == {}


def test_no_file_is_named_after_nothing() -> None:
    nothing = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [named(path) for path in SOURCES + TESTS if path.stem in nothing] == []


def test_what_is_public_says_what_it_is() -> None:
    assert [named(path) for path in SOURCES if not ast.get_docstring(tree(path))] == []
    silent = [
        f"{named(path)}: {name}"
        for path in SOURCES
        for name, node in public(tree(path))
        if not ast.get_docstring(node)
    ]
    assert silent == []


def public(scope: ast.Module | ast.ClassDef) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """The public functions, classes and methods of a module."""
    for node in scope.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node)


@pytest.mark.parametrize("package", ["layouts", "callbacks"])
def test_pages_know_no_pipeline_by_name(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert [named(p) for p in files if re.search("fathom|raster", p.read_text(), re.I)] == []


def test_colours_and_styles_are_in_the_style_sheet_alone() -> None:
    files = [path for path in SOURCES if path.parts[-2] in ("layouts", "callbacks")]
    styled = [
        named(path)
        for path in files
        for node in ast.walk(tree(path))
        if isinstance(node, ast.keyword) and node.arg == "style"
    ]
    assert styled == []
    assert [named(path) for path in files if COLOUR.search(path.read_text())] == []


@pytest.fixture
def app(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Dash:
    """The dashboard as it is served, before its readings begin."""
    monkeypatch.setattr(Snapshots, "start", lambda _: None)
    url = "postgresql://localhost/nothing"
    return create_app(Settings(database_url=url, runner="on"), registry, url)


class Addresses(HTMLParser):
    """Collects what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_index_loads_nothing_from_outside(app: Dash) -> None:
    addresses = Addresses()
    addresses.feed(app.server.test_client().get("/").text)
    assert len(addresses.found) > 5
    assert [a for a in addresses.found if not re.match(r"/(?!/)", a)] == []


# Plotly's script has a link to its makers, which nobody follows by himself.
@pytest.mark.parametrize("path", [path for path in ASSETS if path.name != PLOTLY], ids=named)
def test_assets_load_nothing_from_outside(path: Path) -> None:
    assert FETCHED.findall(path.read_text()) == []


def test_every_id_that_a_callback_names_is_on_a_page(app: Dash, registry: Registry) -> None:
    there = [
        part.id
        for page in every_page(registry)
        for part in components(page)
        if getattr(part, "id", None) is not None
    ]
    asked = [read_id(name) for name in callback_ids(app)]
    assert len(asked) > 20
    assert [one for one in asked if not any(stands_for(one, own) for own in there)] == []


def every_page(registry: Registry) -> list[Component]:
    return [
        shell(),
        opening(Address(), selector_page(registry, "nothing"), None, SentValues()),
        *(pipeline_page(pipeline, {}, {}) for pipeline in registry.values()),
        job_page(JobRow("j", "t", "s", 1, 2, {}, {}, None, None, None, None), 2, None),
        missing_page("There is no job", ["job"]),
        job_list_page({}),
        html.Div(graphs({"duration": {"layout": {"yaxis": {"title": {"text": "Duration"}}}}})),
        *(
            group_list_page(pipeline, phase, "pending", {})
            for pipeline in registry.values()
            for phase in pipeline.phases
        ),
    ]


def callback_ids(app: Dash) -> Iterator[str]:
    """Every id that a callback reads or writes, in the browser or here."""
    for callback in app.server.test_client().get("/_dash-dependencies").json:
        yield from (name for name, _ in outputs_of(callback["output"]))
        yield from (part["id"] for part in (*callback["inputs"], *callback["state"]))


def read_id(name: str) -> Any:
    return json.loads(name) if name.startswith("{") else name


def stands_for(asked: Any, own: Any) -> bool:
    """Whether a callback's id, which may be a pattern, is or matches a component's."""
    if not isinstance(asked, dict) or not isinstance(own, dict):
        return bool(asked == own)
    patterns = (["ALL"], ["MATCH"], ["ALLSMALLER"])
    return asked.keys() == own.keys() and all(
        part in patterns or part == own[key] for key, part in asked.items()
    )


# Words that this code once had of its own, for what docs/glossary.md names.
OLD_WORDS = re.compile(
    r"lea(f|ves)|sights?|shown|drawn|told|shelf|watched|readings|takers?|way|kept|folds?|folded|touched"
    r"|distrust|contradictions?|foretold|moments?|pace|newsroom|news|parcels?|hand_out|put_back|held"
    r"|hold_job|unanswered",
    re.IGNORECASE,
)


def identifiers(path: Path) -> set[str]:
    """Every name in a module, without leading underscores."""
    names = set(path.with_suffix("").parts[-1:])
    for node in ast.walk(tree(path)):
        for field in ("id", "attr", "arg", "name", "asname"):
            name = getattr(node, field, None)
            if isinstance(name, str):
                names |= set(name.split("."))
    return {name.lstrip("_") for name in names}


NEWEST = [path for path in (*SOURCES, *TESTS) if "migrations" not in path.parts]


@pytest.mark.parametrize("path", NEWEST, ids=named)
def test_names_are_the_glossarys(path: Path) -> None:
    assert [name for name in identifiers(path) if OLD_WORDS.fullmatch(name)] == []
