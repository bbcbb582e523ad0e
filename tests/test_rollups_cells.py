"""The arrays that hold a rollup cube."""

from __future__ import annotations

import numpy as np

from queries.rollups.cells import LEAST, Bins, Cells

MANY = 3 * LEAST


def test_cells_stay_where_they_are_however_many_come() -> None:
    cells = Cells(1, 1)
    for number in range(MANY):
        cells.put((f"r{number}",), [number])
    cells.put(("r7",), [70])
    assert cells.measures()[:, 0].tolist() == [*range(7), 70, *range(8, MANY)]
    some = np.array([LEAST, 0])
    assert list(cells.grouping(0, "none", some)) == [f"r{LEAST}", "r0"]


def test_a_missing_value_gets_its_label_among_the_sorted_values() -> None:
    cells = Cells(1, 1)
    for value in ("z", None, "a"):
        cells.position((value,))
    found = cells.grouping(0, "not set", np.array([0, 1, 2]))
    assert (list(found), list(found.categories)) == (["z", "not set", "a"], ["a", "not set", "z"])


def test_bins_take_changes_without_keeping_them() -> None:
    bins = Bins(1)
    for number in range(MANY):
        bins.put((1, number, 60), (1,))
    changes = [((1, 0, 60), (4,)), ((1, 0, 120), (2,)), ((1, 0, 120), (3,))]
    keys, counts = bins.plus([*changes, *(((2, n, 0), (1,)) for n in range(MANY))])
    found = {tuple(key): count for key, count in zip(keys.tolist(), counts[:, 0], strict=True)}
    assert (found[1, 0, 60], found[1, 0, 120], len(found)) == (5, 5, 2 * MANY + 1)
    assert bins.plus([])[1][:, 0].sum() == MANY


def test_old_bins_are_forgotten_when_they_are_most() -> None:
    bins = Bins(1)
    for number in range(MANY):
        bins.put((1, 1, number), (number,))
    bins.forget(MANY - 2)
    assert len(bins) == 2
    bins.put((1, 1, MANY), (9,))
    assert bins.plus([])[1][:, 0].tolist() == [MANY - 2, MANY - 1, 9]
