"""No callback asks the database itself: it has the snapshots, the queries and the submitter.

What they read is shared by all viewers, has a time limit, and is shown with its age where the
database is away. A callback with a statement of its own would have none of that.
"""

from __future__ import annotations

import ast
import inspect
import re
import traceback
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from dash import Dash
from sqlalchemy import Engine, event

from layouts.links import GROUPS, JOB_PAGE, JOBS, PIPELINE, SELECTOR
from queries.snapshots import Snapshots
from tests.factories import add_job
from tests.tab import Tab

ROOT = Path(__file__).resolve().parent.parent
CALLBACKS = sorted((ROOT / "callbacks").rglob("*.py"))
DRIVERS = {"sqlalchemy", "psycopg2", "database", "alembic"}
# Whoever is given one of these asks the database.
ASKERS = re.compile(r"\b(Connection|Engine)\b")
# What is asked for with a connection, an engine or a statement.
ASKING = {"connect", "raw_connection", "execute", "exec_driver_sql", "scalar", "scalars", "cursor"}
ASKING |= {"engine", "connection", "driver_connection", "begin"}
ASKING |= {"read_sql", "read_sql_query", "read_sql_table"}
SQL = re.compile(
    r"\b(SELECT|INSERT\s+INTO|UPDATE\b.*\bSET|DELETE\s+FROM)\b|(?i:\b(app|monitor)\.\w)", re.DOTALL
)


def offences(source: str) -> Iterator[str]:
    """What in the source of a callback's module reaches for the database, with its line."""
    for node in ast.walk(ast.parse(source)):
        for offence in _offences(node):
            yield f"{getattr(node, 'lineno', 0)}: {offence}"


def _offences(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        # All that is in a module would be at hand.
        closed = {*DRIVERS, "access", "queries", "jobs"}
        yield from (one.name for one in node.names if one.name.split(".")[0] in closed)
    if isinstance(node, ast.ImportFrom) and node.module:
        if node.module.split(".")[0] in DRIVERS:
            yield node.module
        elif node.module.split(".")[0] in ("access", "queries", "jobs"):
            yield from (one.name for one in node.names if _asks(node.module, one.name))
    if isinstance(node, ast.Attribute):
        of_another = not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
        private = node.attr.startswith("_") and not node.attr.endswith("__")
        if node.attr in ASKING or (private and of_another):
            yield f".{node.attr}"
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value):
        yield repr(node.value[:40])


def _asks(module: str, name: str) -> bool:
    """Whether something is given a connection or an engine: a function, or a class at its birth."""
    found = getattr(import_module(module), name, None)
    if isinstance(found, ModuleType) or found is None:
        # All that is in a module would be at hand.
        return True
    if not callable(found) or (isinstance(found, type) and issubclass(found, Exception)):
        return False
    given = inspect.signature(found).parameters.values()
    return any(ASKERS.search(str(parameter.annotation)) for parameter in given)


@pytest.mark.parametrize("path", CALLBACKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_callback_does_not_reach_for_the_database(path: Path) -> None:
    assert list(offences(path.read_text())) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from sqlalchemy import text", "1: sqlalchemy"),
        ("import psycopg2", "1: psycopg2"),
        ("from database.engine import open_engine", "1: database.engine"),
        ("from queries.job_report import read_report", "1: read_report"),
        ("from queries.frames import read_transaction", "1: read_transaction"),
        ("from queries.reader import Reader", "1: Reader"),
        ("from queries.cached_queries import open_cached_queries", "1: open_cached_queries"),
        ("from jobs.runner_queue import RunnerQueue", "1: RunnerQueue"),
        ("import queries.frames", "1: queries.frames"),
        ("import jobs.job_rows as rows", "1: jobs.job_rows"),
        ("def f(pool):\n    pool.begin()", "2: .begin"),
        ("def f(pd, pool):\n    pd.read_sql('x', pool)", "2: .read_sql"),
        ("query = 'select 1 from app.jobs'", "1: 'select 1 from app.jobs'"),
        ("query = 'TRUNCATE app.jobs'", "1: 'TRUNCATE app.jobs'"),
        ("from jobs import job_rows", "1: job_rows"),
        ("def f(services):\n    return services.engine", "2: .engine"),
        ("def f(services):\n    services.queries.jobs._read(None)", "2: ._read"),
        ("def f(pool):\n    pool.execute('SHOW ALL')", "2: .execute"),
        ("query = 'SELECT count(*) FROM app.jobs'", "1: 'SELECT count(*) FROM app.jobs'"),
        ("from queries.job_list import JobQuery", None),
        ("from queries.snapshots import Snapshots", None),
        ("from jobs.submission import Submitter", None),
        ("class A:\n    def f(self):\n        return self._own", None),
        ("words = 'Select a job from the list'", None),
    ],
)
def test_what_reaches_for_the_database_is_noticed(source: str, found: str | None) -> None:
    assert list(offences(source)) == ([] if found is None else [found])


SERVICES = ("queries/cache.py", "jobs/submission.py", "jobs/actions.py")


@pytest.fixture
def direct(engine: Engine) -> Iterator[list[str]]:
    """The callbacks that asked the database with no service in between."""
    found: list[str] = []

    def look(*_: Any) -> None:
        files = [frame.filename for frame in traceback.extract_stack()]
        asked = [place for place, name in enumerate(files) if "/callbacks/" in name]
        between = files[asked[-1] :] if asked else []
        if asked and not any(name.endswith(SERVICES) for name in between):
            found.append(between[0])

    event.listen(engine, "before_cursor_execute", look)
    yield found
    event.remove(engine, "before_cursor_execute", look)


def test_whatever_is_opened_and_clicked_is_read_by_a_service(
    engine: Engine, dashboard: Dash, snapshots: Snapshots, direct: list[str]
) -> None:
    with engine.begin() as connection:
        add_job(connection, "job-1", status="failed")
    tab, stack = Tab(dashboard), "process_fathom_stack"
    of_phase = "?type=fathom&phase=phase1&state=pending"
    for address in (
        (SELECTOR, ""),
        (PIPELINE, "?type=fathom&region=rwa"),
        (GROUPS, of_phase),
        (JOBS, ""),
        (JOB_PAGE, "?job_id=job-1"),
    ):
        tab.open(*address)
        tab.tick()
        tab.look_again()
    tab.run_this_again()
    tab.open(PIPELINE, "?type=fathom")
    tab.click_opener(stack)
    tab.check(stack, {"region_code": "rwa"})
    tab.submit(stack, {"region_code": "rwa"})
    assert snapshots.latest("fathom").value is not None
    assert direct == []
