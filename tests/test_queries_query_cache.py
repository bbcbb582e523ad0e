"""Answers that are read once for all who look."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import OperationalError

from queries.cache import LARGEST, QueryCache


class Source:
    """A database that counts who asks it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False
        self.slow = threading.Event()
        self.slow.set()

    def read(self, key: str) -> str | None:
        self.asked.append(key)
        self.slow.wait(5)
        if self.away:
            raise OperationalError("SELECT", {}, Exception("it is away"))
        return None if key == "nothing" else f"{key} {len(self.asked)}"


@pytest.fixture
def source() -> Source:
    return Source()


def test_within_an_interval_one_reading_serves_all(source: Source) -> None:
    cache = QueryCache(source.read, 60)
    assert [cache.latest("a").value for _ in range(3)] == ["a 1"] * 3
    assert cache.latest("b").value == "b 2"
    assert source.asked == ["a", "b"]


def test_after_an_interval_it_is_read_again(source: Source) -> None:
    cache = QueryCache(source.read, 0)
    assert [cache.latest("a").value for _ in range(2)] == ["a 1", "a 2"]


def test_who_wants_new_numbers_gets_them_at_once(source: Source) -> None:
    cache = QueryCache(source.read, 60)
    cache.latest("a")
    assert cache.latest("a", renew=True).value == "a 2"
    assert cache.latest("a").value == "a 2"


def test_those_who_ask_while_it_is_read_share_the_reading(source: Source) -> None:
    cache = QueryCache(source.read, 60)
    source.slow.clear()
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(cache.latest, "a") for _ in range(8)]
        while not source.asked:
            time.sleep(0.01)
        source.slow.set()
        assert {answer.result().value for answer in answers} == {"a 1"}


def test_what_is_not_there_is_not_found(source: Source) -> None:
    answer = QueryCache(source.read, 60).latest("nothing")
    assert (answer.value, answer.found, answer.error) == (None, False, None)


def test_a_database_that_is_away_leaves_the_last_value_with_its_age(source: Source) -> None:
    cache = QueryCache(source.read, 0)
    read_at = cache.latest("a").read_at
    source.away = True
    answer = cache.latest("a")
    assert (answer.value, answer.found, answer.read_at) == ("a 1", True, read_at)
    assert "it is away" in (answer.error or "")
    source.away = False
    assert cache.latest("a").error is None


def test_a_database_that_was_never_there_has_found_out_nothing(source: Source) -> None:
    source.away = True
    answer = QueryCache(source.read, 60).latest("a")
    assert (answer.value, answer.found) == (None, True)


def test_only_the_latest_keys_are_kept(source: Source) -> None:
    cache = QueryCache(source.read, 60)
    for number in range(LARGEST + 1):
        cache.latest(str(number))
    cache.latest("0")
    cache.latest(str(LARGEST))
    assert source.asked.count("0") == 2
    assert source.asked.count(str(LARGEST)) == 1
