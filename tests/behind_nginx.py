"""nginx as deploy/nginx.conf configures it, in front of a dashboard on this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from settings import SOURCE
from tests.monitor import accepts, free_port, wait_for

SITE = SOURCE / "deploy" / "nginx.conf"
USER, PASSWORD = "viewer", "secret"
AROUND = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@dataclass(frozen=True)
class Front:
    """Where nginx listens; `certificate` is the one that it shows."""

    http: int
    https: int
    certificate: Path

    @property
    def url(self) -> str:
        """The dashboard's address, for a viewer."""
        return f"https://127.0.0.1:{self.https}"


@contextmanager
def nginx_before(port: int, folder: Path) -> Iterator[Front]:
    """nginx with a certificate and one user, before the dashboard at a port."""
    front = Front(free_port(), free_port(), folder / "tls" / "cert.pem")
    _make_certificate(folder / "tls")
    (folder / "htpasswd").write_text(f"{USER}:{_hashed(PASSWORD)}\n")
    (folder / "site.conf").write_text(site(front, port, folder))
    configuration = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    configuration.write_text(AROUND.format(folder=folder, user=user))
    command = ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(configuration)]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    with subprocess.Popen(command) as process:
        try:
            wait_for(lambda: accepts(front.https), 10)
            yield front
        finally:
            process.terminate()


def site(front: Front, port: int, folder: Path) -> str:
    """The configuration with this machine's ports and folders."""
    content = SITE.read_text()
    for name, value in (
        ("listen 80;", f"listen 127.0.0.1:{front.http};"),
        ("listen 443 ", f"listen 127.0.0.1:{front.https} "),
        ("127.0.0.1:8050", f"127.0.0.1:{port}"),
        ("/etc/pipeline-monitor", str(folder)),
    ):
        assert name in content, f"{SITE.name} lacks {name!r}"
        content = content.replace(name, value)
    return content


def _make_certificate(folder: Path) -> None:
    folder.mkdir()
    named = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    subprocess.run([*command, *named, *files], check=True, capture_output=True)


def _hashed(password: str) -> str:
    command = ["openssl", "passwd", "-apr1", password]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
