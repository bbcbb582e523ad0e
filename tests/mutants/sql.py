"""Small changes of SQL: what a person mistypes, and no test of Python's syntax would notice."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.mutants.mutant import Mutant, changed_lines, read

# Each expression and what it becomes. Spaces tell an operator from a part of another one.
CHANGES: tuple[tuple[str, str], ...] = (
    (r" < ", " <= "),
    (r" <= ", " < "),
    (r" > ", " >= "),
    (r" >= ", " > "),
    (r" = ", " <> "),
    (r" <> ", " = "),
    (r"\bAND\b", "OR"),
    (r"\bOR\b(?! REPLACE)", "AND"),
    (r"\bIS NOT NULL\b", "IS NULL"),
    (r"\bIS NULL\b", "IS NOT NULL"),
    (r"\bNOT EXISTS\b", "EXISTS"),
    (r"(?<!NOT )\bEXISTS\b", "NOT EXISTS"),
    (r"\bNOT IN\b", "IN"),
    (r"(?<!NOT )\bIN\b(?= \(| :)", "NOT IN"),
    (r"\bmin\(", "max("),
    (r"\bmax\(", "min("),
    (r"\bleast\(", "greatest("),
    (r"\bgreatest\(", "least("),
    (r" DESC\b", ""),
    (r" NULLS LAST\b", ""),
    (r" \+ (?=\w)", " - "),
    (r" - (?=[\w:@])", " + "),
    (r"'processing'", "'failed'"),
    (r"'failed'", "'completed'"),
    (r"'completed'", "'failed'"),
    (r"'queued'", "'pending'"),
    (r"'pending'", "'queued'"),
    (r"\bsum\(", "max("),
    (r"\bDISTINCT ", ""),
    (r"\bUNION ALL\b", "EXCEPT ALL"),
    (r"\bLEFT JOIN\b", "JOIN"),
)
COMMENT = re.compile(r"--[^\n]*")
STATEMENT = re.compile(r"\b(SELECT|UPDATE|INSERT INTO|DELETE FROM|CASE WHEN|WHERE|AND|ORDER BY)\b")


def is_sql(text: str) -> bool:
    """Whether a text is SQL, or a part of it."""
    return bool(STATEMENT.search(text))


def changes_of(text: str) -> Iterator[tuple[int, str]]:
    """Every change of a text of SQL: where it begins, and the text with it."""
    hidden = [found.span() for found in COMMENT.finditer(text)]
    for pattern, new in CHANGES:
        for found in re.finditer(pattern, text):
            start, end = found.span()
            if not any(begin <= start < stop for begin, stop in hidden):
                yield start, text[:start] + new + text[end:]


class Template:
    """A file of SQL and its changes."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._source = read(path)
        self._found = list(changes_of(self._source))

    @property
    def kinds(self) -> list[str]:
        """The kind of each change."""
        return ["sql"] * len(self._found)

    def mutant(self, number: int) -> Mutant:
        """The file with one of its changes."""
        start, source = self._found[number]
        line = self._source.count("\n", 0, start + 1) + 1
        return Mutant(self.path, (line,), *changed_lines(self._source, source), source)
