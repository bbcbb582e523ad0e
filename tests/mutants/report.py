"""What came of the mutants, as docs/testing.md has it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from settings import SOURCE
from tests.mutants.lane import Verdict
from tests.mutants.mutant import Mutant

PAGE = SOURCE / "docs" / "testing.md"
TABLE = re.compile(r"(?<=<!-- mutants -->\n).*?(?=<!-- /mutants -->)", re.DOTALL)
REASONS = Path(__file__).with_name("reasons.toml")
LONGEST = 110


def known_reasons() -> dict[tuple[str, str], str]:
    """Why mutants change nothing that a test could see, by file and change."""
    entries = tomllib.loads(REASONS.read_text(encoding="utf-8"))["equivalent"]
    return {(one["file"], one["change"]): one["reason"] for one in entries}


def reason_of(mutant: Mutant, reasons: Mapping[tuple[str, str], str]) -> str:
    """Why a mutant is equivalent, "" if nobody says that it is."""
    return reasons.get((mutant.path, mutant.change), "")


def score(verdicts: Iterable[Verdict], reasons: Mapping[tuple[str, str], str]) -> float:
    """The share of mutants that tests killed, in percent; equivalent ones do not count."""
    counted = [one for one in verdicts if not (_lives(one) and reason_of(one.mutant, reasons))]
    killed = sum(not _lives(one) for one in counted)
    return 100 * killed / len(counted) if counted else 100.0


def _lives(verdict: Verdict) -> bool:
    return verdict.status in ("survived", "no test")


def make_table(
    verdicts: Sequence[Verdict], reasons: Mapping[tuple[str, str], str], seed: int, seconds: float
) -> str:
    """The tables, as they stand in the documentation."""
    packages = sorted({one.mutant.package for one in verdicts})
    of_packages = {name: [v for v in verdicts if v.mutant.package == name] for name in packages}
    rows = [_row(name, of_package, reasons) for name, of_package in of_packages.items()]
    survivors = [one for one in verdicts if _lives(one)]
    return "\n".join(
        [
            "| Package | Mutants | Killed | Survived | Equivalent | Score |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
            *rows,
            _row("all", verdicts, reasons),
            "",
            f"Seed {seed}, {len(verdicts)} mutants in {seconds / 60:.1f} minutes.",
            "",
            "| Survivor | Change | Reason |",
            "| --- | --- | --- |",
            *(_survivor(one, reasons) for one in sorted(survivors, key=_place)),
            "",
        ]
    )


def _row(name: str, verdicts: Sequence[Verdict], reasons: Mapping[tuple[str, str], str]) -> str:
    alive = [one for one in verdicts if _lives(one)]
    equivalent = sum(bool(reason_of(one.mutant, reasons)) for one in alive)
    counts = [len(verdicts), len(verdicts) - len(alive), len(alive) - equivalent, equivalent]
    cells = [name, *map(str, counts), f"{score(verdicts, reasons):.0f} %"]
    return f"| {' | '.join(cells)} |"


def _place(verdict: Verdict) -> tuple[str, tuple[int, ...]]:
    return verdict.mutant.path, verdict.mutant.lines


def _survivor(verdict: Verdict, reasons: Mapping[tuple[str, str], str]) -> str:
    mutant = verdict.mutant
    place = f"{mutant.path}:{mutant.lines[0] if mutant.lines else 1}"
    reason = reason_of(mutant, reasons) or (
        "no test runs it" if verdict.status == "no test" else ""
    )
    before, after = (_cell(text) for text in (mutant.before, mutant.after))
    return f"| {place} | `{before}` → `{after}` | {reason} |"


def _cell(text: str) -> str:
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return short.replace("|", "\\|").replace("`", "'")
