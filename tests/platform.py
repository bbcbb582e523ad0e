"""A small platform: it really listens, and answers submissions as a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[[str, Any], tuple[int, bytes]]


@contextmanager
def listening(answer: Reply) -> Iterator[str]:
    """URL of a server; `answer` makes status and content of a path and the posted JSON."""

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, content = answer(self.path, body)
            self.send_response(status)
            if status == 301:
                self.send_header("Location", content.decode())
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def accepts(path: str, body: Any) -> tuple[int, bytes]:
    """Takes every job; its id tells what was asked for."""
    name = f"{path}?{body['region_code']}&{body['output_container']}"
    return 200, json.dumps({"job_id": name, "status": "queued"}).encode()


def refuses(_path: str, _body: Any) -> tuple[int, bytes]:
    """Takes no job, and says why."""
    return 400, json.dumps({"error": "bad", "message": "region 'rwa' is being archived"}).encode()


def breaks(_path: str, _body: Any) -> tuple[int, bytes]:
    """Fails as servers do."""
    return 500, b"<html><script>alert(1)</script></html>"
