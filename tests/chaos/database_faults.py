"""Faults of the database and of the way to it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, make_url, text

from tests.chaos.world import Chance, World
from tests.copies import url_of
from tests.proxy import Proxy, proxy_to

OTHERS_END = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def jobs_table_is_locked_past_the_lease(world: World, chance: Chance) -> None:
    """An exclusive lock of `app.jobs`, for longer than the lease."""
    world.start_runner()
    world.work(chance, lambda: world.outlast_lease(_jobs_table_locked(world.engine)))


@contextmanager
def _jobs_table_locked(engine: Engine) -> Iterator[None]:
    with engine.begin() as connection:
        connection.execute(text("LOCK TABLE app.jobs IN ACCESS EXCLUSIVE MODE"))
        yield


def database_is_stopped_past_the_lease(world: World, chance: Chance) -> None:
    """SIGSTOP to every process of the server, for longer than the lease."""
    world.start_runner()
    world.work(chance, lambda: world.outlast_lease(world.lane.server.stopped()))


def database_is_killed(world: World, chance: Chance) -> None:
    """SIGKILL to every process of the server; it recovers from its log."""
    world.start_runner()

    def strike() -> None:
        world.lane.server.kill()
        time.sleep(chance.random.uniform(0, 1))
        world.lane.server.start()

    world.work(chance, strike)


def connections_are_ended(world: World, chance: Chance) -> None:
    """All connections are ended by the server, several times."""
    world.start_runner()

    def strike() -> None:
        for _ in range(chance.random.randint(1, 6)):
            with world.engine.begin() as connection:
                connection.execute(text(OTHERS_END))
            time.sleep(chance.random.uniform(0, 0.5))

    world.work(chance, strike)


def connections_are_swallowed_past_the_lease(world: World, chance: Chance) -> None:
    """A proxy passes nothing on and says nothing, for longer than the lease."""
    with proxy_to(str(world.lane.server.folder)) as proxy:
        behind = make_url(world.url).set(host="127.0.0.1", port=proxy.port, query={})
        world.start_runner(DATABASE_URL=behind.render_as_string(hide_password=False))
        world.work(chance, lambda: world.outlast_lease(_swallowing(proxy)))


@contextmanager
def _swallowing(proxy: Proxy) -> Iterator[None]:
    proxy.swallow()
    yield
    proxy.pass_on()


def database_is_dumped_and_restored(world: World, chance: Chance) -> None:
    """In the middle of the work the database is dumped, dropped, and restored under its name."""
    runner = world.start_runner()

    def strike() -> None:
        name, server = str(world.engine.url.database), world.lane.server
        dump = world.folder / "dump"
        command = [server.program("pg_dump"), "-Fc", "-f", str(dump), world.url]
        subprocess.run(command, check=True)
        runner.kill()
        runner.join()
        world.engine.dispose()
        server.say(f"DROP DATABASE {name} WITH (FORCE)")
        server.say(f"CREATE DATABASE {name} TEMPLATE template0")
        restore = [server.program("pg_restore"), "-d", url_of(server.url, name), str(dump)]
        subprocess.run(restore, check=True)
        world.start_runner()

    world.work(chance, strike)
