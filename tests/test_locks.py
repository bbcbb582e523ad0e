"""What is installed is what the locks say, to the byte."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distributions

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from settings import SOURCE

LOCKS = ["requirements.lock", "requirements-dev.lock"]


def locked(name: str) -> dict[str, tuple[str, str, int]]:
    """Of each package its version, its marker, and how many files it may come from."""
    entries = re.split(r"\n(?=\S)", (SOURCE / name).read_text().strip())
    found = {}
    for entry in entries:
        requirement, marker = re.match(r"(\S+)(?: ; ([^\\]+))? \\", entry).groups()  # type: ignore[union-attr]
        package, version = requirement.split("==")
        found[package] = version, (marker or "").strip(), entry.count("--hash=sha256:")
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_has_a_version_and_digests(name: str) -> None:
    assert {package for package, (_, _, files) in locked(name).items() if not files} == set()
    text = (SOURCE / name).read_text()
    # Where they come from is the machine's matter.
    assert "://" not in text


def test_the_locks_agree() -> None:
    run, dev = ({package: one[0] for package, one in locked(name).items()} for name in LOCKS)
    assert run.items() <= dev.items()


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((SOURCE / "pyproject.toml").read_text())["project"]
    asked = {
        LOCKS[0]: project["dependencies"] + project["optional-dependencies"]["build"],
        LOCKS[1]: project["optional-dependencies"]["dev"],
    }
    for name, requirements in asked.items():
        versions = {package: version for package, (version, _, _) in locked(name).items()}
        for requirement in map(Requirement, requirements):
            version = versions[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(version), requirement


def test_what_is_installed_is_locked() -> None:
    wanted = locked(LOCKS[1])
    installed = {canonicalize_name(one.name): one.version for one in distributions()}
    here = {
        package: version
        for package, (version, marker, _) in wanted.items()
        if not marker or Marker(marker).evaluate()
    }
    # Others may be there too, as a package for an object store.
    assert here.items() <= installed.items()
