"""The workers of a cluster: those that are gone for good, and those that nobody needs."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest
from distributed import Client

from jobs.cluster import open_client
from jobs.workers import SchedulerLost, Workers
from tests.monitor import suspended, wait_for
from tests.processes import scheduler_at


@pytest.mark.parametrize("own", [True, False])
def test_a_cluster_of_our_own_without_workers_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    monkeypatch.setattr("jobs.workers.KNOWN_SECONDS", 0.0)
    monkeypatch.setattr("jobs.workers.ALONE_SECONDS", 0.0)
    with open_client(None, 1, tmp_path) as client:
        address = client.scheduler.address
        with open_client(address, None, tmp_path, client.security) as other:
            workers = Workers(client if own else other)
            assert workers.threads() == 1
            client.cluster.scale(0)
            wait_for(lambda: not client.nthreads(), 20)
            if own:
                with pytest.raises(SchedulerLost, match="no workers for a minute"):
                    workers.threads()
            else:
                # Somebody else's cluster may have none for as long as nobody needs them.
                assert workers.threads() == 0


def test_a_worker_that_dies_again_and_again_is_started_again(tmp_path: Path) -> None:
    """For longer than Dask's cluster waits for one that was lost."""
    with open_client(None, 1, tmp_path) as client:
        until = time.monotonic() + 18
        while time.monotonic() < until:
            (process,) = started(client).values()
            os.kill(process, signal.SIGKILL)
            wait_for(lambda dead=process: dead not in started(client).values(), 10)
            wait_for(lambda: len(started(client)) == 1, 10)


def test_a_nanny_that_does_not_answer_costs_nobody_else_their_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.workers.RESTART_SECONDS", 0.5)
    with scheduler_at(tmp_path) as (_, address), open_client(address, None, tmp_path) as other:
        workers = Workers(other)
        wait_for(lambda: workers.threads() == 2, 20)
        pids = other.run(os.getppid)
        mute, well = pids
        begun = tmp_path / "begun"
        busy = other.submit(lambda: (begun.touch(), time.sleep(60)), workers=[mute], key="busy")
        wait_for(lambda: begun.exists() and workers._is_busy(mute, ["busy"]), 10)
        asked, kill = [], workers._kill
        monkeypatch.setattr(workers, "_kill", lambda worker: asked.append(worker) or kill(worker))
        with suspended([psutil.Process(pids[mute])]):
            workers.free([mute], ["busy"], 0.0)
            assert asked == [mute]
            assert other.submit(os.getppid, workers=[well]).result() == pids[well]
        busy.cancel()


def started(client: Client) -> dict[str, int]:
    """The processes of the workers that are there, by address."""
    found: dict[str, int] = client.run(os.getpid, on_error="ignore")
    return found
