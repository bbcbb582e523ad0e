"""The cells of a rollup cube, as arrays: groupings as codes, measures as whole numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Values = tuple[str | None, ...]
Counts = NDArray[np.int64]

LEAST = 256


class Cells:
    """Cells by their position; one never moves and is never forgotten.

    `width` groupings and `measures` whole numbers a cell.
    """

    def __init__(self, width: int, measures: int) -> None:
        self._positions: dict[Values, int] = {}
        self._codes: list[dict[str | None, int]] = [{} for _ in range(width)]
        self._coded = np.zeros((LEAST, width), dtype=np.int32)
        self._measures = np.zeros((LEAST, measures), dtype=np.int64)
        self._named: dict[int, _Named] = {}

    def __len__(self) -> int:
        return len(self._positions)

    def position(self, values: Values) -> int:
        """Where a cell stands; a new one is all zeros."""
        position = self._positions.get(values)
        if position is not None:
            return position
        position = len(self._positions)
        if position == len(self._measures):
            self._coded = np.concatenate([self._coded, np.zeros_like(self._coded)])
            self._measures = np.concatenate([self._measures, np.zeros_like(self._measures)])
        for place, (codes, value) in enumerate(zip(self._codes, values, strict=True)):
            self._coded[position, place] = codes.setdefault(value, len(codes))
        self._positions[values] = position
        return position

    def put(self, values: Values, measures: Sequence[int]) -> int:
        """Sets a cell's measures; its position."""
        position = self.position(values)
        self._measures[position] = measures
        return position

    def measures(self) -> Counts:
        """A copy of all measures, a row per cell."""
        return self._measures[: len(self)].copy()

    def values(self, place: int) -> set[str]:
        """The values of a grouping that ever occurred."""
        return {value for value in self._codes[place] if value is not None}

    def grouping(self, place: int, missing: str, positions: NDArray[np.intp]) -> pd.Categorical:
        """A grouping's values at some positions, those without one called `missing`."""
        codes = self._codes[place]
        named = self._named.get(place)
        if named is None or named.missing != missing or len(named.ranks) != len(codes):
            named = self._named[place] = _named(codes, missing)
        ranks = named.ranks[self._coded[positions, place]]
        return pd.Categorical.from_codes(ranks, dtype=named.dtype, validate=False)


@dataclass(frozen=True)
class _Named:
    """The values of a grouping in their order, and the rank of each code."""

    missing: str
    ranks: NDArray[np.int32]
    dtype: pd.CategoricalDtype


def _named(codes: Mapping[str | None, int], missing: str) -> _Named:
    values = [missing if value is None else value for value in codes]
    ranks = np.empty(len(values), dtype=np.int32)
    ranks[sorted(range(len(values)), key=values.__getitem__)] = np.arange(len(values))
    return _Named(missing, ranks, pd.CategoricalDtype(pd.Index(sorted(values), dtype="str")))


class Bins:
    """Counts by phase, cell (its position) and time (seconds since 1970), `columns` a bin."""

    def __init__(self, columns: int) -> None:
        self._places: dict[tuple[int, int, int], int] = {}
        self._keys = np.zeros((LEAST, 3), dtype=np.int64)
        self._counts = np.zeros((LEAST, columns), dtype=np.int64)

    def __len__(self) -> int:
        return len(self._places)

    def put(self, key: tuple[int, int, int], counts: Sequence[int]) -> None:
        """Sets a bin (phase, cell, time)."""
        place = self._place(key)
        self._counts[place] = counts

    def _place(self, key: tuple[int, int, int]) -> int:
        place = self._places.setdefault(key, len(self._places))
        if place == len(self._counts):
            self._keys = np.concatenate([self._keys, np.zeros_like(self._keys)])
            self._counts = np.concatenate([self._counts, np.zeros_like(self._counts)])
        self._keys[place] = key
        return place

    def plus(
        self, changes: Iterable[tuple[tuple[int, int, int], Sequence[int]]]
    ) -> tuple[Counts, Counts]:
        """Keys and counts of all bins with the changes added; the bins stay as they are."""
        size, new = len(self), Bins(self._counts.shape[1])
        counts = self._counts[:size].copy()
        for key, change in changes:
            place = self._places.get(key)
            if place is None:
                place = new._place(key)
                new._counts[place] += np.asarray(change, dtype=np.int64)
            else:
                counts[place] += np.asarray(change, dtype=np.int64)
        if not len(new):
            return self._keys[:size], counts
        return (
            np.concatenate([self._keys[:size], new._keys[: len(new)]]),
            np.concatenate([counts, new._counts[: len(new)]]),
        )

    def forget(self, before: int) -> None:
        """Drops the bins of earlier times, once they are the most."""
        size = len(self)
        rollup = np.flatnonzero(self._keys[:size, 2] >= before)
        if size < LEAST or len(rollup) > size // 2:
            return
        keys, counts = self._keys[rollup], self._counts[rollup]
        self._places = {tuple(key): place for place, key in enumerate(keys.tolist())}
        room = max(LEAST, len(rollup))
        self._keys = np.zeros((room, 3), dtype=np.int64)
        self._counts = np.zeros((room, counts.shape[1]), dtype=np.int64)
        self._keys[: len(rollup)], self._counts[: len(rollup)] = keys, counts
