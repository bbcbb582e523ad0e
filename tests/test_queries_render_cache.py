"""What is drawn once for all viewers of the same numbers."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from queries.cache import LARGEST, RenderCache


def test_the_same_key_is_drawn_once_by_all_who_ask_at_a_time() -> None:
    cache: RenderCache[int] = RenderCache()
    calls, go = [], threading.Event()

    def draw() -> int:
        calls.append(1)
        go.wait(5)
        return len(calls)

    with ThreadPoolExecutor(8) as pool:
        results = [pool.submit(cache.get, ("a", 1.0), draw) for _ in range(8)]
        while not calls:
            time.sleep(0.01)
        go.set()
        assert {result.result() for result in results} == {1}


def test_another_key_is_drawn_anew_and_the_oldest_are_forgotten() -> None:
    cache: RenderCache[int] = RenderCache()
    for number in range(LARGEST + 1):
        assert cache.get(number, lambda number=number: number) == number
    assert cache.get(0, lambda: -1) == -1
    assert cache.get(LARGEST, lambda: -1) == LARGEST


def test_of_a_key_one_version_stays() -> None:
    cache: RenderCache[str] = RenderCache()
    assert cache.get("page", lambda: "old", version=1.0) == "old"
    assert cache.get("page", lambda: "new", version=2.0) == "new"
    assert cache.get("page", lambda: "newer", version=2.0) == "new"
    assert cache.get("page", lambda: "old again", version=1.0) == "old again"


def test_a_drawing_that_fails_is_tried_again() -> None:
    cache: RenderCache[float] = RenderCache()
    for _ in range(2):
        try:
            cache.get("a", lambda: 1 / 0)
        except ZeroDivisionError:
            continue
    assert cache.get("a", lambda: 2.0) == 2.0
