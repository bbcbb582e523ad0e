"""SQL with names from the registry: templates whose values are quoted before they are put in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from sqlalchemy import ClauseElement, Connection
from sqlalchemy.dialects import postgresql

TEMPLATES = Path(__file__).with_name("templates")
# Named parameters, as the SQL is not given to a driver that would read % and : in it.
DIALECT = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
LITERAL = re.compile(r"'(?:[^']|'')*'")


class Statements(Template):
    """SQL with @names to be filled in; `$` and `%` are SQL's own."""

    delimiter = "@"


def filled(name: str, values: Mapping[str, str]) -> str:
    """The template of that name with its values. Raises KeyError for a value that is not given."""
    text = (TEMPLATES / f"{name}.sql").read_text(encoding="utf-8")
    return Statements(text).substitute(values)


def compiled(clause: ClauseElement) -> str:
    """A clause as SQL text, its values as literals."""
    # A dialect without a connection leaves a backslash as it is; `_escaped` says what it means.
    text = str(clause.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))
    return LITERAL.sub(lambda found: _escaped(found[0]), text)


def literal_text(value: str) -> str:
    """A text as an SQL literal, whatever `standard_conforming_strings` says."""
    quoted = value.replace("'", "''")
    return _escaped(f"'{quoted}'")


def _escaped(literal: str) -> str:
    if "\\" not in literal:
        return literal
    doubled = literal.replace("\\", "\\\\")
    return f"E{doubled}"


def identifier(name: str) -> str:
    """A name as an SQL identifier."""
    return str(DIALECT.identifier_preparer.quote(name))


def body(text: str) -> str:
    """A function's body as a literal that ends nowhere inside it."""
    tag = "body"
    while f"${tag}$" in text:
        tag += "y"
    return f"${tag}$\n{text}${tag}$"


# Times beyond these are no times of work: infinity, a mistyped year. Arithmetic with them may fail.
EARLIEST, LATEST = "'0001-01-02'", "'9999-12-30'"


def is_valid_time(timestamp: str) -> str:
    """The condition that a time is one that can be reckoned with; NULL is none."""
    return f"({timestamp} >= {EARLIEST} AND {timestamp} <= {LATEST})"


def run(connection: Connection, statements: str) -> Any:
    """Executes SQL text without parameters, as it is."""
    unread = connection.execution_options(no_parameters=True)
    return unread.exec_driver_sql(statements)
