"""What `make mutants` changes, which tests it runs, and what it writes down."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice

import pytest

from tests.mutants import sql
from tests.mutants.covering import Covering, users_of
from tests.mutants.lane import CHECK, Lane, Verdict, open_lane
from tests.mutants.mutant import Mutant, changed_lines, read
from tests.mutants.report import PAGE, TABLE, known_reasons, make_table, score
from tests.mutants.sample import in_turn, mutated, sample

CACHE = "queries/cache.py"
KINDS = {("queries/cache.py", "a → b"): "it is the same"}


def mutant_of(path: str = CACHE, **given: object) -> Mutant:
    facts = {"lines": (1,), "before": "a", "after": "b", "source": "b", "names": ()}
    return Mutant(path, **{**facts, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("WHERE a < b", ["WHERE a <= b"]),
        ("WHERE a >= b", ["WHERE a > b"]),
        ("WHERE a IS NOT NULL", ["WHERE a IS NULL"]),
        ("WHERE a AND NOT EXISTS (x)", ["WHERE a OR NOT EXISTS (x)", "WHERE a AND EXISTS (x)"]),
        ("ORDER BY a DESC NULLS LAST", ["ORDER BY a NULLS LAST", "ORDER BY a DESC"]),
        ("WHERE status = 'failed'", ["WHERE status <> 'failed'", "WHERE status = 'completed'"]),
        ("SELECT a -> 'b' -- a < b", []),
    ],
)
def test_sql_is_changed_in_what_it_asks(text: str, changed: list[str]) -> None:
    assert [new for _, new in sql.changes_of(text)] == changed


def test_a_module_is_changed_in_what_it_does() -> None:
    module = mutated(CACHE)
    every = [module.mutant(number) for number in range(len(module.kinds))]
    for one in every:
        ast.parse(one.source)
    changes = {one.change for one in every}
    assert "LARGEST = 200 → LARGEST = 201" in changes
    assert "found: bool = True → found: bool = False" in changes
    stale = "stale = query.began_at < oldest or query.began_at == -math.inf"
    assert f"{stale} → {stale.replace('<', '<=')}" in changes
    # Words, annotations and the log are left alone.
    old = {one.before for one in every}
    assert not [line for line in old if "log.warning" in line or line.startswith('"""')]
    assert not [one for one in every if "def age(self)" in one.before]


def test_a_change_knows_its_statement() -> None:
    module = mutated(CACHE)
    every = [module.mutant(number) for number in range(len(module.kinds))]
    (largest,) = [one for one in every if one.change == "LARGEST = 200 → LARGEST = 201"]
    assert largest.names == ("LARGEST",)
    lines = read(CACHE).splitlines()
    inside = [one for one in every if not one.names]
    assert all(one.before in {" ".join(lines[n - 1].split()) for n in one.lines} for one in inside)


def test_the_same_seed_tries_the_same_mutants_of_all_packages() -> None:
    packages = ["callbacks", "api"]
    first, again = (list(islice(sample(packages, 1), 30)) for _ in range(2))
    assert [one.change for one in first] == [one.change for one in again]
    assert {one.package for one in first} == set(packages)
    other = islice(sample(packages, 2), 30)
    assert [one.change for one in first] != [one.change for one in other]


def test_orders_are_gone_through_in_turn() -> None:
    assert list(in_turn(["ad", "", "bef", "c"])) == ["a", "b", "c", "d", "e", "f"]


def test_the_tests_that_run_a_line_are_run_the_nearest_first() -> None:
    near, quick, slow = (f"tests/test_{name}.py::test_a" for name in ("cache", "quick", "slow"))
    seconds = {near: 1.0, quick: 0.5, slow: 40.0, "tests/test_x.py::test_b": 0.2}
    covering = Covering({CACHE: {7: [quick, near, slow], 9: ["tests/test_x.py::test_b"]}}, seconds)
    assert covering.tests_for(mutant_of(lines=(7,))) == [near, quick]
    assert covering.tests_for(mutant_of(lines=(8,))) == []
    named = ["tests/test_queries_x.py::test_a", "tests/test_y.py::test_b"]
    of_package = Covering({}, dict.fromkeys(named, 1.0))
    assert of_package.tests_for(mutant_of()) == named[:1]
    # Of a constant those that run what names it; else all that run anything of its module.
    assert len(covering.tests_for(mutant_of(names=("nobody",)))) == 3


def test_who_names_a_constant_is_found() -> None:
    lines = read(CACHE).splitlines()
    found = [lines[number - 1] for number in users_of(mutant_of(names=("_Version",)))]
    assert any("_Entries(_Version, largest)" in line for line in found)


def test_lines_that_differ_are_told_on_one_line() -> None:
    assert changed_lines("a\n  b  c\nd", "a\n  b  e\nd") == ("b c", "b e")
    assert changed_lines("a\nb", "a") == ("b", "")


def test_equivalent_mutants_do_not_count() -> None:
    verdicts = [
        Verdict(mutant_of(), "survived"),
        Verdict(mutant_of(before="x"), "killed"),
        Verdict(mutant_of(before="y"), "timeout"),
        Verdict(mutant_of(before="z"), "no test"),
    ]
    assert score(verdicts, {}) == 50
    assert score(verdicts, KINDS) == pytest.approx(200 / 3)
    table = make_table(verdicts, KINDS, 1, 60)
    assert "| queries | 4 | 2 | 1 | 1 | 67 % |" in table
    assert "| queries/cache.py:1 | `a` → `b` | it is the same |" in table
    assert "| queries/cache.py:1 | `z` → `b` | no test runs it |" in table


def test_the_documentation_has_a_place_for_the_tables() -> None:
    assert len(TABLE.findall(PAGE.read_text())) == 1


def test_reasons_are_of_mutants_that_there_are() -> None:
    for path, change in known_reasons():
        module = mutated(path)
        every = (module.mutant(number).change for number in range(len(module.kinds)))
        assert change in every, f"{path}: {change}"


@pytest.fixture(scope="module")
def lane() -> Iterator[Lane]:
    with open_lane() as lane:
        yield lane


@pytest.mark.parametrize(
    ("test", "seconds", "status"),
    [
        ("test_within_an_interval_one_reading_serves_all", 60, "killed"),
        ("test_what_is_not_there_is_not_found", 60, "survived"),
        ("test_what_is_not_there_is_not_found", 0, "timeout"),
    ],
)
def test_a_lane_tells_whether_a_test_fails(
    lane: Lane, test: str, seconds: float, status: str
) -> None:
    source = read(CACHE).replace("asked - self._interval", "asked + self._interval")
    mutant = mutant_of(source=source)
    tests = [f"tests/test_queries_query_cache.py::{test}"]
    assert lane.judge(mutant, tests, seconds).status == status
    assert lane.judge(mutant, [], 60).status == "no test"


def test_a_lane_outlives_a_mutant_that_damages_its_server(lane: Lane) -> None:
    path = "database/embedded.py"
    source = read(path).replace("[pid for pid in json.loads(listed) if _lives(pid)]", "None")
    mutant = mutant_of(path=path, source=source)
    assert lane.judge(mutant, [CHECK], 60).status == "killed"
    assert lane.is_sound()


def test_a_lane_that_is_damaged_is_not_sound(lane: Lane) -> None:
    (lane.folder / "pg" / ".handle_pids.json").write_text("null")
    assert [lane.is_sound() for _ in range(3)] == [False, True, True]
