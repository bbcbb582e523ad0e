"""A small TCP proxy in front of a server, which can forget its connections without a word."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Proxy:
    """Passes bytes on, until it is told to swallow or to refuse them."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._swallowing = threading.Event()
        self._refusing = threading.Event()
        self.port: int = self._listener.getsockname()[1]

    def swallow(self) -> None:
        """From now on nothing arrives on either side, and nobody is told."""
        self._swallowing.set()

    def refuse(self) -> None:
        """Ends all connections, and takes no more."""
        self._refusing.set()
        self._end_all()

    def pass_on(self) -> None:
        """Works again, for new connections."""
        self._end_all()
        self._swallowing.clear()
        self._refusing.clear()

    def close(self) -> None:
        """Ends it."""
        self._listener.close()
        self._end_all()

    def run(self) -> None:
        """Takes connections until it is closed."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing.is_set():
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            self._open += [client, server]
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not self._swallowing.is_set():
                    target.sendall(data)
        with suppress(OSError):
            if not self._swallowing.is_set():
                target.close()

    def _end_all(self) -> None:
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
                one.close()
        self._open.clear()


@contextmanager
def proxy_to(folder: str) -> Iterator[Proxy]:
    """A proxy to the PostgreSQL server whose socket is in a folder."""
    proxy = Proxy(f"{folder}/.s.PGSQL.5432")
    threading.Thread(target=proxy.run, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.close()
