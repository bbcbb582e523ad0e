"""Who reaches the Dask cluster: only who has its keys."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from distributed import Client
from distributed.security import Security

from jobs.cluster import ClusterError, open_client, security_of

NOWHERE = (None, None, None)


def test_the_local_cluster_takes_nobody_without_its_keys(tmp_path: Path) -> None:
    with open_client(None, 1, tmp_path) as client:
        address = client.scheduler.address
        assert address.startswith("tls://127.0.0.1:")
        (worker,) = client.scheduler_info()["workers"]
        for place in (address, worker):
            plain = place.replace("tls://", "tcp://")
            for url, keys in ((plain, None), (place, Security.temporary())):
                with pytest.raises((OSError, RuntimeError)):
                    Client(url, timeout=1, security=keys)
        assert client.submit(os.getpid).result() != os.getpid()


def test_a_cluster_of_ones_own_is_reached_with_its_certificates(tmp_path: Path) -> None:
    with open_client(None, 1, tmp_path) as client:
        keys = client.security
        files = [tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem")]
        for file, content in zip(
            files, (keys.tls_ca_file, keys.tls_client_cert, keys.tls_client_key), strict=True
        ):
            file.write_text(content)
        address = client.scheduler.address
        security = security_of(address, files, False)
        with open_client(address, None, tmp_path, security) as other:
            assert other.submit(len, "abc").result() == 3


def test_a_cluster_tells_nobody_what_it_does(tmp_path: Path) -> None:
    import requests

    with open_client(None, 1, tmp_path) as client:
        services = [client.scheduler_info()["services"], *_of_workers(client)]
        for port in [port for one in services for port in one.values() if isinstance(port, int)]:
            for path in ("/", "/info/main/workers.html", "/metrics", "/json/counts.json"):
                assert requests.get(f"http://127.0.0.1:{port}{path}").status_code == 404


def _of_workers(client: Client) -> list[dict[str, int]]:
    return [worker["services"] for worker in client.scheduler_info()["workers"].values()]


@pytest.mark.parametrize(
    "scheduler", [None, "tcp://127.0.0.1:8786", "tcp://[::1]:8786", "tcp://localhost:1"]
)
def test_this_machine_needs_no_certificates(scheduler: str | None) -> None:
    assert security_of(scheduler, NOWHERE, False) is None


@pytest.mark.parametrize(
    "scheduler", ["tcp://10.0.0.7:8786", "dask.example.org:8786", "ws://10.0.0.7:1"]
)
def test_another_machine_without_tls_has_to_be_wanted(scheduler: str) -> None:
    with pytest.raises(ClusterError, match="DASK_INSECURE=yes"):
        security_of(scheduler, NOWHERE, False)
    assert security_of(scheduler, NOWHERE, True) is None


def test_certificates_that_are_missing_are_named(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="DASK_TLS_CA, DASK_TLS_CERT and DASK_TLS_KEY"):
        security_of("tls://10.0.0.7:8786", NOWHERE, False)
    with pytest.raises(ClusterError, match="gone.pem is not there"):
        security_of("tls://10.0.0.7:8786", (tmp_path / "gone.pem",) * 3, False)
