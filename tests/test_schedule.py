"""Which tests one process runs when several share them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.schedule import CLUSTER, FIRST, MONITOR, place, unit

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", FIRST)
def test_a_file_with_a_place_of_its_own_is_there(name: str) -> None:
    assert (HERE / f"{name}.py").is_file()


def test_what_takes_long_comes_before_what_does_not() -> None:
    names = ["tests/test_colours.py", f"tests/{FIRST[1]}.py", f"tests/{FIRST[0]}.py"]
    assert sorted(names, key=place) == names[::-1]


@pytest.mark.parametrize("files", [MONITOR, CLUSTER])
def test_files_that_need_the_same_costly_thing_stay_together(files: tuple[str, ...]) -> None:
    units = {unit(f"tests/{name}.py") for name in files}
    assert len(units) == 1
    assert unit("tests/test_colours.py") not in units
