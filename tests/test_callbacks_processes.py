"""Two processes of one server, on which a tab's ticks land in turn."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from callbacks.page_state import PageState
from callbacks.sent_values import SentValues
from callbacks.shared_values import SharedValues
from layouts import ids
from layouts.links import JOB_PAGE, PIPELINE, SELECTOR
from layouts.page_values import PageValues
from pipelines.registry import Registry
from queries.snapshot_reader import open_snapshot_reader
from queries.snapshots import Snapshots
from tests.dashboards import make_dashboard
from tests.door import Door
from tests.factories import add_files, add_job
from tests.tab import Tab

FATHOM = "?type=fathom"
NOW = datetime.fromisoformat("2026-01-06T14:00:00+05:45")
SLOTS = PageValues(text={"total": "6"})


class Process:
    """A process that serves: its readings, and a dashboard over them."""

    def __init__(self, engine: Engine, registry: Registry, shared: Path) -> None:
        self.snapshots = Snapshots(registry, open_snapshot_reader(engine, registry, 10), 1)
        self.app = make_dashboard(engine, registry, self.snapshots, shared)
        self.read()

    def read(self) -> None:
        """Reads the numbers of this moment."""
        for pipeline in ("fathom", "raster_v2"):
            self.snapshots.renew(pipeline)


@pytest.fixture
def processes(engine: Engine, registry: Registry, tmp_path: Path) -> tuple[Process, Process]:
    """Two processes over a database with 40 regions."""
    with engine.begin() as connection:
        for number in range(40):
            add_files(connection, 1, metadata={"region": f"r{number:03}"})
    return Process(engine, registry, tmp_path), Process(engine, registry, tmp_path)


def grow(engine: Engine) -> None:
    """Adds a file, so that there is something new."""
    with engine.begin() as connection:
        add_files(connection, 1, metadata={"region": "r007"})


def test_a_tick_that_lands_on_another_process_sends_what_differs(
    processes: tuple[Process, Process], engine: Engine
) -> None:
    tab, sent = Tab(processes[0].app), []
    tab.open(PIPELINE, FATHOM)
    for turn in range(1, 6):
        grow(engine)
        process = processes[turn % 2]
        process.read()
        tab.land_on(process.app)
        tab.tick()
        assert tab.text("total") == str(40 + turn)
        sent.append(tab.received)
    assert max(sent) < 2000


def test_a_tick_that_lands_on_a_process_that_is_behind_changes_nothing(
    processes: tuple[Process, Process], engine: Engine
) -> None:
    ahead, behind = processes
    tab = Tab(ahead.app)
    tab.open(PIPELINE, FATHOM)
    grow(engine)
    ahead.read()
    tab.tick()
    timestamps = tab.timestamps
    tab.land_on(behind.app)
    assert set(tab.tick()) == {ids.PROBLEM}
    assert (tab.text("total"), tab.timestamps) == ("41", timestamps)
    behind.read()
    tab.tick()
    assert tab.text("total") == "41"
    assert tab.timestamps["at"] > timestamps["at"]


def test_a_filter_that_lands_on_a_process_that_is_behind_shows_new_numbers(
    processes: tuple[Process, Process], engine: Engine
) -> None:
    ahead, behind = processes
    tab = Tab(ahead.app)
    tab.open(PIPELINE, FATHOM)
    grow(engine)
    ahead.read()
    tab.tick()
    tab.land_on(behind.app)
    tab.narrow(f"{FATHOM}&region=r007")
    assert tab.text("total") == "2"


def test_a_process_whose_database_is_away_says_so_and_leaves_newer_numbers(
    processes: tuple[Process, Process], engine: Engine, door: Door
) -> None:
    ahead, behind = processes
    tab = Tab(ahead.app)
    tab.open(PIPELINE, FATHOM)
    grow(engine)
    ahead.read()
    tab.tick()
    door.close()
    behind.read()
    tab.land_on(behind.app)
    answer = tab.tick()
    assert "not currently accepting connections" in answer[ids.PROBLEM]["children"]
    assert tab.text("total") == "41"
    # Who asks for other numbers gets the ones that there are.
    tab.narrow(f"{FATHOM}&region=r007")
    assert tab.text("total") == "1"


def test_of_several_pipelines_none_goes_back(
    processes: tuple[Process, Process], engine: Engine
) -> None:
    ahead, behind = processes
    tab = Tab(ahead.app)
    tab.open(SELECTOR)
    ahead.snapshots.renew("fathom")
    tab.tick()
    behind.snapshots.renew("raster_v2")
    tab.land_on(behind.app)
    assert set(tab.tick()) == {ids.PROBLEM}


def test_a_jobs_page_goes_on_in_either_process(
    processes: tuple[Process, Process], engine: Engine
) -> None:
    with engine.begin() as connection:
        add_job(connection, "job-12345678")
    tab = Tab(processes[0].app)
    tab.open(JOB_PAGE, "?job_id=job-12345678")
    timestamps = [tab.timestamps["at"]]
    for turn in range(1, 4):
        tab.land_on(processes[turn % 2].app)
        tab.tick()
        timestamps.append(tab.timestamps["at"])
    assert timestamps == sorted(set(timestamps))


def state(seconds: float, age: float = 0) -> PageState:
    return PageState(SLOTS, (NOW + timedelta(seconds=seconds)).isoformat(), age)


@pytest.mark.parametrize(
    ("mine", "sent", "behind"),
    [
        (state(0), state(0).timestamps(), False),
        (state(1), state(0).timestamps(), False),
        (state(0), state(1).timestamps(), True),
        (state(0, 3600), state(3600).timestamps(), True),
        (state(0), state(3600).timestamps(), False),
        (PageState(None), state(0).timestamps(), True),
        (PageState(None), {"at": None, "age": 0}, False),
        (state(0), None, False),
        (state(0), {"at": "yesterday", "age": 0}, False),
        (state(0), {"at": NOW.astimezone().isoformat()}, False),
    ],
    ids=[
        "the same",
        "newer",
        "older",
        "old for long",
        "of a clock that was put back",
        "nothing yet",
        "nothing on either side",
        "no page yet",
        "no time",
        "another zone",
    ],
)
def test_what_is_behind(mine: PageState, sent: dict[str, object] | None, behind: bool) -> None:
    assert mine.is_behind(sent) is behind


def test_leaves_are_recalled_by_another_process_and_after_this_one_forgot_them(
    tmp_path: Path,
) -> None:
    first, second = SentValues(SharedValues(tmp_path)), SentValues(SharedValues(tmp_path))
    digest = first.remember(SLOTS)
    assert second.recall(digest) == SLOTS
    assert SentValues().recall(digest) is None


@pytest.mark.parametrize("digest", ["../secret", "", "0" * 24, "secret", "/etc/passwd"])
def test_what_is_no_digest_is_nothing(tmp_path: Path, digest: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    assert SharedValues(tmp_path / "shared").get(digest) is None


def test_the_shelf_keeps_what_was_used_last(tmp_path: Path) -> None:
    shared = SharedValues(tmp_path)
    shared.LARGEST = 2
    names = [f"{number:024x}" for number in range(3)]
    for place, name in enumerate(names):
        shared.put(name, b"values")
        used = (place, place)
        os.utime(tmp_path / name, used)
    shared.put(names[0], b"values")
    shared.prune()
    assert [shared.get(name) is not None for name in names] == [True, False, True]
    shared.MOST_BYTES = 7
    shared.prune()
    assert [shared.get(name) is not None for name in names] == [True, False, False]


def test_a_shelf_that_is_full_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shared = SharedValues(tmp_path / "shared")
    (tmp_path / "shared").rmdir()
    shared.put("0" * 24, b"values")
    assert "can't be shared" in caplog.text
