"""A database that says nothing is given up in time, and reached again when it is back."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from database.embedded import EmbeddedDatabase
from database.engine import error_message, limit_connection, open_engine
from pipelines.registry import Registry
from queries.frames import read_transaction
from queries.snapshot_reader import open_snapshot_reader
from queries.snapshots import Snapshots
from tests.monitor import PATIENCE
from tests.proxy import Proxy, proxy_to

SILENCE = "the server said nothing for"


@pytest.fixture
def proxy(server: EmbeddedDatabase) -> Iterator[Proxy]:
    with proxy_to(str(server.folder)) as proxy:
        yield proxy


@pytest.fixture
def behind(proxy: Proxy, engine: Engine) -> Iterator[Engine]:
    """The test's database, behind the proxy."""
    url = engine.url.set(host="127.0.0.1", port=proxy.port, query={})
    found = open_engine(url.render_as_string(hide_password=False))
    yield found
    found.dispose()


def one(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT 1")).scalar_one())


def test_a_statement_ends_when_its_connection_is_forgotten(proxy: Proxy, behind: Engine) -> None:
    with pytest.raises(DBAPIError, match=SILENCE):
        _read_and_forget(proxy, behind)


def _read_and_forget(proxy: Proxy, behind: Engine) -> None:
    with read_transaction(behind, 60) as connection:
        limit_connection(connection, 0.5)
        connection.execute(text("SELECT 1"))
        proxy.swallow()
        connection.execute(text("SELECT 2"))


def test_an_idle_connection_that_was_forgotten_is_replaced(proxy: Proxy, behind: Engine) -> None:
    assert one(behind) == 1
    proxy.swallow()
    with pytest.raises(DBAPIError, match=SILENCE):
        one(behind)
    proxy.pass_on()
    assert one(behind) == 1


@pytest.mark.parametrize("fault", ["swallow", "refuse"])
def test_numbers_that_can_not_be_renewed_say_so_and_are_renewed_later(
    proxy: Proxy, behind: Engine, registry: Registry, fault: str
) -> None:
    snapshots = Snapshots(registry, open_snapshot_reader(behind, registry, 1), 1)
    good = snapshots.renew("fathom")
    getattr(proxy, fault)()
    began = time.monotonic()
    bad = snapshots.renew("fathom")
    assert bad.error
    assert bad.value is good.value
    # Not a matter of speed: without a limit it would never end.
    assert time.monotonic() - began < PATIENCE
    proxy.pass_on()
    assert snapshots.renew("fathom").error is None


def test_text_is_read_in_every_encoding_whatever_the_environment_says(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    other = open_engine(engine.url.render_as_string(hide_password=False))
    with other.connect() as connection:
        assert connection.execute(text("SELECT '日本 📦'")).scalar_one() == "日本 📦"
    other.dispose()


def test_an_error_that_is_not_the_databases_says_its_own_words() -> None:
    assert error_message(PoolTimeoutError("no connection\n is free")) == "no connection is free"
