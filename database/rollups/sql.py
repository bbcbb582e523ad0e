"""SQL templates whose names and values, which come from the registry, are quoted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from sqlalchemy import ClauseElement, Connection
from sqlalchemy.dialects import postgresql

TEMPLATES = Path(__file__).with_name("templates")
# Named parameters: the SQL does not go through a driver that would interpret % and :.
DIALECT = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
LITERAL = re.compile(r"'(?:[^']|'')*'")


class Statements(Template):
    """SQL with @names as placeholders, since `$` and `%` have a meaning in SQL."""

    delimiter = "@"


def filled(name: str, values: Mapping[str, str]) -> str:
    """The named template with its values filled in. Raises KeyError for a missing value."""
    text = (TEMPLATES / f"{name}.sql").read_text(encoding="utf-8")
    return Statements(text).substitute(values)


def compiled(clause: ClauseElement) -> str:
    """A clause as SQL text, with literal values."""
    # A dialect without a connection leaves a backslash as it is; `_escaped` says what it means.
    text = str(clause.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))
    return LITERAL.sub(lambda found: _escaped(found[0]), text)


def literal_text(value: str) -> str:
    """A text as an SQL literal that is valid with any `standard_conforming_strings`."""
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
    """A function's body as a dollar-quoted literal."""
    tag = "body"
    while f"${tag}$" in text:
        tag += "y"
    return f"${tag}$\n{text}${tag}$"


# Times outside these are invalid (infinity, a mistyped year): arithmetic with them may fail.
EARLIEST, LATEST = "'0001-01-02'", "'9999-12-30'"


def is_valid_time(timestamp: str) -> str:
    """The SQL condition that a time is valid; NULL is not."""
    return f"({timestamp} >= {EARLIEST} AND {timestamp} <= {LATEST})"


def run(connection: Connection, statements: str) -> Any:
    """Executes SQL text as it is, without parameters."""
    unread = connection.execution_options(no_parameters=True)
    return unread.exec_driver_sql(statements)
