"""The workers of a cluster: those that are gone for good, and those that nobody needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.cluster import open_client
from jobs.workers import SchedulerLost, Workers
from tests.monitor import wait_for


@pytest.mark.parametrize("own", [True, False])
def test_a_cluster_of_our_own_without_workers_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    monkeypatch.setattr("jobs.workers.KNOWN_SECONDS", 0.0)
    monkeypatch.setattr("jobs.workers.ALONE_SECONDS", 0.0)
    with open_client(None, 1, tmp_path) as client:
        address = client.scheduler.address
        with open_client(address, None, tmp_path) as other:
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
