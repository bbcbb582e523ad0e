"""What a benchmark has measured: one row per comparison, with its target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """What is asked of the comparison of a measured value with another.

    ratio: of the two, in the direction that `text` tells of; holds: whether a ratio is good.
    """

    text: str
    ratio: Callable[[float, float], float]
    holds: Callable[[float], bool]


def faster(times: float) -> Target:
    """The measured time is to be so many times shorter than the other."""
    return Target(
        f"≥ {times:,g}× faster", lambda own, other: other / own, lambda ratio: ratio >= times
    )


def at_most(times: float) -> Target:
    """The measured value is to be at most so many times the other."""
    return Target(f"≤ {times:,g}×", lambda own, other: own / other, lambda ratio: ratio <= times)


def at_least(times: float) -> Target:
    """The measured value is to be at least so many times the other."""
    return Target(f"≥ {times:,g}×", lambda own, other: own / other, lambda ratio: ratio >= times)


@dataclass(frozen=True)
class Row:
    """One comparison.

    name: what was measured; size: at which; unit: of `measured` and `against` (medians of the
    run's repeats); other: what `against` is of; note: what else there is to know. Without
    `against` the row is a fact beside others, with no ratio; without `target` nothing is asked.
    """

    name: str
    size: str
    unit: str
    measured: float
    against: float | None = None
    other: str = ""
    target: Target | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How the two compare, in the target's direction."""
        if self.against is None:
            return None
        ratio = self.target.ratio if self.target else lambda own, other: own / other
        return ratio(self.measured, self.against)

    @property
    def met(self) -> bool | None:
        """Whether the target is met, none where there is none."""
        if self.target is None or self.ratio is None:
            return None
        return self.target.holds(self.ratio)


def files_size(files: int) -> str:
    """The size of a table of so many files, as rows name it."""
    return f"{files:,} files"
