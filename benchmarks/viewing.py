"""`python -m benchmarks.viewing`: many viewers in one process, for benchmarks/viewers.py.

Each has a connection of its own and posts what a browser would, at jittered intervals. It prints a
line when all have opened their pages and ticked once, and after the measured time what came of it,
as JSON.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import click

from layouts import ids
from layouts.links import PIPELINE, SELECTOR
from tests.remote import HEADERS, RemoteTab

JITTER = 0.2
# Of ten viewers five look at the whole pipeline, four at a region of it, one at all pipelines.
WHOLE, NARROWED = 5, 9
Address = tuple[str, str]


@dataclass
class Found:
    """What all viewers met while it was measured: latencies in ms, errors, bytes both ways."""

    measuring: bool = False
    latencies: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    sent: int = 0
    received: int = 0


class Viewer:
    """A page that ticks, on one connection."""

    def __init__(self, address: Address, url: str, asked: Mapping[str, bytes]) -> None:
        parts = urlsplit(url)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self._open = _at(json.loads(asked["open"]), address)
        self._tick = _at(json.loads(asked["tick"]), address)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.lost = 0

    async def open(self, found: Found) -> None:
        """Opens the page."""
        body = await self._post(self._open, found)
        place = body["response"][ids.AS_OF]["data"]
        store, changes = body["response"][ids.PAGE]["children"]["props"]["children"][:2]
        self._tick["outputs"][0]["id"] = changes["props"]["id"]
        digest = self._state(ids.AS_OF, place)
        digest[0].update(id=store["props"]["id"], value=store["props"]["data"])

    async def tick(self, found: Found) -> None:
        """Asks what is new, and takes it over."""
        body = await self._post(self._tick, found)
        for answer in body.get("response", {}).values():
            change = answer["data"]
            timestamps = [value for name, _, value in change["header"] if name == ids.AS_OF]
            digest = self._state(ids.AS_OF, *timestamps)
            if "values" in change:
                digest[0]["value"] = change["now"]

    def _state(self, name: str, *values: Any) -> list[dict[str, Any]]:
        """Sets a state of the tick, if there is a value; the state that holds the digest."""
        for one in self._tick["state"]:
            if isinstance(one, dict) and one["id"] == name and values:
                one["value"] = values[0]
        (digest,) = [one for one in self._tick["state"] if isinstance(one, list)]
        return digest

    async def _post(self, body: Mapping[str, Any], found: Found) -> dict[str, Any]:
        written = json.dumps(body, separators=(",", ":")).encode()
        headers = {**HEADERS, "Host": self._host, "Content-Length": str(len(written))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        question = f"POST /_dash-update-component HTTP/1.1\r\n{lines}\r\n".encode() + written
        began = time.perf_counter()
        head, answer = await self._exchange(question)
        if found.measuring:
            found.latencies.append(1000 * (time.perf_counter() - began))
            found.sent += len(question)
            found.received += len(head) + len(answer)
        status = head.split(b" ", 2)[1]
        if status == b"204":
            return {}
        if status != b"200":
            raise ConnectionError(f"status {status.decode()}")
        answered: dict[str, Any] = json.loads(_plain(head, answer))
        return answered

    async def _exchange(self, question: bytes) -> tuple[bytes, bytes]:
        if self._writer is None or self._reader is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        self._writer.write(question)
        head = await self._reader.readuntil(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        answer = await self._reader.readexactly(int(fields[b"Content-Length"]))
        if fields.get(b"Connection", b"").lower() == b"close":
            self.lost += 1
            self._writer.close()
            self._reader = self._writer = None
        return head, answer


def _plain(head: bytes, answer: bytes) -> bytes:
    """An answer as it was before it was compressed."""
    return gzip.decompress(answer) if b"Content-Encoding: gzip" in head else answer


def _at(body: dict[str, Any], address: Address) -> dict[str, Any]:
    """A question's body as it is at an address."""
    places = dict(zip(("pathname", "search"), address, strict=True))
    for one in [*body["inputs"], *body["state"]]:
        if isinstance(one, dict) and one["id"] == ids.LOCATION:
            one["value"] = places[one["property"]]
    return body


def recorded(url: str) -> dict[str, bytes]:
    """What a tab posts when it opens a page, and when it ticks."""
    tab = RemoteTab(url)
    tab.open(PIPELINE, "?type=fathom")
    opened = tab.asked
    tab.tick()
    return {"open": opened, "tick": tab.asked}


def addresses(viewers: int, regions: list[str]) -> list[Address]:
    """Where each viewer looks."""
    found: list[Address] = []
    for number in range(viewers):
        kind = number % 10
        region = regions[(number // 10 * 4 + kind) % len(regions)]
        if kind < WHOLE:
            found.append((PIPELINE, "?type=fathom"))
        elif kind < NARROWED:
            found.append((PIPELINE, f"?type=fathom&region={region}"))
        else:
            found.append((SELECTOR, ""))
    return found


async def view(viewer: Viewer, interval: float, until: asyncio.Event, found: Found) -> None:
    """Opens the page within an interval, then ticks until it is over."""
    await asyncio.sleep(random.uniform(0, interval))
    try:
        await viewer.open(found)
        while not until.is_set():
            await asyncio.sleep(interval * random.uniform(1 - JITTER, 1 + JITTER))
            await viewer.tick(found)
    except (OSError, EOFError, KeyError, ValueError) as error:
        found.errors.append(repr(error))


async def measure(
    url: str, viewers: int, interval: float, seconds: float, regions: list[str]
) -> dict[str, Any]:
    """What the viewers met in so many seconds, after each has opened its page and ticked."""
    asked, found, over = recorded(url), Found(), asyncio.Event()
    crowd = [Viewer(address, url, asked) for address in addresses(viewers, regions)]
    looking = [asyncio.create_task(view(one, interval, over, found)) for one in crowd]
    await asyncio.sleep(interval * (2 + JITTER))
    found.measuring = True
    click.echo("measuring")
    await asyncio.sleep(seconds)
    found.measuring = False
    click.echo("measured")
    over.set()
    await asyncio.gather(*looking)
    return {
        "latencies": sorted(found.latencies),
        "errors": found.errors,
        "sent": found.sent,
        "received": found.received,
        "reconnected": sum(one.lost for one in crowd),
    }


@click.command()
@click.argument("url")
@click.option("--viewers", type=int)
@click.option("--interval", type=float)
@click.option("--seconds", type=float)
@click.option("--region", multiple=True)
def main(url: str, viewers: int, interval: float, seconds: float, region: tuple[str, ...]) -> None:
    """Looks at a dashboard as so many viewers do."""
    click.echo(json.dumps(asyncio.run(measure(url, viewers, interval, seconds, list(region)))))


if __name__ == "__main__":
    main()
