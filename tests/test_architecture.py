"""The paths of docs/architecture.md can be walked: ten files at the most, and each is there."""

from __future__ import annotations

import re

import pytest

from tests.test_conventions import ROOT

DOCS = ROOT / "docs"
PATHS = re.split(r"(?m)^## ", (DOCS / "architecture.md").read_text())[1:]
STEP = re.compile(r"(?m)^\d+\. \[(.+?)\]\((.+?)\): `(\w+)`")
LINK = re.compile(r"\]\((\.\./[^)#]+)")


def test_there_are_the_paths_of_a_tick_a_submit_and_a_timestamp() -> None:
    assert [path.split()[1].strip(":") for path in PATHS] == ["tick", "submit", "timestamp"]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.split(":")[0])
def test_a_path_is_walked_in_ten_files_that_its_picture_has(path: str) -> None:
    picture, steps = path.split("```")[1], re.findall(r"(?m)^\d+\. \[(.+?)\]", path)
    assert 5 < len(steps) <= 10
    assert [step for step in steps if step.removeprefix("database/") not in picture] == []


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.split(":")[0])
def test_every_file_of_a_path_is_there_with_what_it_is_said_to_have(path: str) -> None:
    assert [link for link in LINK.findall(path) if not (DOCS / link).exists()] == []
    files = [(DOCS / link, name) for _, link, name in STEP.findall(path)]
    assert [f"{file.name}: {name}" for file, name in files if name not in file.read_text()] == []
