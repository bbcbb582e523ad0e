"""The files of deploy/ name settings, commands, files and ports that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from app import main
from commands.supervise import ENOUGH_SECONDS
from settings import SOURCE, Settings

DEPLOY = SOURCE / "deploy"
CONTAINERFILE, COMPOSE = DEPLOY / "Containerfile", DEPLOY / "compose.yaml"
UNITS = sorted(DEPLOY.glob("*.service"))
INSTALL = SOURCE / "docs" / "install.md"
SETTINGS = {name.upper() for name in Settings.model_fields}
PORT = str(Settings.model_fields["port"].default)
# Settings of others: Python, the shell, PostgreSQL, and of compose.yaml itself.
OTHERS = {
    "PATH",
    "PYTHONUNBUFFERED",
    "POSTGRES_USER",
    "POSTGRES_PASSWORD",
    "HTTP_PORT",
    "HTTPS_PORT",
}
COMMAND = re.compile(r"app\.py((?:[\"',]* [\"']?[a-z]+)+)")
PYTHON = "/opt/pipeline-monitor/.venv/bin/python"


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return found


def unit(path: Path) -> ConfigParser:
    # systemd allows a key several times; the last one is enough here.
    found = ConfigParser(strict=False, interpolation=None)
    found.optionxform = str  # type: ignore[assignment, method-assign]
    found.read(path)
    return found


def commands(words: list[str]) -> list[str]:
    """The words that name a command, one below the other; the others are its arguments."""
    group: click.Command | None = main
    known = []
    for word in words:
        if not isinstance(group, click.Group):
            break
        group = group.get_command(click.Context(group), word)
        assert group is not None, f"no command {' '.join([*known, word])}"
        known.append(word)
    return known


@pytest.mark.parametrize("path", [CONTAINERFILE, COMPOSE, INSTALL, *UNITS], ids=lambda p: p.name)
def test_every_command_exists(path: Path) -> None:
    named = [re.findall("[a-z]+", words) for words in COMMAND.findall(path.read_text())]
    assert named
    assert all(commands(words) for words in named)


def test_every_setting_exists() -> None:
    text = "".join(path.read_text() for path in (CONTAINERFILE, COMPOSE, *UNITS))
    given = set(re.findall(r"^ *(?:ENV |Environment=)?([A-Z][A-Z_]+)[=:] *\S", text, re.MULTILINE))
    used = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text()))
    assert {"DATABASE_URL", "DATA_DIR", "HOST", "RUNNER", "POSTGRES_PASSWORD"} <= given
    build = {"FROM", "RUN", "ENV", "ARG", "CMD", "PYTHON"}
    assert (given | used) - SETTINGS - OTHERS - build == set()


def test_the_image_has_what_the_program_is_made_of() -> None:
    lines = (SOURCE / ".dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert "*" in lines
    assert {name for name in let_in if not (SOURCE / name).exists()} == set()
    project = tomllib.loads((SOURCE / "pyproject.toml").read_text())
    setuptools = project["tool"]["setuptools"]
    packages = {name.removesuffix("*") for name in setuptools["packages"]["find"]["include"]}
    modules = {f"{name}.py" for name in setuptools["py-modules"]}
    others = {"pyproject.toml", "requirements.lock", "README.md", "gunicorn.conf.py"}
    assert packages | modules | others <= let_in


def test_all_agree_on_the_port() -> None:
    assert f"EXPOSE {PORT}" in CONTAINERFILE.read_text()
    assert f"environ.get('PORT', '{PORT}')" in CONTAINERFILE.read_text()
    server = f"127.0.0.1:{PORT}"
    assert f"server {server};" in (DEPLOY / "nginx.conf").read_text()
    (replaced,) = re.findall(r"sed '(s/\S+)'", COMPOSE.read_text())
    changed = subprocess.run(["sed", replaced], input=server, capture_output=True, text=True)
    assert changed.stdout.strip() == f"dashboard:{PORT}"


def test_the_image_is_installed_as_make_does() -> None:
    for options in (
        "--require-hashes --requirement requirements.lock",
        "--no-deps --no-build-isolation --editable .",
    ):
        assert options in (SOURCE / "Makefile").read_text()
        assert options in CONTAINERFILE.read_text()
    assert "USER monitor" in CONTAINERFILE.read_text()


def test_compose_names_its_own_services_volumes_and_files() -> None:
    services, volumes = compose()["services"], compose()["volumes"]
    ignored = [line.strip("/") for line in (SOURCE / ".gitignore").read_text().splitlines()]
    assert {"postgres", "dashboard", "runner", "proxy"} <= services.keys()
    for service in services.values():
        assert service.get("depends_on", {}).keys() <= services.keys()
        for volume in service.get("volumes", ()):
            place = volume.split(":")[0]
            here = place.removeprefix("./")
            there = (DEPLOY / here).exists() or f"deploy/{here}" in ignored
            assert place in volumes or (place.startswith("./") and there), volume


@pytest.mark.parametrize("path", UNITS, ids=lambda p: p.name)
def test_a_unit_is_confined_and_ends_in_order(path: Path) -> None:
    service = unit(path)["Service"]
    assert service["ExecStart"].startswith(f"{PYTHON} app.py")
    assert service["User"] not in ("", "root")
    assert (service["NoNewPrivileges"], service["ProtectSystem"]) == ("yes", "strict")
    assert service["Restart"] == "on-failure"
    # Workers are ended by their runner, which gets as long as `python app.py` gives it.
    assert service["KillMode"] == "mixed"
    assert int(service["TimeoutStopSec"]) >= ENOUGH_SECONDS
    assert service["Environment"] == f"DATA_DIR=/var/lib/{service['StateDirectory']}"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
@pytest.mark.parametrize("path", UNITS, ids=lambda p: p.name)
def test_systemd_understands_a_unit(path: Path, tmp_path: Path) -> None:
    # It looks for the program, which is elsewhere here.
    copy = tmp_path / path.name
    copy.write_text(path.read_text().replace(PYTHON, sys.executable))
    command = ["systemd-analyze", "verify", "--man=no", str(copy)]
    verified = subprocess.run(command, capture_output=True, text=True)
    about_it = [line for line in verified.stderr.splitlines() if path.name in line]
    assert (about_it, verified.returncode) == ([], 0), verified.stderr
