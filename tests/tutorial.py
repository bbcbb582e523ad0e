"""A tutorial in Markdown, as somebody follows it: files are written, commands are run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VERBS = ("Put", "Add", "Replace")
FENCE = re.compile(r"(?P<before>[^\n]*)\n+```(?P<language>\w+)\n(?P<content>.*?)```\n", re.DOTALL)
NAMED = re.compile(r"`([^`\s]+)`")


@dataclass(frozen=True)
class Step:
    """A block of the page; `line` is the one above it, which says what it is for."""

    line: str
    language: str
    content: str

    @property
    def is_command(self) -> bool:
        return self.language == "sh"

    @property
    def is_server(self) -> bool:
        return self.is_command and self.content.strip() == "pipeline-monitor"


def steps(page: Path) -> Iterator[Step]:
    """The blocks of a page in their order."""
    for match in FENCE.finditer(page.read_text(encoding="utf-8")):
        yield Step(match["before"], match["language"], match["content"])


def write(step: Step, folder: Path) -> Path:
    """Does with a file what the line above the block says; the file."""
    sentence = re.split(r"(?<=[.:?]) ", step.line.strip())[-1]
    for part in (sentence, step.line):
        verbs = [verb for verb in VERBS if re.search(rf"\b{verb}\b", part, re.IGNORECASE)]
        if verbs and NAMED.search(part):
            break
    assert len(verbs) == 1, f"{step.line!r} says not what to do with the block"
    names = NAMED.findall(part)
    file = folder / names[-1]
    if verbs == ["Put"]:
        file.write_text(step.content)
    elif verbs == ["Add"]:
        file.write_text(f"{file.read_text()}\n{step.content}")
    else:
        file.write_text(_replaced(file.read_text(), names[0], step.content))
    return file


def _replaced(content: str, name: str, function: str) -> str:
    found = next(
        node
        for node in ast.parse(content).body
        if isinstance(node, ast.FunctionDef) and node.name == name
    )
    lines = content.splitlines(keepends=True)
    return "".join([*lines[: found.lineno - 1], function, *lines[found.end_lineno :]])
