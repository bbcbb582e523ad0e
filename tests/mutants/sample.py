"""Which mutants are tried: the same ones for the same code and seed, from every package alike."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import zip_longest
from typing import TypeVar

from tests.mutants.mutant import Mutant, files_of
from tests.mutants.python import Module
from tests.mutants.sql import Template

T = TypeVar("T")


@cache
def mutated(path: str) -> Module | Template:
    """A file and its changes."""
    return Template(path) if path.endswith(".sql") else Module(path)


def sample(packages: Sequence[str], seed: int) -> Iterator[Mutant]:
    """All mutants in a random order, the packages in turn. None comes twice."""
    for path, number in in_turn([_order(package, seed) for package in packages]):
        mutant = mutated(path).mutant(number)
        if mutant.before != mutant.after:
            yield mutant


def _order(package: str, seed: int) -> list[tuple[str, int]]:
    """A package's changes, their kinds in turn: else most would be arguments left out."""
    by_kind: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for path in files_of(package):
        for number, kind in enumerate(mutated(path).kinds):
            by_kind[kind].append((path, number))
    chance = random.Random(f"{seed} {package}")
    for changes in by_kind.values():
        chance.shuffle(changes)
    return list(in_turn([by_kind[kind] for kind in sorted(by_kind)]))


def in_turn(orders: Iterable[Sequence[T]]) -> Iterator[T]:
    """One of each, then the next of each, until all are through."""
    for turn in zip_longest(*orders):
        yield from (one for one in turn if one is not None)
