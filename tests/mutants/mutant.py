"""A small change of a file, and the files that are changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from settings import SOURCE

# What is mutated: what reads, runs, answers and keeps. Words and markup are looked at by people.
PACKAGES = ("queries", "jobs", "api", "callbacks", "database")
TEMPLATES = "database/rollups/templates"


@dataclass(frozen=True)
class Mutant:
    """A file as it is changed; `before` and `after` are the lines that differ.

    lines: the numbers of the lines of the changed statement; names: what the statement defines,
    where it is outside of functions and runs when its module is imported.
    """

    path: str
    lines: tuple[int, ...]
    before: str
    after: str
    source: str
    names: tuple[str, ...] = ()

    @property
    def package(self) -> str:
        """The package that the file is in."""
        return self.path.split("/")[0]

    @property
    def change(self) -> str:
        """The change on one line: the same as long as the code around it is."""
        return f"{self.before} → {self.after}"


def files_of(package: str) -> Iterator[str]:
    """The files of a package that are mutated, in order."""
    found = [
        path
        for kind in ("*.py", "templates/*.sql")
        for path in (SOURCE / package).rglob(kind)
        # What was installed with earlier versions is done; the sample is made up.
        if "migrations" not in path.parts and not path.stem.startswith(("sample", "synthetic"))
    ]
    yield from sorted(str(path.relative_to(SOURCE)) for path in found)


def read(path: str) -> str:
    """A file's text."""
    return Path(SOURCE / path).read_text(encoding="utf-8")


def digest_of(path: str) -> str:
    """Equal for a file of the same text."""
    return hashlib.sha256(read(path).encode()).hexdigest()[:16]


def changed_lines(old: str, new: str) -> tuple[str, str]:
    """The first lines in which two texts differ, without what they share around them."""
    olds, news = old.splitlines(), new.splitlines()
    first = next(
        (n for n, (a, b) in enumerate(zip(olds, news, strict=False)) if a != b),
        min(len(olds), len(news)),
    )
    before, after = (lines[first] if first < len(lines) else "" for lines in (olds, news))
    return " ".join(before.split()), " ".join(after.split())
