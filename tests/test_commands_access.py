"""Who may do what from the command line, and at the start of a server."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from access.tokens import digest_of, read_tokens
from app import main
from settings import SOURCE
from tests.factories import add_job

RUNNING = "processing"
OURS = text(
    "UPDATE app.jobs SET metadata = jsonb_build_object('executor', CAST(:executor AS text))"
)


def call(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(main, words, env=environment)


@pytest.mark.parametrize(
    "words",
    [
        ("jobs", "cancel", "j"),
        ("jobs", "rerun", "j"),
        ("jobs", "rerun", "j", "--from-start"),
        ("database", "create"),
        ("database", "install"),
        ("database", "rebuild"),
        ("database", "remove"),
        ("runner",),
    ],
    ids=" ".join,
)
def test_who_only_reads_changes_nothing(
    words: tuple[str, ...], database: str, engine: Engine
) -> None:
    with engine.begin() as connection:
        add_job(connection, "j")
    result = call(*words, DATABASE_URL=database, READ_ONLY="true")
    assert (result.exit_code, "READ_ONLY is set" in result.output) == (1, True), result.output
    with engine.connect() as connection:
        assert (
            connection.execute(text("SELECT status::text FROM app.jobs")).scalar() == "processing"
        )
        assert connection.execute(text("SELECT count(*) FROM monitor.audit")).scalar() == 0


@pytest.mark.parametrize("command", ["status", "verify"])
def test_who_only_reads_may_look(command: str, database: str) -> None:
    result = call("database", command, DATABASE_URL=database, READ_ONLY="true")
    assert result.exit_code == 0, result.output


def test_a_change_from_the_command_line_is_on_record(database: str, engine: Engine) -> None:
    with engine.begin() as connection:
        add_job(connection, "j")
        connection.execute(
            text('UPDATE app.jobs SET metadata = \'{"executor": "pipeline-monitor"}\'')
        )
    call("jobs", "cancel", "j", DATABASE_URL=database, RUNNER="on")
    with engine.connect() as connection:
        (entry,) = connection.execute(text("SELECT address, action, job_id FROM monitor.audit"))
    assert tuple(entry) == ("command line", "cancel", "j")


def test_a_token_is_printed_once_and_its_hash_is_for_the_settings() -> None:
    result = call("token", "nightly", "--scope", "submit")
    (secret,) = re.findall(r"Authorization: Bearer (\S+)", result.output)
    (entry,) = re.findall(r"nightly:submit:[0-9a-f]{64}", result.output)
    assert entry.endswith(digest_of(secret))
    found = read_tokens(entry).find(secret, "")
    assert found is not None
    assert (found.name, found.scope) == ("nightly", "submit")
    assert secret not in call("token", "nightly").output


def test_a_token_needs_a_plain_name() -> None:
    result = call("token", "a,b")
    assert (result.exit_code, "A name has letters" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"HOST": "0.0.0.0"}, "name the hosts that browsers ask for"),
        ({"AUTH_USER_HEADER": "X-User"}, "AUTH_USER_HEADER needs TRUSTED_PROXIES"),
        ({"TRUSTED_PROXIES": "proxy"}, "TRUSTED_PROXIES: "),
        ({"API_TOKENS": "pm_secret"}, "is not name:scope:hash"),
        ({"ALLOWED_HOSTS": "http://a"}, "is no host name"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("start", [("app.py", "serve"), ("-m", "gunicorn", "app:server()")])
def test_rules_that_do_not_hold_stop_the_start_with_one_line(
    start: tuple[str, ...], settings: dict[str, str], message: str
) -> None:
    given = {**os.environ, "DATABASE_URL": "postgresql://localhost/nothing", **settings}
    done = subprocess.run(
        [sys.executable, *start], env=given, cwd=SOURCE, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert (message in done.stderr, "Traceback" in done.stderr) == (True, False)
    assert len(done.stderr.strip().splitlines()) == 1
