"""Small changes of Python: mutmut's, without what changes words alone, and those of SQL in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_string

from tests.mutants import sql
from tests.mutants.mutant import Mutant, changed_lines, read

# Whether words are right is for people to say; SQL in texts is changed as such.
OPERATORS = [(kind, change) for kind, change in mutation_operators if change is not operator_string]
# What says what a thing is, and not what it does.
SKIPPED = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom, cst.TypeAlias)
Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement


@dataclass(frozen=True)
class Change:
    """A node and what it becomes, with the lines of its statement and what that defines.

    kind: what is changed, e.g. a comparison or an argument.
    """

    kind: str
    node: cst.CSTNode
    new: cst.CSTNode
    lines: tuple[int, ...]
    names: tuple[str, ...]


class Changes(cst.CSTVisitor):
    """Collects every change of a module."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Change] = []
        self._statements: list[cst.CSTNode] = []
        self._functions = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Takes the changes of a node; false for what has none inside."""
        if isinstance(node, SKIPPED) or _says_nothing(node):
            return False
        self._statements += [node] if isinstance(node, Statement) else []
        self._functions += isinstance(node, cst.FunctionDef | cst.Lambda)
        self.found += [
            Change(kind, node, new, self._lines(), self._names()) for kind, new in _changes(node)
        ]
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        """Leaves a node that was visited."""
        if self._statements and self._statements[-1] is original_node:
            self._statements.pop()
        self._functions -= isinstance(original_node, cst.FunctionDef | cst.Lambda)

    def _lines(self) -> tuple[int, ...]:
        if not self._statements:
            return ()
        statement = self._statements[-1]
        body = getattr(statement, "body", None)
        where = self.get_metadata(PositionProvider, statement)
        last = where.end.line
        # Of a compound statement its head alone: the rest are statements of their own. That of a
        # function is read when it is defined, and matters where it is called.
        if isinstance(body, cst.BaseSuite) and not isinstance(statement, cst.FunctionDef):
            last = max(where.start.line, self.get_metadata(PositionProvider, body).start.line - 1)
        return tuple(range(where.start.line, last + 1))

    def _names(self) -> tuple[str, ...]:
        """What a statement outside of functions defines."""
        if self._functions or not self._statements:
            return ()
        statement = self._statements[-1]
        assigned = [
            target.value
            for part in getattr(statement, "body", ())
            if isinstance(part, cst.Assign | cst.AnnAssign)
            for target in (
                [t.target for t in part.targets] if isinstance(part, cst.Assign) else [part.target]
            )
            if isinstance(target, cst.Name)
        ]
        return tuple(assigned) or ("",)


def _changes(node: cst.CSTNode) -> Iterator[tuple[str, cst.CSTNode]]:
    for of_type, change in OPERATORS:
        if isinstance(node, of_type):
            yield from (
                (change.__name__, new) for new in change(node) if _strict(new) == _strict(node)
            )
    if isinstance(node, cst.SimpleString) and sql.is_sql(node.value):
        for _, new in sql.changes_of(node.value):
            yield "sql", node.with_changes(value=new)


def _says_nothing(node: cst.CSTNode) -> bool:
    """A docstring, what is written into the log, and whether zip() is to check what holds."""
    match node:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString())]):
            return True
        case cst.Call(func=cst.Attribute(value=cst.Name(value="log"))):
            return True
        case cst.Arg(keyword=cst.Name(value="strict")):
            return True
    return False


def _strict(node: cst.CSTNode) -> str:
    """The argument of a call that says whether zip() is to check what holds anyway."""
    given = node.args if isinstance(node, cst.Call) else ()
    named = {arg.keyword.value: arg.value for arg in given if arg.keyword}
    return getattr(named.get("strict"), "value", "")


class Module:
    """A module and its changes, each of which is written when it is asked for: that takes long."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._source = read(path)
        self._wrapper = MetadataWrapper(cst.parse_module(self._source))
        changes = Changes()
        self._wrapper.visit(changes)
        self._found = changes.found

    @property
    def kinds(self) -> list[str]:
        """The kind of each change."""
        return [change.kind for change in self._found]

    def mutant(self, number: int) -> Mutant:
        """The module with one of its changes."""
        change = self._found[number]
        changed = self._wrapper.module.deep_replace(change.node, change.new)
        source = cst.ensure_type(changed, cst.Module).code
        before, after = changed_lines(self._source, source)
        return Mutant(self.path, change.lines, before, after, source, change.names)
