"""Two processes of one server, on which a tab's ticks land in turn."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from callbacks.page_state import PageState
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

    def __init__(self, engine: Engine, registry: Registry) -> None:
        self.snapshots = Snapshots(registry, open_snapshot_reader(engine, registry, 10), 1)
        self.app = make_dashboard(engine, registry, self.snapshots)
        self.read()

    def read(self) -> None:
        """Reads the numbers of this moment."""
        for pipeline in ("fathom", "raster_v2"):
            self.snapshots.renew(pipeline)


@pytest.fixture
def processes(engine: Engine, registry: Registry) -> tuple[Process, Process]:
    """Two processes over a database with 40 regions."""
    with engine.begin() as connection:
        for number in range(40):
            add_files(connection, 1, metadata={"region": f"r{number:03}"})
    return Process(engine, registry), Process(engine, registry)


def grow(engine: Engine) -> None:
    """Adds a file, so that there is something new."""
    with engine.begin() as connection:
        add_files(connection, 1, metadata={"region": "r007"})


def test_a_tick_that_lands_on_another_process_costs_one_whole_answer(
    processes: tuple[Process, Process], engine: Engine
) -> None:
    tab, sent = Tab(processes[0].app), []
    tab.open(PIPELINE, FATHOM)
    for turn, landing in enumerate([1, 1, 1, 0, 0], start=1):
        grow(engine)
        process = processes[landing]
        process.read()
        tab.land_on(process.app)
        tab.tick()
        assert tab.text("total") == str(40 + turn)
        sent.append(tab.received)
    stayed = [sent[turn] for turn in (1, 2, 4)]
    landed = [sent[turn] for turn in (0, 3)]
    assert max(stayed) < 2000 < min(landed)


def test_a_tick_with_nothing_new_costs_the_same_on_another_process(
    processes: tuple[Process, Process],
) -> None:
    first, second = processes
    tab = Tab(first.app)
    tab.open(PIPELINE, FATHOM)
    tab.land_on(second.app)
    tab.tick()
    assert tab.received < 1000


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
        (state(0), state(60).timestamps(), True),
        (state(0), state(61).timestamps(), False),
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
        "as far as clocks differ",
        "further than clocks differ",
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
